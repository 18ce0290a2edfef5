/** What a durable write is made of: bytes that are on the disk, and names that are. */
import * as fs from 'node:fs/promises'

/** What is asked of an open file. */
export interface WritableFile {
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The operations of the file system that a durable write consists of; the tests make each of them fail in turn. */
export interface FileOperations {
  open(path: string, flags: string | number, mode?: number): Promise<WritableFile>
  rename(from: string, to: string): Promise<void>
  mkdir(path: string): Promise<unknown>
  rm(path: string, options: { force: boolean; recursive: boolean }): Promise<void>
}

export const nodeFiles: FileOperations = { open: fs.open, rename: fs.rename, mkdir: fs.mkdir, rm: fs.rm }

export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** One write(2) takes at most this much, so that memory stays bounded when the kernel copies. */
const WRITE_BYTES = 1 << 24

/** Raw errors. */
export async function writeFully(file: Pick<WritableFile, 'write'>, chunks: Chunks): Promise<void> {
  for await (const chunk of chunks) {
    let at = 0
    while (at < chunk.byteLength) {
      const { bytesWritten } = await file.write(chunk, at, Math.min(WRITE_BYTES, chunk.byteLength - at))
      if (bytesWritten <= 0) throw Object.assign(new Error('no byte was written'), { code: 'EIO' })
      at += bytesWritten
    }
  }
}

/** Writes a new file and makes its bytes durable; a file that stands there already is an error. Raw errors. */
export async function writeDurably(
  path: string,
  chunks: Chunks,
  files: FileOperations = nodeFiles,
  mode = 0o666,
): Promise<void> {
  const file = await files.open(path, 'wx', mode)
  try {
    await writeFully(file, chunks)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable. File systems that cannot sync a folder are let off. Raw errors. */
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
