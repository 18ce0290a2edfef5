/**
 * SIGKILL at every operation of the file system that a run makes, a write cut in half, and at random moments: the run is
 * whole, its newest checkpoint loads, and no acknowledged step is lost.
 */
import { spawnSync } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RunDirectory } from '#lib/runs/directory.js'
import { isRunDirectory, readRunMetrics, verifyRun } from '#lib/runs/reader.js'
import { drive } from './driver.js'

const SAVER = fileURLToPath(new URL('./saver.mjs', import.meta.url))
const FAULTY = new URL('./fs-faults.mjs', import.meta.url).href
const STEPS = 4

function save(folder: string, args: string[], faults?: object) {
  const preload = faults ? ['--import', FAULTY] : []
  const { signal, stdout, stderr } = spawnSync(process.execPath, [...preload, SAVER, folder, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, ...(faults ? { CLMR_FS_FAULT: JSON.stringify(faults) } : {}) },
  })
  const lines = stdout.trim().split('\n').filter(Boolean)
  return {
    signal,
    stderr,
    ended: lines.includes('end'),
    acknowledged: Number(lines.filter((l) => l !== 'end').at(-1) ?? 0),
  }
}

/** @returns what is wrong with the run that a killed process left */
async function wrongWith(path: string, acknowledged: number): Promise<string | undefined> {
  if (!(await isRunDirectory(path))) return acknowledged > 0 ? 'it is no run any more' : undefined
  const report = await verifyRun(path)
  if (!report.ok) return `verify: ${report.problems.map(({ reason }) => reason).join('; ')}`
  await using run = await RunDirectory.open(path)
  const left = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.tmp'))
  if (left.length > 0) return `${left[0]} is still there`
  const latest = await run.loadLatest()
  const step = latest?.step ?? 0
  if (step < acknowledged) return `step ${step} is the newest, ${acknowledged} was acknowledged`
  if (latest && !latest.tensors['encoder.w']!.data.every((value) => value === step))
    return `the weights of step ${step} are those of another`
  const steps = (await readRunMetrics(path)).map((record) => record.step)
  if (steps.join() !== Array.from({ length: step }, (_, i) => i + 1).join())
    return `the log has the steps ${steps}`
  return undefined
}

await drive('A8', async ({ folder, size, seed, draw, figure, fail }) => {
  let kills = 0
  const path = join(folder, 'run')
  for (let at = 1 + (seed % size.every); ; at += size.every) {
    await rm(path, { recursive: true, force: true })
    const { signal, ended, acknowledged, stderr } = save(path, [`${STEPS}`], {
      under: path,
      at,
      how: 'kill',
    })
    if (ended) break
    if (signal !== 'SIGKILL') throw new Error(`the saver ended by itself: ${stderr}`)
    kills++
    const wrong = await wrongWith(path, acknowledged)
    if (wrong) fail(`killed at operation ${at}: ${wrong}`)
  }
  figure('killsAtOperations', kills)
  for (let i = 0; i < size.random; i++) {
    await rm(path, { recursive: true, force: true })
    const { signal, acknowledged, stderr } = save(path, ['1000000', `${draw() * 12}`])
    if (signal !== 'SIGKILL') throw new Error(`the saver ended by itself: ${stderr}`)
    const wrong = await wrongWith(path, acknowledged)
    if (wrong) fail(`killed at a random moment: ${wrong}`)
  }
  figure('killsAtRandom', size.random)
})
