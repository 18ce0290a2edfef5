/** One writer a run directory: a lock file that names its process, and is taken over when that process is gone. */
import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { IoError, ioError } from '../errors.js'

const LOCK = 'run.lock'
/** A lock file without content is one that is being written, unless it is older than this. */
const WRITING_MS = 5000

interface Owner {
  pid: number
  host: string
  /** when the process started, as the kernel counts; empty where it does not say */
  started: string
}

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

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<Owner>
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

function heldBy(path: string, text: string): IoError {
  const owner = parseOwner(text)
  return new IoError({
    what: 'another process is writing this run',
    path,
    given: owner ? `process ${owner.pid} on ${owner.host}` : 'a lock file without an owner',
    remedy: `Wait until it has ended, or choose another folder; if it runs nowhere any more, delete ${LOCK} and ${LOCK}.takeover`,
  })
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
 * Takes the lock of a run directory.
 * @returns what gives it back
 * @throws IoError where a living process holds it, or the folder cannot be written
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK)
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) })
  const release = () => rm(path, { force: true })
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' })
      return release
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw ioError(error, path, 'lock the run')
    }
    const text = await readFile(path, 'utf8').catch(() => '')
    if (attempt >= ATTEMPTS || !(await isStale(path, text))) throw heldBy(folder, text)
    const taken = await takeOver(path, text, mine).catch((error) => {
      throw ioError(error, path, 'take over the lock of a run that has ended')
    })
    if (taken) return release
    await setTimeout(PAUSE_MS)
  }
}
