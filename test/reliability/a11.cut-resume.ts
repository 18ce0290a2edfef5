/** A training that is killed and resumed equals one that was not, bit for bit: every loss, and the weights at the end. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startClmr } from '../helpers/command-line.js'
import { tinyDataset } from '../helpers/tiny-dataset.js'
import { drive, type Trial } from './driver.js'

const FAULTY = new URL('./fs-faults.mjs', import.meta.url).href
const LENGTHS = [70_000, 80_000, 90_000, 100_000, 75_000, 85_000]
const PER_EPOCH = LENGTHS.length / 2

interface Record {
  step: number
  loss: number
  gradientNorm: number
}

/** `clmr train …` in a process of its own. */
async function trainingEnds(code: number, ...args: string[]): Promise<void> {
  const finished = await startClmr(['train', ...args]).finished
  assert.equal(finished.code, code, finished.stderr)
}

/** Every number of the steps in hexadecimal: equal text is equal bits. */
async function lossesOf(run: string): Promise<string[]> {
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n')
  const hex = (value: number) => Buffer.from(Float64Array.of(value).buffer).toString('hex')
  return lines.map((line) => {
    const { step, loss, gradientNorm } = JSON.parse(line) as Record
    return `${step} ${hex(loss)} ${hex(gradientNorm)}`
  })
}

async function weightsOf(run: string, step: number): Promise<string> {
  const folder = join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`)
  const hash = createHash('sha256')
  for (const name of ['model.safetensors', 'optimizer.safetensors'])
    hash.update(await readFile(join(folder, name)))
  return hash.digest('hex')
}

const countSteps = (run: string) =>
  readFile(join(run, 'metrics.jsonl'), 'utf8').then(
    (text) => text.split('\n').length - 1,
    () => 0,
  )

class Cuts {
  readonly common: string[]
  constructor(
    readonly folder: string,
    readonly steps: number,
    seed: number,
  ) {
    const kept = ['--checkpoint-every', '1', '--epochs', '100000', '--max-steps', `${steps}`]
    this.common = ['--data', join(folder, 'cache'), '--batch-size', '2', '--seed', `${seed}`, ...kept, '-q']
  }

  train(run: string, ...more: string[]) {
    return trainingEnds(0, '--run', run, ...this.common, ...more)
  }

  /** Trains until `at` steps are logged, and kills then. */
  async killAt(run: string, at: number, ...more: string[]): Promise<void> {
    const { child, finished } = startClmr(['train', '--run', run, ...this.common, ...more])
    const timer = setInterval(async () => {
      if ((await countSteps(run)) >= at) child.kill('SIGKILL')
    }, 2)
    await finished
    clearInterval(timer)
  }

  /** A run that was killed before its first checkpoint has nothing to go on from, and says so: it begins again. */
  async goOn(run: string): Promise<void> {
    const saved = await readdir(join(run, 'checkpoints')).catch(() => [])
    if (saved.some((name) => /^step-\d+$/.test(name))) await this.train(run, '--resume')
    else {
      await trainingEnds(1, '--run', run, ...this.common, '--resume')
      await rm(run, { recursive: true })
      await this.train(run)
    }
  }

  /** Killed at the `at`-th operation of the file system: within a save. */
  async killWithinSave(run: string, at: number): Promise<void> {
    const faults = { under: join(run, 'checkpoints'), at, how: 'kill' }
    const env = {
      CLMR_FS_FAULT: JSON.stringify(faults),
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${FAULTY}`,
    }
    await startClmr(['train', '--run', run, ...this.common], { env }).finished
  }
}

async function compare(
  run: string,
  whole: string,
  name: string,
  steps: number,
  { fail }: Pick<Trial<'steps'>, 'fail'>,
) {
  const [a, b] = await Promise.all([lossesOf(whole), lossesOf(run)])
  const first = a.findIndex((line, i) => line !== b[i])
  if (first >= 0 || a.length !== b.length) fail(`${name}: the log differs from line ${first + 1} on`)
  if ((await weightsOf(whole, steps)) !== (await weightsOf(run, steps))) fail(`${name}: the weights differ`)
}

await drive('A11', async ({ folder, size, seed, figure, fail }) => {
  const dataset = await tinyDataset(folder, LENGTHS)
  dataset.dispose()
  const cuts = new Cuts(folder, size.steps, seed)
  const whole = join(folder, 'whole')
  await cuts.train(whole)
  const run = join(folder, 'cut')
  const middle = Math.floor(size.steps / 2)
  const ways: [string, () => Promise<void>][] = [
    ['in the middle of an epoch', () => cuts.killAt(run, middle % PER_EPOCH === 0 ? middle + 1 : middle)],
    ['at the first step', () => cuts.killAt(run, 1)],
    ['at the end of an epoch', () => cuts.killAt(run, PER_EPOCH)],
    ['within a save', () => cuts.killWithinSave(run, 60)],
    [
      `by ${size.chain} kills one after the other`,
      async () => {
        await cuts.killAt(run, 1)
        for (let i = 2; i <= size.chain; i++)
          await cuts.killAt(run, Math.min(size.steps - 1, 2 * i), '--resume')
      },
    ],
  ]
  const tried = ways.slice(0, size.cuts)
  for (const [name, cut] of tried) {
    await rm(run, { recursive: true, force: true })
    await cut()
    if ((await countSteps(run)) >= size.steps) throw new Error(`${name}: the run was over before it was cut`)
    await cuts.goOn(run)
    await compare(run, whole, name, size.steps, { fail })
  }
  figure('cuts', tried.map(([name]) => name).join('; '))
  figure('steps', size.steps)
})
