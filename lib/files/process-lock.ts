/**
 * A lock file that names its process, and that others take over when that process has ended. Processes on another host
 * cannot be seen; a holder therefore touches its file regularly, and a file that is no longer touched is stale.
 */
import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { IoError, ioError } from '../errors.js'
import { makeFolder } from './make-folder.js'

/** An empty lock file is still being written, unless it is older than this. */
const WRITING_MS = 5000
/** How often a holder touches its lock file. */
const BEAT_MS = 10_000
/** A holder on another host counts as dead once its file has been watched this long without being touched. */
const SILENCE_MS = 60_000

export interface LockOwner {
  pid: number
  host: string
  /** when the process started, in the kernel's units; empty where the kernel does not say */
  started: string
}

export interface LockTimes {
  beatMs?: number
  silenceMs?: number
  nobodyMs?: number
}

/** Either `release`, which gives the lock back, or the owner that holds it (undefined if the file names none). */
export type LockAttempt = { release: () => Promise<void> } | { release?: undefined; owner?: LockOwner }

/** Field 22 of /proc/pid/stat. Process numbers are reused; together with the start time they are unique. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<LockOwner>
    if (!Number.isSafeInteger(pid) || typeof host !== 'string') return undefined
    return { pid: pid!, host, started: String(started ?? '') }
  } catch {
    return undefined
  }
}

/** Whether the lock with this content may be taken over. */
async function isStale(path: string, text: string): Promise<boolean> {
  const owner = parseOwner(text)
  if (!owner) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
    return Date.now() - mtimeMs > WRITING_MS
  }
  if (owner.host !== hostname()) return false
  return !isAlive(owner.pid) || (owner.started !== '' && owner.started !== (await startOf(owner.pid)))
}

/**
 * Replaces a stale lock by `mine`. A guard file lets only one process do so at a time: otherwise a slow process could
 * remove the new lock of a quick one.
 * @returns whether it is ours now
 */
async function takeOver(path: string, stale: string, mine: string): Promise<boolean> {
  const guard = `${path}.takeover`
  try {
    await writeFile(guard, '', { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) !== stale) return false
    const fresh = `${path}.${randomBytes(4).toString('hex')}.tmp`
    await writeFile(fresh, mine, { flag: 'wx' })
    await rename(fresh, path)
    return true
  } finally {
    await rm(guard, { force: true })
  }
}

const ATTEMPTS = 10
const PAUSE_MS = 20

async function describeMyself(): Promise<string> {
  const started = await startOf(process.pid)
  return JSON.stringify({ pid: process.pid, host: hostname(), started, lock: randomBytes(8).toString('hex') })
}

/** Touches the file until the lock is given back; then removes it, unless another process has taken it over. */
function hold(path: string, mine: string, beatMs: number): { release: () => Promise<void> } {
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

/**
 * Takes the lock file `path` unless a living process holds it. Does not wait; a holder on another host counts as living.
 * @throws the error of the file system where the lock cannot be written
 */
export async function tryLock(path: string, { beatMs = BEAT_MS }: LockTimes = {}): Promise<LockAttempt> {
  const mine = await describeMyself()
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' })
      return hold(path, mine, beatMs)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const text = await readFile(path, 'utf8').catch(() => '')
    if (!(await isStale(path, text))) return { owner: parseOwner(text) }
    if (attempt >= ATTEMPTS) return {}
    if (await takeOver(path, text, mine)) return hold(path, mine, beatMs)
    await setTimeout(PAUSE_MS)
  }
}

/** Measures how long a file has stayed the same, by this process's own clock: the clocks of hosts differ. */
class Watch {
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
/** A stale lock that cannot be taken for this long: a process was killed in the middle of taking it over. */
const NOBODY_MS = 30_000

export interface LockWait extends LockTimes {
  /** called once, if the lock is held by another process */
  onWait?: (owner: LockOwner) => void
  signal?: AbortSignal
}

async function lockWhenFree(
  path: string,
  { onWait, signal, ...times }: LockWait,
): Promise<() => Promise<void>> {
  const { beatMs = BEAT_MS, silenceMs = SILENCE_MS, nobodyMs = NOBODY_MS } = times
  const watch = new Watch()
  let told = false
  let lived = performance.now()
  for (;;) {
    signal?.throwIfAborted()
    const { release, owner } = { owner: undefined, ...(await tryLock(path, times)) }
    if (release) return release
    if (owner) {
      if (!told) onWait?.(owner)
      told = true
      const text = await readFile(path, 'utf8').catch(() => '')
      const dead = owner.host !== hostname() && (await watch.unchangedMs(path, text)) > silenceMs
      const mine = await describeMyself()
      if (dead && (await takeOver(path, text, mine))) return hold(path, mine, beatMs).release
      if (!dead) lived = performance.now()
    }
    if (performance.now() - lived > nobodyMs)
      throw new IoError({
        what: 'a lock file names no living process and cannot be taken over',
        path,
        remedy: `Delete it and ${path}.takeover, and run the command again`,
      })
    await setTimeout(POLL_MS, undefined, { signal })
  }
}

/**
 * Runs `work` while holding the lock file `path`; waits as long as another living process holds it.
 * @throws IoError where the file cannot be written
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
