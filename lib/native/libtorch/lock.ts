/** A lock file for work that two processes must not do at once. It names its process, so that a dead one holds nothing. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ioError } from '../../errors.js'
import { makeFolder } from '../../formats/make-folder.js'

interface Holder {
  pid: number
  host: string
}

function holderOf(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

function isAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true // another machine on a shared disk: nothing can be known
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function tryToTake(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder), {
      flag: 'wx',
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw ioError(error, file, 'create a lock file')
  }
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
  let waited = false
  let unreadable = 0
  while (!tryToTake(file)) {
    signal?.throwIfAborted()
    const holder = holderOf(file)
    unreadable = holder ? 0 : unreadable + 1 // just being written, or left behind by a crash in between
    if ((holder && !isAlive(holder)) || unreadable > 10) {
      rmSync(file, { force: true })
      continue
    }
    if (!waited && holder) onWait?.(holder.pid)
    waited = true
    await sleep(200, undefined, { signal })
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}
