/** One writer a run directory: a lock file that names its process, and is taken over when that process is gone. */
import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
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
    remedy: `Wait until it has ended, or choose another folder; if it runs nowhere any more, delete ${LOCK}`,
  })
}

/** Moves a stale lock away; where another process was quicker, its fresh lock is put back. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = await readFile(aside, 'utf8')
  if (moved === stale) return rm(aside, { force: true })
  await rename(aside, path)
}

/**
 * Takes the lock of a run directory.
 * @returns what gives it back
 * @throws IoError where a living process holds it, or the folder cannot be written
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK)
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) })
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' })
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw ioError(error, path, 'lock the run')
    }
    const text = await readFile(path, 'utf8').catch(() => '')
    if (attempt >= 3 || !(await isStale(path, text))) throw heldBy(folder, text)
    await takeAway(path, text).catch((error) => {
      throw ioError(error, path, 'take over the lock of a run that has ended')
    })
  }
}
