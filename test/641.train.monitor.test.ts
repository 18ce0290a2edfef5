import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, type EpochResult, prepare, Trainer, type TrainerOptions } from 'clmr'
import { measureEncoder } from '#lib/evaluate/monitor.js'
import { readRunMetrics } from '#lib/runs/reader.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { Watch } from '#lib/train/watch.js'
import { clmrEnds, writeMusic } from './helpers/command-line.js'
import { SMALL, smallSetting } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

const measures = ['retrieval', 'knn', 'probe'] as const
/** The mean of an epoch is over the steps that the process did itself. */
const withoutLoss = ({ loss: _, ...rest }: { loss?: number }) => rest

/** Steps that change nothing: the figures of all epochs are equal, and only the first is the best. */
const still = {
  architecture: SMALL,
  freeze: true,
  batchSize: 2,
  maxSteps: 40,
}

describe('641 train: monitor', () => {
  let folder: string
  let dataset: Dataset
  let end = () => {}
  before(function () {
    this.timeout(60_000)
    return new Promise<void>((ready) => {
      withTempDir(async (made) => {
        folder = made
        await writeMusic(join(made, 'music'))
        dataset = await prepare(join(made, 'music'), { cache: join(made, 'cache'), labels: 'folders' })
        const finished = new Promise<void>((resolve) => {
          end = resolve
        })
        ready()
        await finished
        dataset.dispose()
      })
    })
  })
  after(() => end())

  it('measures every n epochs; result, log, TensorBoard, summary and the best weights have it; patience ends the run; a resumed run knows it', async function () {
    this.timeout(120_000)
    const runDirectory = join(folder, 'run')
    using train = dataset.subset('train')
    using validation = dataset.subset('valid')
    const options: TrainerOptions = {
      ...still,
      dataset: train,
      validation,
      batchSize: train.length,
      runDirectory,
      monitor: { every: 2, measures },
      patience: 2,
    }
    await using trainer = await Trainer.create(options)
    const epochs: EpochResult[] = []
    const summary = await trainer.fit({ onEpoch: (epoch) => void epochs.push(epoch) })
    // measured after epochs 2, 4 and 6: the first is the best, two others are not better
    assert.equal(summary.steps, 6)
    assert.equal(summary.stoppedEarly, true)
    assert.deepEqual(
      epochs.map(({ monitor }) => monitor !== undefined),
      [false, true, false, true, false, true],
    )
    const expected = await measureEncoder(trainer.encoder, {
      train,
      valid: validation,
      measures,
      seed: 42,
    })
    for (const name of measures) {
      assert.ok(expected[name]! >= 0 && expected[name]! <= 1)
      assert.ok(Math.abs(epochs[5]!.monitor![name]! - expected[name]!) < 1e-6, name)
    }
    assert.deepEqual(summary.best, { measure: 'retrieval', value: epochs[1]!.monitor!.retrieval, step: 2 })
    const logged = await readRunMetrics(runDirectory)
    assert.deepEqual(logged[5]!.monitor, epochs[5]!.monitor)
    const header = (await readFile(join(runDirectory, 'best.safetensors'))).toString('latin1', 8, 4000)
    assert.match(header, /"step":"2"/)
    assert.match(header, /"retrieval":"/)
    await trainer[Symbol.asyncDispose]()
    await using resumed = await Trainer.resume(runDirectory)
    assert.deepEqual(resumed.config.monitor, { every: 2, measures: [...measures] })
    const over = await resumed.fit()
    assert.equal(over.steps, 6)
    assert.deepEqual(over.best, summary.best)
    await resumed[Symbol.asyncDispose]()
    const { stderr } = await clmrEnds(0, 'train', '--run', runDirectory, '--resume')
    assert.match(
      stderr,
      /^the run has ended after 6 steps: 2 measurements in a row did not get better; raise --patience/m,
    )
    assert.doesNotMatch(stderr, /going on/)
    const warnings: string[] = []
    const onWarning = (text: string) => void warnings.push(text)
    await using longer = await Trainer.resume(runDirectory, { patience: 3, tf32: true, onWarning })
    assert.match(warnings.join(), /^tf32 is true from here on and was false/)
    assert.equal((await longer.fit()).steps, 8)
  })

  it('an abort in the middle of a measurement is made up at resume: log, epochs and best equal an uninterrupted run', async function () {
    this.timeout(60_000)
    using train = dataset.subset('train')
    using validation = dataset.subset('valid')
    const { validate } = NativeTrainer.prototype
    const told = async (name: string, abortAt: number) => {
      const runDirectory = join(folder, name)
      const controller = new AbortController()
      const epochs: object[] = []
      const onEpoch = ({ epoch, loss, validLoss, monitor }: EpochResult) =>
        void epochs.push({ epoch, loss, validLoss, monitor })
      const first = await Trainer.create({
        ...{ dataset: train, validation, runDirectory, architecture: SMALL, batchSize: 3, epochs: 3 },
        monitor: { measures: ['retrieval'] },
      })
      let measured = 0
      NativeTrainer.prototype.validate = async function (...args) {
        const loss = await validate.apply(this, args)
        if (++measured === abortAt) controller.abort()
        return loss
      }
      const done = first.fit({ signal: controller.signal, onEpoch })
      if (abortAt === 0) await done
      else await assert.rejects(done, { name: 'AbortError' })
      NativeTrainer.prototype.validate = validate
      await first[Symbol.asyncDispose]()
      await using again = await Trainer.resume(runDirectory)
      const { best, bestValidLoss } = await again.fit({ onEpoch })
      const log = (await readRunMetrics(runDirectory)).map(
        ({ viewsPerSecond: _, dataSeconds: __, seconds: ___, ...rest }) => rest,
      )
      return { epochs, log, best, bestValidLoss }
    }
    const expected = await told('whole', 0)
    for (const abortAt of [2, 3]) {
      const { epochs, ...made } = await told(`cut ${abortAt}`, abortAt)
      const { epochs: all, ...rest } = expected
      assert.deepEqual(made, rest)
      assert.deepEqual(epochs.map(withoutLoss), all.map(withoutLoss))
    }
  })

  it('patience counts the validation loss where there is no monitor', () => {
    using validation = dataset.subset('valid')
    const watch = new Watch({ patience: 2, validation } as never)
    const losses = [3, 2, 2.5, 2.2]
    const better = losses.map((validLoss, step) => watch.observe({ step, validLoss } as never))
    assert.deepEqual(better, [true, true, false, false])
    assert.equal(watch.isOver, true)
    assert.deepEqual(watch.state, {
      bestValidLoss: 2,
      best: { measure: 'validLoss', value: 2, step: 1 },
      waited: 2,
    })
  })

  it('BAD CALL - no validation set, too few tracks, no labels: one sentence each', async () => {
    using train = dataset.subset('train')
    const refused = (options: TrainerOptions, message: RegExp) =>
      assert.rejects(Trainer.create({ ...still, dataset: train, ...options }), (error: Error) => {
        assert.equal((error as Error & { code: string }).code, 'ERR_CONFIG')
        assert.match(error.message, message)
        return true
      })
    await refused({ monitor: { measures: ['knn'] } }, /monitor. needs a validation set to measure/)
    await refused({ patience: 3 }, /patience. needs a validation set/)
    await withTempDir(async (place) => {
      using plain = await tinyDataset(place, [60_000, 61_000, 62_000])
      const monitor = { measures: ['retrieval', 'probe'] as const }
      await refused({ dataset: plain, validation: plain, monitor }, /"probe" of `monitor` needs labels/)
    })
    await refused({ monitor: { measures: [] } } as never, /monitor\.measures/)
    await refused({ monitor: { measures: ['loss'] } } as never, /monitor\.measures/)
  })

  it('clmr train --monitor --patience: the valid split is measured, the progress says it', async function () {
    this.timeout(60_000)
    const run = join(folder, 'cli')
    const args = [
      'train',
      '--data',
      dataset.cache,
      '--run',
      run,
      '--max-steps',
      '3',
      '--batch-size',
      '2',
      '--set',
      smallSetting,
    ]
    const { stdout, stderr } = await clmrEnds(0, ...args, '--monitor', 'knn,retrieval', '--patience', '5')
    assert.match(stderr, /^epoch 1: validation loss \S+, knn \S+, retrieval \S+$/m)
    assert.match(stdout, /^best knn \S+ after step \d$/m)
    await rm(run, { recursive: true })
    const { stderr: wrong } = await clmrEnds(2, ...args, '--monitor', 'knn,loss')
    assert.match(wrong, /"loss" is not a measure/)
  })
})
