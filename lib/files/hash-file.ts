import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { openRegularFile } from './input.js'

/** read and hashed at a time, so that the event loop is free in between */
const PIECE_BYTES = 1 << 18

export interface FileHash {
  bytes: number
  sha256: string
}

/** The size of an open file and the SHA-256 of its bytes. @throws the raw error of the file system; the reason of `signal` */
export async function hashHandle(handle: FileHandle, signal?: AbortSignal): Promise<FileHash> {
  const hash = createHash('sha256')
  const piece = new Uint8Array(PIECE_BYTES)
  for (let bytes = 0; ; ) {
    signal?.throwIfAborted()
    const { bytesRead } = await handle.read(piece, 0, piece.length, bytes)
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') }
    hash.update(piece.subarray(0, bytesRead))
    bytes += bytesRead
  }
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
