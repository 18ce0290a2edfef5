/** Waits for a lock file: work that two processes must not do at once. */
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { IoError, ioError } from '../../errors.js'
import { makeFolder } from '../../formats/make-folder.js'
import { type LockAttempt, tryLock } from '../../formats/process-lock.js'

const POLL_MS = 200
/** A lock that names nobody for so long was left behind by a crash in the middle of a takeover. */
const NOBODY_MS = 30_000

async function take(file: string): Promise<LockAttempt> {
  return tryLock(file).catch((error) => {
    throw ioError(error, file, 'create a lock file')
  })
}

/**
 * Runs `work` while holding `file`; waits as long as another living process holds it.
 * @param onWait called once where there is somebody to wait for
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  { onWait, signal }: { onWait?: (pid: number) => void; signal?: AbortSignal } = {},
): Promise<T> {
  await makeFolder(dirname(file))
  let told = false
  let since = Date.now()
  for (;;) {
    signal?.throwIfAborted()
    const { release, owner } = { owner: undefined, ...(await take(file)) }
    if (release) {
      try {
        return await work()
      } finally {
        await release()
      }
    }
    if (owner) since = Date.now()
    if (owner && !told) onWait?.(owner.pid)
    told ||= owner !== undefined
    if (Date.now() - since > NOBODY_MS)
      throw new IoError({
        what: 'a lock file names no living process and cannot be taken over',
        path: file,
        remedy: `Delete it and ${file}.takeover, and run the command again`,
      })
    await sleep(POLL_MS, undefined, { signal })
  }
}
