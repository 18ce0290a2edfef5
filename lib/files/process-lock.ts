/**
 * A lock file that names its process, and that others take over when that process has ended: see lock-owner.ts.
 *
 * A takeover needs a guard file: otherwise a slow process could remove the new lock of a quick one. A guard names its owner
 * too, and its file name tells which lock it allows to replace. If the owner of a guard dies, the next process makes a guard
 * for that guard, and so on: a process that is killed during a takeover holds up nobody. The content of a lock file is
 * never used twice, so a process that has a guard and finds another lock knows that it came too late.
 */
import { createHash, randomBytes } from 'node:crypto'
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { clearInterval, setInterval } from 'node:timers' // with unref, also where jsdom has its own
import { setTimeout } from 'node:timers/promises'
import { ioError } from '../errors.js'
import {
  BEAT_MS,
  describeMyself,
  isHere,
  isStale,
  type LockOwner,
  parseOwner,
  SILENCE_MS,
} from './lock-owner.js'
import { makeFolder } from './make-folder.js'

export type { LockOwner } from './lock-owner.js'

export interface LockTimes {
  beatMs?: number
  silenceMs?: number
}

/** Either `release`, which gives the lock back, or the owner that holds it (undefined if the file names none). */
export type LockAttempt = { release: () => Promise<void> } | { release?: undefined; owner?: LockOwner }

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

/** A lock file as it was found. */
interface Found {
  path: string
  text: string
  /** never the same for two lock files */
  id: string
}

async function find(path: string): Promise<Found | undefined> {
  try {
    const [text, { ino, mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    const unique = parseOwner(text) ? text : `${ino} ${mtimeMs} ${text}`
    return { path, text, id: createHash('sha256').update(unique).digest('hex').slice(0, 16) }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Writes `text` beside `path`, and gives it to `work`, which may rename it. */
async function withFile<T>(path: string, text: string, work: (file: string) => Promise<T>): Promise<T> {
  const file = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await writeFile(file, text, { flag: 'wx' })
    return await work(file)
  } finally {
    await rm(file, { force: true })
  }
}

/** File systems without hard links. */
const NO_LINKS = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']

/** Makes the file `path`, with all of its content at once, unless there is one. @returns whether it did */
async function place(path: string, text: string): Promise<boolean> {
  try {
    await withFile(path, text, (file) => link(file, path))
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!NO_LINKS.includes(codeOf(error) ?? '')) throw error
  }
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

const guardOf = (path: string, id: string) => `${path}.${id}.takeover`

/** Puts `mine` in the place of a stale lock. @returns whether it is ours now */
async function takeOver(stale: Found, mine: string): Promise<boolean> {
  const { path } = stale
  let guard = guardOf(path, stale.id)
  while (!(await place(guard, mine))) {
    const other = await find(guard)
    if (!other || !(await isStale(guard, other.text))) return false
    guard = guardOf(path, other.id)
  }
  try {
    if ((await find(path))?.id !== stale.id) return false
    await withFile(path, mine, (file) => rename(file, path))
    return true
  } finally {
    await rm(guard, { force: true })
  }
}

/** Removes what killed processes left beside a lock that is ours: guards of locks that are no more, files half written. */
async function sweep(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)]
  const ours = (await find(path))?.id
  for (const entry of await readdir(folder).catch(() => [])) {
    if (!entry.startsWith(`${name}.`) || !/\.(takeover|[0-9a-f]{8}\.tmp)$/.test(entry)) continue
    const file = join(folder, entry)
    const found = await find(file).catch(() => undefined)
    const dead = found && (await isStale(file, found.text))
    if (dead && file !== guardOf(path, ours ?? '')) await rm(file, { force: true })
  }
}

/** Touches the file until the lock is given back; then removes it, unless another process has taken it over. */
async function hold(path: string, mine: string, beatMs: number): Promise<{ release: () => Promise<void> }> {
  await sweep(path)
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }, beatMs)
  beat.unref()
  const release = async () => {
    clearInterval(beat)
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true })
  }
  return { release }
}

const PAUSE_MS = 20
const ATTEMPTS = 10

/**
 * Takes the lock file `path` unless a living process holds it. Does not wait.
 * @throws the error of the file system where the lock cannot be written
 */
export async function tryLock(path: string, { beatMs = BEAT_MS }: LockTimes = {}): Promise<LockAttempt> {
  const mine = await describeMyself()
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await place(path, mine)) return hold(path, mine, beatMs)
    const found = await find(path)
    if (!found) continue
    if (!(await isStale(path, found.text))) return { owner: parseOwner(found.text) }
    if (await takeOver(found, mine)) return hold(path, mine, beatMs)
    await setTimeout(PAUSE_MS) // another process is taking it over
  }
  return {}
}

/** Measures how long a file has stayed the same, by this process's own clock: the clocks of hosts differ. */
class SilenceClock {
  #seen = ''
  #since = 0

  async unchangedMs(path: string, text: string): Promise<number> {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
    const seen = `${mtimeMs} ${text}`
    if (seen !== this.#seen) this.#since = performance.now()
    this.#seen = seen
    return performance.now() - this.#since
  }
}

const POLL_MS = 200

export interface LockWait extends LockTimes {
  /** called once if there is somebody to wait for */
  onWait?: (owner: LockOwner) => void
  signal?: AbortSignal
}

async function lockWhenFree(
  path: string,
  { onWait, signal, ...times }: LockWait,
): Promise<() => Promise<void>> {
  const { beatMs = BEAT_MS, silenceMs = SILENCE_MS } = times
  const clock = new SilenceClock()
  let told = false
  for (;;) {
    signal?.throwIfAborted()
    const { release, owner } = { owner: undefined, ...(await tryLock(path, times)) }
    if (release) return release
    if (owner) {
      if (!told) onWait?.(owner)
      told = true
      const found = await find(path)
      const silent = found && (await clock.unchangedMs(path, found.text)) > silenceMs
      if (silent && !(await isHere(owner))) {
        const mine = await describeMyself()
        if (await takeOver(found, mine)) return (await hold(path, mine, beatMs)).release
      }
    }
    await setTimeout(POLL_MS, undefined, { signal })
  }
}

/**
 * Runs `work` while holding the lock file `path`; waits as long as another living process holds it.
 * @throws IoError if the file cannot be written
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockWait = {}): Promise<T> {
  await makeFolder(dirname(path))
  const release = await lockWhenFree(path, options).catch((error) => {
    throw (error as NodeJS.ErrnoException).syscall ? ioError(error, path, 'create a lock file') : error
  })
  try {
    return await work()
  } finally {
    await release()
  }
}
