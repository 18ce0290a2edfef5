/** Reading whole files without being held up by what is not one: FIFOs, devices, folders, dangling links. */
import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AudioDecodeError, ioError } from '../errors.js'

/** Largest file that is read in one piece. */
const MAX_BYTES = 2 ** 31 - 1
const READ_BYTES = 1 << 20

export interface SourceFile {
  bytes: Uint8Array
  /** SHA-256 of the bytes, in hex. */
  sha256: string
  size: number
  mtimeMs: number
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

async function readInto(
  handle: FileHandle,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<{ length: number; sha256: string }> {
  const hash = createHash('sha256')
  let length = 0
  while (length < bytes.length) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(
      bytes,
      length,
      Math.min(READ_BYTES, bytes.length - length),
      length,
    )
    if (bytesRead === 0) break
    hash.update(bytes.subarray(length, length + bytesRead))
    length += bytesRead
  }
  return { length, sha256: hash.digest('hex') }
}

/** in: a path; out: all bytes and their hash, read in pieces so that the event loop goes on. @throws IoError, AudioDecodeError */
export async function readSource(path: string, signal?: AbortSignal): Promise<SourceFile> {
  const { handle, stat } = await openSource(path)
  try {
    if (stat.size > MAX_BYTES)
      throw new AudioDecodeError({
        what: 'the file is too large to be read in one piece',
        given: `${stat.size} bytes`,
        expected: `at most ${MAX_BYTES}`,
        remedy: 'Cut it into pieces',
        path,
      })
    const bytes = new Uint8Array(stat.size)
    const { length, sha256 } = await readInto(handle, bytes, signal).catch((error) => {
      signal?.throwIfAborted()
      throw ioError(error, path, 'read the file')
    })
    return { bytes: bytes.subarray(0, length), sha256, size: stat.size, mtimeMs: stat.mtimeMs }
  } finally {
    await handle.close()
  }
}

export function kindOf(stat: { isDirectory(): boolean; isFIFO(): boolean; isSocket(): boolean }): string {
  if (stat.isDirectory()) return 'a folder'
  if (stat.isFIFO()) return 'a named pipe'
  if (stat.isSocket()) return 'a socket'
  return 'a device'
}
