/**
 * Names of temporary files, and the removal of those whose process was killed. A name tells whose it is:
 * `.<name>.<machine>-<pid>-<start>-<random>.tmp`.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { lstat, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { isAlive, startOf } from './process-alive.js'

/** The part of the final name that is kept, so that a legal name never makes an illegal one. */
const STEM_BYTES = 48
/** Temporary files of another machine are somebody's work, unless they are older than this. */
const FOREIGN_MS = 24 * 3600 * 1000

function tryRead(read: () => string): string {
  try {
    return read().trim()
  } catch {
    return ''
  }
}

/** Where process numbers mean the same: this boot of this machine, this container. */
function machine(): string {
  const boot = tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))
  const space = tryRead(() => readlinkSync('/proc/self/ns/pid'))
  return createHash('sha256').update(`${hostname()}\n${boot}\n${space}`).digest('hex').slice(0, 8)
}

let mine: { machine: string; start: string } | undefined
const identity = () => {
  mine ??= { machine: machine(), start: startOf(process.pid) }
  return mine
}

/** Cut at a character, not within one. */
function stemOf(name: string): string {
  let stem = ''
  for (const character of name) {
    if (Buffer.byteLength(stem + character) > STEM_BYTES) break
    stem += character
  }
  return stem
}

/** A name beside `path` that no other process chooses; it starts with a dot and ends in `.tmp`. */
export function temporaryName(path: string): string {
  const owner = `${identity().machine}-${process.pid}-${identity().start}-${randomBytes(4).toString('hex')}`
  return join(dirname(path), `.${stemOf(basename(path))}.${owner}.tmp`)
}

const NAME = /^\..*\.([0-9a-f]{8})-(\d+)-(\d*)-[0-9a-f]{8}\.tmp$/s

async function isLeftover(path: string): Promise<boolean> {
  const [, where, pid, start] = NAME.exec(basename(path)) ?? []
  if (where === undefined) return false
  if (where === identity().machine) return !isAlive(Number(pid), start!)
  const found = await lstat(path).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > FOREIGN_MS
}

/** Removes from a folder the temporary files that killed processes left there. What cannot be removed stays. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const path = join(folder, name)
    if (await isLeftover(path)) await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

const cleaned = new Map<string, Promise<void>>()

/** As `removeLeftovers`, once in the life of this process. */
export function removeLeftoversOnce(folder: string): Promise<void> {
  const path = resolve(folder)
  const cleaning = cleaned.get(path) ?? removeLeftovers(path)
  cleaned.set(path, cleaning)
  return cleaning
}
