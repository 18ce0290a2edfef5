/** Creates folders. fs.mkdir with `recursive` is no choice: in /proc, which takes no folders, it never returns. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ioError } from '../errors.js'
import { syncFolder } from './durable.js'

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** The name of the new folder is on the disk too, so that a crash does not take what is written into it along. */
async function makeOne(path: string): Promise<void> {
  await mkdir(path)
  await syncFolder(dirname(path)).catch((error) => {
    // a folder that may be written but not read cannot be opened for that
    if (error.code !== 'EACCES') throw error
  })
}

async function make(path: string): Promise<void> {
  try {
    await makeOne(path)
  } catch (error) {
    if (await isFolder(path)) return
    const parent = dirname(path)
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isMissing || parent === path) throw error
    // another process may have made the parent meanwhile: try once more, which also ends in /proc
    if (!(await isFolder(parent))) await make(parent)
    await makeOne(path).catch(async (second) => {
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
