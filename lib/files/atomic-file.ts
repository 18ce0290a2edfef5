/**
 * Replaces files so that neither a crash nor a full disk loses data. A reader sees the old file or the new one, never a
 * part of either: temporary file in the same folder → write → fsync → rename → fsync of the folder.
 */
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ClmrError, ioError } from '../errors.js'

/** What is asked of an open file. */
export interface WritableFile {
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The file-system calls of a durable write; the tests make each of them fail in turn. */
export interface FileOperations {
  open(path: string, flags: string, mode?: number): Promise<WritableFile>
  rename(from: string, to: string): Promise<void>
  mkdir(path: string): Promise<unknown>
  rm(path: string, options: { force: boolean; recursive: boolean }): Promise<void>
}

export const nodeFiles: FileOperations = { open: fs.open, rename: fs.rename, mkdir: fs.mkdir, rm: fs.rm }

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** The most that one write(2) gets, so that memory stays bounded while the kernel copies. */
const WRITE_BYTES = 1 << 24

async function writeFully(file: WritableFile, chunks: Chunks): Promise<void> {
  for await (const chunk of chunks) {
    let at = 0
    while (at < chunk.byteLength) {
      const { bytesWritten } = await file.write(chunk, at, Math.min(WRITE_BYTES, chunk.byteLength - at))
      if (bytesWritten <= 0) throw Object.assign(new Error('no byte was written'), { code: 'EIO' })
      at += bytesWritten
    }
  }
}

/** Writes a new file durably. Throws the raw error of the file system, also where the file exists already. */
export async function writeDurably(
  path: string,
  chunks: Chunks,
  files: FileOperations = nodeFiles,
): Promise<void> {
  const file = await files.open(path, 'wx', 0o666)
  try {
    await writeFully(file, chunks)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable, where the file system can. Throws its raw error. */
export async function syncFolder(path: string, files: FileOperations = nodeFiles): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await files.open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  } finally {
    await folder.close()
  }
}

/** A name in the folder of `path` that no other process uses; it starts with a dot and ends in `.tmp`. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`)
}

/** Whether an error is one of the file system, and not of the source of the data, such as an abort. */
function isOfFileSystem(error: unknown): boolean {
  return !(error instanceof ClmrError) && /^E[A-Z0-9]+$/.test(String((error as NodeJS.ErrnoException)?.code))
}

/**
 * Replaces a file as a whole. On failure the temporary file is removed and the old file is what it was.
 * A symbolic link is followed: its target is replaced.
 * @throws IoError with the path and a remedy (ENOSPC, EROFS, EACCES, EIO, …); what `chunks` throws passes
 */
export async function writeAtomically(
  path: string,
  chunks: Chunks,
  files: FileOperations = nodeFiles,
): Promise<void> {
  const target = await fs.realpath(path).catch(() => resolve(path))
  const temporary = temporaryName(target)
  try {
    await writeDurably(temporary, chunks, files)
    await files.rename(temporary, target)
  } catch (error) {
    await files.rm(temporary, { force: true, recursive: false }).catch(() => undefined)
    throw isOfFileSystem(error) ? ioError(error, path, 'write') : error
  }
  await syncFolder(dirname(target), files).catch((error) => {
    throw ioError(error, path, 'make the write durable')
  })
}
