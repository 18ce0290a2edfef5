/** Where the files of a data set lie: in a folder, or in archives that are read in place. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileInput } from '../files/source.js'

export interface TrackSource {
  /** the folder, for messages and the index */
  readonly root: string
  /** Undefined if there is no such file. @param path as in the list of tracks */
  stat(path: string): Promise<{ size: number; mtimeMs: number } | undefined>
  /** What can be decoded: a path, or the bytes. @throws ClmrError */
  open(path: string, signal?: AbortSignal): Promise<FileInput>
}

/** The files below a folder. */
export function folderSource(root: string): TrackSource {
  return {
    root,
    async stat(path) {
      const found = await stat(join(root, path)).catch(() => undefined)
      return found?.isFile() ? { size: found.size, mtimeMs: found.mtimeMs } : undefined
    },
    open: async (path) => join(root, path),
  }
}
