/** Creates folders. fs.mkdir with `recursive` is no choice: in /proc, which takes no folders, it never returns. */
import { dirname } from 'node:path'
import { ioError } from '../errors.js'
import { type FileOperations, nodeFiles, syncFolder } from './durable.js'
import { isFolder } from './is-folder.js'

/** Makes one folder; one that another process has made meanwhile is fine. */
async function makeOne(path: string, files: FileOperations): Promise<void> {
  await files.mkdir(path).catch(async (error) => {
    if (!(await isFolder(path))) throw error
  })
  // its name is on the disk too, so that a crash does not take along what is written into it
  await syncFolder(dirname(path), files).catch((error) => {
    // a folder that may be written but not read cannot be opened for that
    if (error.code !== 'EACCES') throw error
  })
}

async function make(path: string, files: FileOperations): Promise<void> {
  if (await isFolder(path)) return
  try {
    await makeOne(path, files)
  } catch (error) {
    const parent = dirname(path)
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isMissing || parent === path) throw error
    // another process may have made the parent meanwhile: try once more, which also ends in /proc
    await make(parent, files)
    await makeOne(path, files)
  }
}

/**
 * Makes a folder and its parents; a folder that exists already is fine.
 * @throws IoError with the path
 */
export async function makeFolder(path: string, files: FileOperations = nodeFiles): Promise<void> {
  try {
    await make(path, files)
  } catch (cause) {
    throw ioError(cause, path, 'create the folder')
  }
}
