/** Checks that a file can be written before the work starts, not when it ends. */
import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ioError } from '../errors.js'
import { makeFolder } from './make-folder.js'

/** Makes the folder of `file` where it is missing. @throws IoError */
export async function checkWritable(file: string): Promise<void> {
  const folder = dirname(file)
  await makeFolder(folder)
  try {
    await access(folder, constants.W_OK)
  } catch (error) {
    throw ioError(error, folder, 'write into the folder')
  }
}
