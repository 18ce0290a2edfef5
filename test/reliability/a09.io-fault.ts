/** Every operation of the file system fails once: full disk, bad disk, read-only, somebody else's folder. */
import './fs-faults.mjs' // in front of all others, which take the functions of the file system at their import
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IoError } from 'clmr'
import { writeSafetensors } from '#lib/formats/safetensors.js'
import { RunDirectory } from '#lib/runs/directory.js'
import { verifyRun } from '#lib/runs/reader.js'
import { drive, type Trial } from './driver.js'
import { hasProgram } from './programs.js'

interface Faults {
  plan?: { under: string; at: number; how: string; only?: string[] }
  log: string[]
}
const faults = (globalThis as Record<symbol, unknown>)[Symbol.for('clmr.fs-faults')] as Faults

const SAVER = fileURLToPath(new URL('./saver.mjs', import.meta.url))
const tensor = (value: number) => ({ shape: [50_000], data: new Float32Array(50_000).fill(value) })

async function leftovers(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true })
  return names.filter((name) => name.endsWith('.tmp'))
}

type Failing = Pick<Trial<'every'>, 'fail'>

/** What both kinds of saving have to keep, wherever they failed. */
async function check(path: string, folder: string, at: string, error: unknown, { fail }: Failing) {
  if (!(error instanceof IoError)) fail(`${at}: ${(error as Error)?.stack ?? error}`)
  else if (error.code !== 'ERR_IO' || !error.path?.startsWith(path))
    fail(`${at}: ${error.message} names ${error.path}`)
  const left = await leftovers(folder)
  if (left.length > 0) fail(`${at}: ${left[0]} was left behind`)
}

/** @returns how many operations a save has */
async function saves(folder: string, how: string, every: number, { fail }: Failing): Promise<number> {
  const path = join(folder, 'run')
  for (let at = 1; ; at += every) {
    await rm(path, { recursive: true, force: true })
    await using run = await RunDirectory.create(path, { a: 1 }, { keep: 1 })
    await run.saveCheckpoint({ tensors: { 'encoder.w': tensor(1) }, step: 1, epoch: 0 })
    faults.log.length = 0
    faults.plan = { under: path, at, how, only: ['open', 'write', 'sync', 'rename', 'mkdir'] }
    let error: unknown
    try {
      await run.saveCheckpoint({ tensors: { 'encoder.w': tensor(2) }, step: 2, epoch: 0 })
    } catch (caught) {
      error = caught
    }
    const { log } = faults
    faults.plan = undefined
    if (log.length < at) return log.length
    const where = `${how} at ${log[at - 1]!.replace(path, '')}`
    // the old checkpoint is renamed before it is removed: a failure there comes after the new one has been saved
    const report = await verifyRun(path)
    if (!report.ok) fail(`${where}: ${report.problems[0]!.reason}`)
    const latest = await run.loadLatest()
    if (latest === undefined) fail(`${where}: no checkpoint loads`)
    if (error === undefined && latest?.step !== 2)
      fail(`${where}: no error, and step ${latest?.step} is the newest`)
    if (error !== undefined) await check(path, path, where, error, { fail })
  }
}

async function files(folder: string, how: string, { fail }: Failing): Promise<number> {
  const path = join(folder, 'model.safetensors')
  const write = (value: number) =>
    writeSafetensors(path, [['w', { dtype: 'U8', shape: [100], bytes: new Uint8Array(100).fill(value) }]])
  await write(1)
  for (let at = 1; ; at++) {
    faults.log.length = 0
    faults.plan = { under: folder, at, how, only: ['open', 'write', 'sync', 'rename'] }
    const error = await write(2).catch((caught) => caught)
    faults.plan = undefined
    if (faults.log.length < at) return faults.log.length
    await check(path, folder, `${how} at ${faults.log[at - 1]}`, error, { fail })
  }
}

/** Outside of this process: a disk of 8 MiB, a read-only one, and a user who may not write. As root only. */
async function mounts(folder: string, { fail }: Failing): Promise<string> {
  const isRoot = process.getuid?.() === 0
  if (!isRoot || !hasProgram('setpriv') || !hasProgram('unshare', '-m', 'true')) return 'not as this user'
  const place = join(folder, 'mounted')
  await mkdir(place)
  const shell = (script: string) =>
    spawnSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8', timeout: 60_000 })
  const save = (prefix = '') => `${prefix} ${process.execPath} ${SAVER} ${place}/run 1000 100000`
  const cases = {
    'a full disk': `mount -t tmpfs -o size=1m none ${place} && ${save()}`,
    'a read-only disk': `mount -t tmpfs -o ro none ${place} && ${save()}`,
    'a folder of another user': `chmod 755 ${place} ${folder} && ${save('setpriv --reuid=65534 --clear-groups')}`,
  }
  for (const [name, script] of Object.entries(cases)) {
    const { status, signal, stderr } = shell(script)
    if (signal || status === 0) fail(`${name}: exit ${status} ${signal}`)
    if (!/code: 'ERR_IO'/.test(stderr)) fail(`${name}: ${stderr.slice(-300)}`)
  }
  return Object.keys(cases).join(', ')
}

await drive('A9', async ({ folder, size, figure, fail }) => {
  const counts: number[] = []
  for (const how of ['ENOSPC', 'EIO']) {
    counts.push(await saves(folder, how, size.every, { fail }))
    counts.push(await files(folder, how, { fail }))
  }
  figure('operations', counts.join())
  figure('outside', await mounts(folder, { fail }))
})
