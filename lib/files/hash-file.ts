import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { openRegularFile } from './input.js'

/** read and hashed at a time, so that the event loop is free in between */
const PIECE_BYTES = 1 << 18

export interface FileHash {
  bytes: number
  sha256: string
}

/**
 * The size of an open file and the SHA-256 of its bytes.
 * @param options.piece memory to read into
 * @param options.size of the file, where it is known: one reading less
 * @throws the raw error of the file system; the reason of `signal`
 */
export async function hashHandle(
  handle: FileHandle,
  signal?: AbortSignal,
  { piece = new Uint8Array(PIECE_BYTES), size = Number.POSITIVE_INFINITY } = {},
): Promise<FileHash> {
  const hash = createHash('sha256')
  let bytes = 0
  while (bytes < size) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, size - bytes), bytes)
    if (bytesRead === 0) break
    hash.update(piece.subarray(0, bytesRead))
    bytes += bytesRead
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** As `hashHandle`, of a regular file. @throws as `openRegularFile` too */
export async function hashFile(path: string, signal?: AbortSignal): Promise<FileHash> {
  const { handle } = await openRegularFile(path)
  try {
    return await hashHandle(handle, signal)
  } finally {
    await handle.close()
  }
}
