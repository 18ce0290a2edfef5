import { createHash } from 'node:crypto'
import { openRegularFile } from './input.js'

/** read and hashed at a time, so that the event loop is free in between */
const PIECE_BYTES = 1 << 20

/** The size of a regular file and the SHA-256 of its bytes. @throws as `openRegularFile`; the reason of `signal` */
export async function hashFile(
  path: string,
  signal?: AbortSignal,
): Promise<{ bytes: number; sha256: string }> {
  const { handle } = await openRegularFile(path)
  try {
    const hash = createHash('sha256')
    const piece = new Uint8Array(PIECE_BYTES)
    for (let bytes = 0; ; ) {
      signal?.throwIfAborted()
      const { bytesRead } = await handle.read(piece, 0, piece.length, null)
      if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') }
      hash.update(piece.subarray(0, bytesRead))
      bytes += bytesRead
    }
  } finally {
    await handle.close()
  }
}
