/** A lock file that names its process, and is taken over when that process is gone. */
import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'

/** A lock file without content is one that is being written, unless it is older than this. */
const WRITING_MS = 5000

export interface LockOwner {
  pid: number
  host: string
  /** when the process started, as the kernel counts; empty where it does not say */
  started: string
}

/** `release` gives the lock back; otherwise the owner that is in the way, undefined where the file names none. */
export type LockAttempt = { release: () => Promise<void> } | { release?: undefined; owner?: LockOwner }

/** Field 22 of /proc/pid/stat. A process number is used again after a while, together with this it is unique. */
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
 * Puts `mine` in the place of a stale lock. Only one process at a time may do so, held apart by a guard file:
 * otherwise a slow one could remove the fresh lock of a quick one.
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

/**
 * Takes the lock file `path` where nobody living holds it; does not wait for one who does.
 * @throws the error of the file system where the lock cannot be written
 */
export async function tryLock(path: string): Promise<LockAttempt> {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) })
  const release = () => rm(path, { force: true })
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' })
      return { release }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const text = await readFile(path, 'utf8').catch(() => '')
    if (attempt >= ATTEMPTS || !(await isStale(path, text))) return { owner: parseOwner(text) }
    if (await takeOver(path, text, mine)) return { release }
    await setTimeout(PAUSE_MS)
  }
}
