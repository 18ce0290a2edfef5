/** Several files as one, as they are: the parts of an archive need not be copied together. */
import { type FileHandle, open } from 'node:fs/promises'
import type { RandomAccess } from './input.js'

export class JoinedFile implements RandomAccess {
  private constructor(
    private readonly parts: readonly { handle: FileHandle; start: number; end: number }[],
    readonly size: number,
    /** of the part that was changed last */
    readonly mtimeMs: number,
  ) {}

  /** @param paths in their order @throws what opening throws */
  static async open(paths: readonly string[]): Promise<JoinedFile> {
    const parts: { handle: FileHandle; start: number; end: number }[] = []
    let size = 0
    let mtimeMs = 0
    try {
      for (const path of paths) {
        const handle = await open(path)
        const part = { handle, start: size, end: size }
        parts.push(part)
        const found = await handle.stat()
        size = part.end = size + found.size
        mtimeMs = Math.max(mtimeMs, found.mtimeMs)
      }
    } catch (error) {
      for (const { handle } of parts) await handle.close()
      throw error
    }
    return new JoinedFile(parts, size, mtimeMs)
  }

  /** It may read less than asked for: at the end of a part. */
  async read(into: Uint8Array, offset: number, length: number, position: number) {
    const part = this.parts.find(({ start, end }) => position >= start && position < end)
    if (!part) return { bytesRead: 0 }
    const { handle, start, end } = part
    return handle.read(into, offset, Math.min(length, end - position), position - start)
  }

  async close(): Promise<void> {
    for (const { handle } of this.parts) await handle.close()
  }
}
