import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { CacheError, type Dataset, openDataset, type StepResult, Trainer, type TrainerOptions } from 'clmr'
import { atBest } from './helpers/at-best.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

// Oracle: steps whose batch was not made ahead: the first one of every trainer.

// The small network for what the batch alone is about; CLMR's for what takes a while.

const small = { architecture: SMALL }
const LENGTHS = [70000, 61000, 80000, 60000, 65000, 62000]
const STEPS = 5

const makeTrainer = (dataset: Dataset, given: TrainerOptions = {}) =>
  Trainer.create({ dataset, batchSize: 2, maxSteps: STEPS, checkpointEvery: 1, ...given })

async function someSteps(trainer: Trainer, count: number): Promise<StepResult[]> {
  const done: StepResult[] = []
  for await (const step of trainer.steps()) {
    done.push(step)
    if (done.length === count) break
  }
  return done
}
const numbersOf = (steps: StepResult[]) =>
  steps.map(({ step, loss, gradientNorm, tracks }) => [step, loss, gradientNorm, tracks])

describe('69 train: the batch made ahead', () => {
  it('holds the bits of one that is made in its own step', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, LENGTHS)
      using ahead = await makeTrainer(dataset, small)
      const expected = numbersOf(await someSteps(ahead, STEPS))
      const run = `${folder}/run`
      const alone = await someSteps(await makeTrainer(dataset, { ...small, runDirectory: run }), 1)
      while (alone.length < STEPS) alone.push(...(await someSteps(await Trainer.resume(run), 1)))
      assert.deepEqual(numbersOf(alone), expected)
    }))

  it('fails in the step that it is for: the one before is whole, and it can be asked for again', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, LENGTHS)
      using control = await makeTrainer(dataset, small)
      const expected = await someSteps(control, 3)
      const [, second] = expected
      const gone = dataset.tracks.find(({ path }) => path === second!.tracks[0])!.file
      using unread = await openDataset(dataset.cache) // the other one has its files open
      using trainer = await makeTrainer(unread, small)
      await rm(gone)
      const done: StepResult[] = []
      await assert.rejects(
        async () => {
          for await (const step of trainer.steps()) done.push(step)
        },
        (error: unknown) => error instanceof CacheError && error.path === gone,
      )
      assert.deepEqual(numbersOf(done), numbersOf(expected.slice(0, 1)))
      assert.equal(trainer.stepsDone, 1)
      using _again = await tinyDataset(folder, LENGTHS)
      assert.deepEqual(numbersOf(await someSteps(trainer, 2)), numbersOf(expected.slice(1, 3)))
    }))

  it('ends with an abort within 250 ms, and with its trainer', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, LENGTHS)
      for (const wait of [0, 20, 100])
        await atBest(500, async () => {
          const trainer = await makeTrainer(dataset)
          const controller = new AbortController()
          const steps = trainer.fit({ signal: controller.signal })
          await new Promise((resolve) => setTimeout(resolve, wait))
          const aborted = performance.now()
          controller.abort()
          await assert.rejects(steps, { name: 'AbortError' })
          await trainer[Symbol.asyncDispose]()
          return performance.now() - aborted
        })
    }))

  it('leaves the event loop free: p99 of its delay is at most 20 ms', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, LENGTHS)
      let runs = 0
      await atBest(20, async () => {
        using trainer = await Trainer.create({
          dataset,
          batchSize: 4,
          epochs: 8,
          runDirectory: `${folder}/run-${runs++}`,
          checkpointEvery: 2,
        })
        const delay = monitorEventLoopDelay({ resolution: 2 })
        delay.enable()
        await trainer.fit()
        delay.disable()
        return delay.percentile(99) / 1e6
      })
    }))
})
