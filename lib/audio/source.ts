/** Opening files without being held up by what is not one: FIFOs, devices, folders, dangling links. */
import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AudioDecodeError, ioError } from '../errors.js'
import { kindOf } from '../files/file-kind.js'
import { hashHandle } from '../files/hash-file.js'
import type { FileInput } from '../files/source.js'
import type { Scratch } from './scratch.js'

const READ_BYTES = 1 << 20

export interface SourceFile {
  /** SHA-256 of the bytes, in hex. */
  sha256: string
  size: number
  /** undefined for bytes in memory */
  mtimeMs?: number
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw ioError(error, path, 'open the file')
  }
}

/** An open regular file that holds something; the caller closes it. @throws IoError, AudioDecodeError */
export async function openSource(path: string): Promise<{ handle: FileHandle; stat: Stats }> {
  const handle = await openForReading(path)
  try {
    const stat = await handle.stat()
    if (!stat.isFile())
      throw new AudioDecodeError({
        what: `this is ${kindOf(stat)}`,
        expected: 'a regular file',
        remedy: 'Pass an audio file',
        path,
      })
    if (stat.size === 0)
      throw new AudioDecodeError({
        what: 'the file is empty',
        given: '0 bytes',
        remedy: 'Fetch the file again',
        path,
      })
    return { handle, stat }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** in: a file; out: the hash of its bytes, read in pieces so that the event loop goes on. @throws IoError, AudioDecodeError */
export async function hashInput(
  input: FileInput,
  scratch: Scratch,
  signal?: AbortSignal,
): Promise<SourceFile> {
  if (typeof input === 'string') return hashAudioFile(input, scratch, signal)
  const { bytes } = input
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length }
}

async function hashAudioFile(path: string, scratch: Scratch, signal?: AbortSignal): Promise<SourceFile> {
  const { handle, stat } = await openSource(path)
  try {
    const piece = scratch.bytes('read', READ_BYTES)
    const { sha256 } = await hashHandle(handle, signal, { piece, size: stat.size })
    return { sha256, size: stat.size, mtimeMs: stat.mtimeMs }
  } catch (error) {
    signal?.throwIfAborted()
    throw ioError(error, path, 'read the file')
  } finally {
    await handle.close()
  }
}
