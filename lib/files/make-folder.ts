/** Creates folders. fs.mkdir with `recursive` is no choice: in /proc, which takes no folders, it never returns. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ioError } from '../errors.js'

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function make(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (await isFolder(path)) return
    const parent = dirname(path)
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isMissing || parent === path) throw error
    // another process may have made the parent meanwhile: try once more, which also ends in /proc
    if (!(await isFolder(parent))) await make(parent)
    await mkdir(path).catch(async (second) => {
      if (!(await isFolder(path))) throw second
    })
  }
}

/**
 * Makes a folder and its parents; a folder that exists already is fine.
 * @throws IoError with the path
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await make(path)
  } catch (cause) {
    throw ioError(cause, path, 'create the folder')
  }
}
