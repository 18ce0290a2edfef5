/** The order of the system calls of a training: what a power cut may take is never what was acknowledged. */
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drive } from './driver.js'
import { hasProgram } from './programs.js'

const SAVER = fileURLToPath(new URL('./saver.mjs', import.meta.url))
const CALLS =
  'openat,write,pwrite64,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,rmdir,close'

interface Call {
  name: string
  /** absolute paths in the call, and those of its descriptors (strace -y) */
  paths: string[]
  failed: boolean
}

/** strace -f -y, one call a line; calls that other threads interrupt come in two lines. */
function readCalls(log: string): Call[] {
  const open = new Map<string, string>()
  const calls: Call[] = []
  for (const line of log.split('\n')) {
    const [, thread, rest] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    if (thread === undefined) continue
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest!)
    if (unfinished) {
      open.set(thread, unfinished[1]!)
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest!)
    const text = resumed ? `${open.get(thread) ?? ''}${resumed[1]}` : rest!
    const name = /^(\w+)\(/.exec(text)?.[1]
    if (!name) continue
    const paths = [...text.matchAll(/"(\/[^"]*)"|<(\/[^>]*)>/g)].map((match) => (match[1] ?? match[2])!)
    calls.push({ name, paths, failed: / = -1 /.test(text) })
  }
  return calls
}

const isSync = ({ name }: Call) => name === 'fsync' || name === 'fdatasync'
const isWrite = ({ name }: Call) => /^(p?writev?|pwrite64)$/.test(name)

/** What is wrong with the order around one rename of a new file or folder to its final name. */
function wrongAround(calls: Call[], at: number): string | undefined {
  const [from, to] = calls[at]!.paths as [string, string]
  const inside = (call: Call) => call.paths.some((path) => path === from || path.startsWith(`${from}/`))
  const before = calls.slice(0, at).filter(inside)
  const written = new Set(
    before.filter(isWrite).flatMap(({ paths }) => paths.filter((p) => p.startsWith(from))),
  )
  for (const path of written) {
    const own = before.filter((call) => call.paths.includes(path))
    const lastWrite = own.findLastIndex(isWrite)
    if (!own.slice(lastWrite).some(isSync)) return `${path} is renamed without an fsync after its last write`
  }
  const parent = to.slice(0, to.lastIndexOf('/'))
  const after = calls.slice(at + 1)
  const synced = after.findIndex((call) => isSync(call) && call.paths.includes(parent))
  if (synced < 0) return `the folder of ${to} is not synced after the rename`
  const isRemoval = (call: Call) => /^(unlink|unlinkat|rmdir)$/.test(call.name) && !call.failed
  const others = (call: Call) => call.paths.some((path) => path.startsWith(parent) && /\.step-/.test(path))
  if (after.slice(0, synced).some((call) => isRemoval(call) && others(call)))
    return `an older checkpoint is removed before the folder of ${to} is synced`
  return undefined
}

await drive('A10', async ({ folder, size, figure, fail }) => {
  if (!hasProgram('strace')) {
    figure('notRun', 'there is no strace here')
    return
  }
  const [run, log] = [join(folder, 'run'), join(folder, 'log')]
  const args = [
    '-f',
    '-y',
    '-s',
    '0',
    '-e',
    `trace=${CALLS}`,
    '-o',
    log,
    process.execPath,
    SAVER,
    run,
    `${size.steps}`,
  ]
  const { status, stderr } = spawnSync('strace', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const calls = readCalls(await readFile(log, 'utf8')).filter(({ failed }) => !failed)
  let renames = 0
  for (const [i, { name, paths }] of calls.entries()) {
    const [from, to] = paths
    const final =
      name.startsWith('rename') && from?.endsWith('.tmp') && to?.startsWith(run) && !to.endsWith('.tmp')
    if (!final) continue
    renames++
    const wrong = wrongAround(calls, i)
    if (wrong) fail(wrong)
  }
  figure('renames', renames)
  if (renames < size.steps) fail(`${renames} renames for ${size.steps} saves`)
})
