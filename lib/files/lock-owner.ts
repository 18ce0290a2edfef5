/**
 * Who holds a lock, and whether that process still lives. Process numbers are valid within one pid namespace and until the
 * next boot. An owner of our own namespace and boot is looked up by its number. Any other one (another machine, another
 * container with the same host name, this machine before its last boot) cannot be seen; a holder therefore touches its file
 * regularly, and a file that is no longer touched is stale.
 */

import { randomBytes } from 'node:crypto'
import { readFile, readlink, stat } from 'node:fs/promises'
import { hostname, uptime } from 'node:os'
import { isAlive, startOf } from './process-alive.js'

/** How often a holder touches its lock file. */
export const BEAT_MS = 10_000
/** A holder on this machine that cannot be seen counts as dead once it has not touched its file for so long. */
export const SILENCE_MS = 60_000
/** The same for other machines, whose clocks may differ from ours by minutes. */
const SILENCE_ELSEWHERE_MS = 600_000
/** An empty lock file is still being written, unless it is older than this. */
const WRITING_MS = 5000

export interface LockOwner {
  pid: number
  host: string
  /** when the process started, in the kernel's units; empty if the kernel does not say */
  started: string
  /** the kernel's id of this boot; missing on systems that have none */
  boot?: string
  /** the pid namespace */
  namespace?: string
}

const bootId = async () =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim() || undefined
const pidNamespace = () => readlink('/proc/self/ns/pid').catch(() => undefined)

/** The content of a lock file of this process; never the same twice. */
export async function describeMyself(): Promise<string> {
  const [boot, namespace] = await Promise.all([bootId(), pidNamespace()])
  const me: LockOwner = { pid: process.pid, host: hostname(), started: startOf(process.pid), boot, namespace }
  return JSON.stringify({ ...me, lock: randomBytes(8).toString('hex') })
}

export function parseOwner(text: string): LockOwner | undefined {
  try {
    const { pid, host, started, boot, namespace } = JSON.parse(text) as Partial<LockOwner>
    if (!Number.isSafeInteger(pid) || pid! < 1 || typeof host !== 'string') return undefined
    const owner: LockOwner = { pid: pid!, host, started: String(started ?? '') }
    if (typeof boot === 'string') owner.boot = boot
    if (typeof namespace === 'string') owner.namespace = namespace
    return owner
  } catch {
    return undefined
  }
}

/** Whether the owner can be looked up by its process number. */
export async function isHere({ host, boot, namespace }: LockOwner): Promise<boolean> {
  if (boot === undefined) return host === hostname()
  return boot === (await bootId()) && namespace === (await pidNamespace())
}

/** How long an owner elsewhere may be silent, by our clock. */
async function patience({ host, boot }: LockOwner): Promise<number> {
  if (boot !== undefined && boot === (await bootId())) return SILENCE_MS
  if (host !== hostname()) return SILENCE_ELSEWHERE_MS
  return Math.min(Math.max(uptime() * 1000, SILENCE_MS), SILENCE_ELSEWHERE_MS) // this machine, before it was booted again
}

/** Whether a lock file with this content may be taken over. */
export async function isStale(path: string, text: string): Promise<boolean> {
  const owner = parseOwner(text)
  if (owner && (await isHere(owner))) return !isAlive(owner.pid, owner.started)
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
  return Date.now() - mtimeMs > (owner ? await patience(owner) : WRITING_MS)
}
