/** Only one process writes to a run. */
import { join } from 'node:path'
import { IoError, ioError } from '../errors.js'
import { tryLock } from '../files/process-lock.js'
import { LOCK_FILE } from './layout.js'

/**
 * Takes the lock of a run directory.
 * @returns what gives it back
 * @throws IoError if a living process holds it, or the folder cannot be written
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_FILE)
  const attempt = await tryLock(path).catch((error) => {
    throw ioError(error, path, 'lock the run')
  })
  if (attempt.release) return attempt.release
  const { owner } = attempt
  throw new IoError({
    what: 'another process is writing this run',
    path: folder,
    given: owner ? `process ${owner.pid} on ${owner.host}` : 'a lock file without an owner',
    remedy: `Wait until it has ended: a process elsewhere counts as ended some minutes after its last sign of life in ${LOCK_FILE}`,
  })
}
