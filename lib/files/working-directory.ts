/** The folder that a process works in may be deleted or replaced while it runs: by a deployment, for instance. */
import { realpathSync } from 'node:fs'
import { ClmrError } from '../errors.js'

/**
 * Node starts no thread without it, and the mathematics library of libtorch ends the process.
 * @throws ClmrError ERR_THREAD if it is gone
 */
export function checkWorkingDirectory(): void {
  try {
    realpathSync.native('.') // process.cwd() remembers a folder that is gone
  } catch (cause) {
    throw new ClmrError('ERR_THREAD', {
      what: 'the working directory of this process is gone',
      remedy: 'Change into a folder that exists (process.chdir)',
      cause,
    })
  }
}
