/** SIGINT and SIGTERM at random moments of a training: saved, the right exit code, nothing left behind. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyRun } from 'clmr'
import { listCheckpoints } from '#lib/runs/checkpoint.js'
import { isRunDirectory, readRunMetrics } from '#lib/runs/reader.js'
import { startClmr } from '../helpers/command-line.js'
import { tinyDataset } from '../helpers/tiny-dataset.js'
import { drive } from './driver.js'

const FIRST_SECONDS = 10
const SECOND_SECONDS = 1
/** fsyncs of a checkpoint: three files, their folder, and the folder of that */
const SYNCS_A_SAVE = 5
const FAULTY = `--import ${new URL('./fs-faults.mjs', import.meta.url).href}`
const EXIT = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

const childrenOf = (pid: number) =>
  readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').then(
    (text) => text.trim().split(' ').filter(Boolean),
    () => [],
  )

async function isAlive(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/stat`).then(
    () => true,
    () => false,
  )
}

/** Waits until the first step of a run is logged. */
async function untilStep(run: string): Promise<void> {
  while (!(await isRunDirectory(run)) || (await readRunMetrics(run).catch(() => [])).length === 0)
    await sleep(10)
}

await drive('A12', async ({ folder, size, draw, figure, fail }) => {
  const dataset = await tinyDataset(folder, [70_000, 80_000, 90_000, 100_000])
  dataset.dispose()
  const run = join(folder, 'run')
  const options = ['--data', join(folder, 'cache'), '--batch-size', '2', '--epochs', '100000', '-q']
  const start = (env: NodeJS.ProcessEnv = {}) =>
    startClmr(['train', '--run', run, ...options], { env: { CLMR_THREADS: '1', ...env } })
  let slowest = 0
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[]
  for (let i = 0; i < size.moments; i++) {
    await rm(run, { recursive: true, force: true })
    const { child, finished } = start()
    await untilStep(run)
    await sleep(draw() * 1000)
    const orphans = await childrenOf(child.pid!)
    const name = names[i % names.length]!
    const sent = performance.now()
    child.kill(name)
    const { code, signal, stderr } = await finished
    const seconds = (performance.now() - sent) / 1000
    slowest = Math.max(slowest, seconds)
    if (code !== EXIT[name]) fail(`${name}: exit ${code ?? signal} ${stderr.slice(-300)}`)
    if (seconds > FIRST_SECONDS) fail(`${name}: ${seconds.toFixed(1)} s`)
    for (const pid of orphans) if (await isAlive(Number(pid))) fail(`${name}: process ${pid} is left`)
    const report = await verifyRun(run)
    if (!report.ok) fail(`${name}: ${report.problems[0]!.reason}`)
    const [newest] = await listCheckpoints(join(run, 'checkpoints'))
    const done = (await readRunMetrics(run)).at(-1)!.step
    if (newest?.step !== done) fail(`${name}: step ${done} was done, step ${newest?.step} is saved`)
  }
  figure('signals', size.moments)
  figure('slowestSeconds', Math.round(slowest * 10) / 10)
  figure('second', size.doubles)
  for (let i = 0; i < size.doubles; i++) {
    await rm(run, { recursive: true, force: true })
    // the second save, which the first signal asks for, never ends: its first fsync waits for ever
    const faults = { under: join(run, 'checkpoints'), at: SYNCS_A_SAVE + 1, how: 'hang', only: ['sync'] }
    const { child, finished } = start({ CLMR_FS_FAULT: JSON.stringify(faults), NODE_OPTIONS: FAULTY })
    await untilStep(run)
    child.kill('SIGINT')
    await sleep(1500)
    if (child.exitCode !== null) throw new Error('the save did not hang')
    const sent = performance.now()
    child.kill('SIGINT')
    const { code, signal } = await finished
    const seconds = (performance.now() - sent) / 1000
    if (code !== 130) fail(`second SIGINT: exit ${code ?? signal}`)
    if (seconds > SECOND_SECONDS) fail(`second SIGINT: ${seconds.toFixed(1)} s`)
    const report = await verifyRun(run)
    if (!report.ok) fail(`second SIGINT: ${report.problems[0]!.reason}`)
  }
})
