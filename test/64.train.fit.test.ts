import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Augmenter,
  ConfigError,
  type Dataset,
  Encoder,
  type EpochResult,
  IoError,
  NonFiniteError,
  optimizers,
  type StepResult,
  Trainer,
  transforms,
} from 'clmr'
import { stateOfEncoder } from '#lib/model/encoder.js'
import { saveModelState } from '#lib/model/load-state.js'
import { readRunConfig } from '#lib/runs/reader.js'
import { trainingViews } from './helpers/golden.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

/** The views of a step, as docs/augmentation.md says they can be heard again. */
async function heardBy({ step, tracks }: StepResult, dataset: Dataset, augmenter: Augmenter) {
  const { views, clipLength } = augmenter
  const crops = augmenter.transforms[0]?.name === 'randomCrop'
  const cropper = crops
    ? augmenter
    : new Augmenter({ transforms: [transforms.randomCrop()], views, seed: augmenter.seed })
  const heard: Float32Array[] = []
  for (const [example, path] of tracks.entries()) {
    const i = dataset.tracks.findIndex((track) => track.path === path)
    let samples = new Float32Array(Math.max(dataset.tracks[i]!.samples, clipLength))
    samples.set(await dataset.readTrack(i))
    const rows = (of: Augmenter, length: number) =>
      of.draw(tracks.length, { step: step - 1, length }).slice(example * views, (example + 1) * views)
    if (!crops) {
      const start = Number(rows(cropper, samples.length)[0]![0]!.start)
      samples = samples.slice(start, start + clipLength)
    }
    const { length } = samples
    heard.push((await augmenter.apply(samples, rows(augmenter, length), { length })).data)
  }
  return Float32Array.from(heard.flatMap((part) => [...part]))
}

describe('Trainer.fit', () => {
  it('goes over every track once an epoch, in another order each time, and drops the short batch', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000, 30000, 62000, 63000])
      using trainer = await Trainer.create({ architecture: SMALL, dataset, batchSize: 2, epochs: 3, seed: 3 })
      assert.deepEqual([trainer.stepsPerEpoch, trainer.totalSteps], [2, 6])
      const steps: StepResult[] = []
      const epochs: EpochResult[] = []
      const summary = await trainer.fit({
        onStep: (s) => void steps.push(s),
        onEpoch: (e) => void epochs.push(e),
      })
      assert.deepEqual(
        steps.map(({ step, epoch }) => [step, epoch]),
        [
          [1, 1],
          [2, 1],
          [3, 2],
          [4, 2],
          [5, 3],
          [6, 3],
        ],
      )
      const orders = [0, 2, 4].map((i) => [...steps[i]!.tracks, ...steps[i + 1]!.tracks])
      for (const order of orders) assert.equal(new Set(order).size, 4)
      assert.ok(new Set(orders.map(String)).size > 1, 'the same order in every epoch')
      assert.deepEqual(
        epochs.map(({ epoch, step }) => [epoch, step]),
        [
          [1, 2],
          [2, 4],
          [3, 6],
        ],
      )
      assert.equal(epochs[0]!.loss, (steps[0]!.loss + steps[1]!.loss) / 2)
      assert.deepEqual([summary.steps, summary.epochs, summary.finalLoss], [6, 3, steps[5]!.loss])
      assert.ok(steps.every(({ dataSeconds, seconds }) => dataSeconds > 0 && dataSeconds < seconds))
      assert.deepEqual((await trainer.fit()).steps, 6, 'a finished training has nothing left to do')
    })
  })

  it('crops every view by itself, from the seed alone, and pads a track that is shorter than a clip', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [90000, 30000])
      const losses = async (seed: number) => {
        using trainer = await Trainer.create({ dataset, batchSize: 2, maxSteps: 1, seed })
        return (await trainer.fit()).finalLoss
      }
      const [first, again, other] = [await losses(1), await losses(1), await losses(2)]
      assert.equal(first, again)
      assert.notEqual(first, other)
      // Without transforms, the views of a short track are one and the same padded clip, those of a long one are not.
      const augmenter = new Augmenter({ transforms: [{ name: 'randomCrop' }] })
      using cropping = await Trainer.create({ dataset, batchSize: 2, maxSteps: 1, augmenter })
      using fixed = await Trainer.create({
        dataset,
        batchSize: 2,
        maxSteps: 1,
        augmenter: { transforms: [] },
      })
      assert.notEqual((await cropping.fit()).finalLoss, (await fixed.fit()).finalLoss)
    })
  })

  // Oracle: the step of another trainer, of the same weights, on views that draw and apply made of the step's tracks.
  for (const chain of [
    [transforms.randomCrop(), transforms.gain(), transforms.polarityInversion()],
    [transforms.gain({ p: 1 })],
  ])
    it(`what it heard is what draw and apply make of the same tracks: ${chain.map((t) => t.name)}`, async () => {
      await withTempDir(async (folder) => {
        using dataset = await tinyDataset(folder, [90000, 30000, 70000, 59049, 100000])
        const augmenter = new Augmenter({ transforms: chain, views: 2, seed: 11 })
        const options = { batchSize: 2, maxSteps: 3, seed: 3, augmenter }
        using fitted = await Trainer.create({ dataset, ...options })
        using replayed = await Trainer.create(options)
        const same = ({ loss, gradientNorm, metrics }: StepResult) => ({ loss, gradientNorm, metrics })
        for await (const step of fitted.steps())
          assert.deepEqual(same(await replayed.step(await heardBy(step, dataset, augmenter))), same(step))
        assert.deepEqual(stateOfEncoder(replayed.encoder), stateOfEncoder(fitted.encoder))
      })
    })

  it('measures the validation set on the same views after every epoch and keeps the best weights', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000])
      const runDirectory = join(folder, 'run')
      const optimizer = optimizers.sgd({ lr: 1e-12, momentum: 0 })
      using trainer = await Trainer.create({
        dataset,
        validation: dataset,
        batchSize: 2,
        epochs: 2,
        runDirectory,
        optimizer,
      })
      const epochs: EpochResult[] = []
      const summary = await trainer.fit({ onEpoch: (e) => void epochs.push(e) })
      const losses = epochs.map(({ validLoss }) => validLoss!)
      assert.ok(losses.every(Number.isFinite))
      assert.equal(summary.bestValidLoss, Math.min(...losses))
      using best = await Encoder.load(join(runDirectory, 'best.safetensors'))
      using last = await Encoder.load(runDirectory)
      const clip = trainingViews(0, 1, 1)
      const [a, b] = [(await best.encode(clip)).data, (await trainer.encoder.encode(clip)).data]
      assert.deepEqual((await last.encode(clip)).data, b)
      if (losses[1]! < losses[0]!) assert.deepEqual(a, b)
      else assert.notDeepEqual(a, b)
    })
  })

  it('writes config, a line of metrics a step, TensorBoard events, and the checkpoints that are asked for', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000])
      const runDirectory = join(folder, 'run')
      using trainer = await Trainer.create({
        architecture: SMALL,
        dataset,
        batchSize: 2,
        epochs: 5,
        runDirectory,
        checkpointEvery: 2,
        keepCheckpoints: 2,
      })
      const summary = await trainer.fit()
      const lines = (await readFile(join(runDirectory, 'metrics.jsonl'), 'utf8')).trim().split('\n')
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).step),
        [1, 2, 3, 4, 5],
      )
      assert.deepEqual((await readdir(join(runDirectory, 'checkpoints'))).sort(), [
        'step-000004',
        'step-000005',
      ])
      assert.equal(summary.checkpoint, join(runDirectory, 'checkpoints', 'step-000005'))
      const { batchSize, viewNorm, optimizer } = await readRunConfig(runDirectory)
      assert.deepEqual(
        { batchSize, viewNorm, optimizer },
        {
          batchSize: 2,
          viewNorm: 'joint',
          optimizer: { name: 'adam', lr: 3e-4, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
        },
      )
      const files = await readdir(runDirectory)
      assert.ok(files.some((file) => file.startsWith('events.out.tfevents.')))
      assert.ok(!files.includes('run.lock'), 'the run is free when fit is over')
    })
  })

  it('names the tracks of a batch whose loss is not finite; the checkpoint before stays the last', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000])
      using fresh = await Encoder.create()
      const encoder = stateOfEncoder(fresh)
      encoder['sequential.10.1.weight']!.data.fill(3e38) // finite itself, but not what it scales
      const initFrom = join(folder, 'huge.safetensors')
      await saveModelState(initFrom, { encoder })
      const runDirectory = join(folder, 'run')
      using trainer = await Trainer.create({ dataset, batchSize: 2, initFrom, runDirectory })
      await assert.rejects(trainer.fit(), (error: unknown) => {
        assert.ok(error instanceof NonFiniteError, String(error))
        assert.match(error.message, /the loss of step 1 is/)
        assert.match(error.message, /track-0\.wav/)
        assert.match(error.message, /track-1\.wav/)
        return true
      })
      assert.deepEqual(await readdir(join(runDirectory, 'checkpoints')), ['step-000000'])
      using last = await Trainer.resume(runDirectory)
      assert.equal(last.stepsDone, 0)
    })
  })

  it('an abort without a run directory waits for no step; with one it waits for the checkpoint', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000])
      for (const runDirectory of [undefined, join(folder, 'run')]) {
        using trainer = await Trainer.create({ dataset, batchSize: 2, runDirectory })
        const controller = new AbortController()
        let over = false
        const before = trainer.step(trainingViews(0, 4)).then(() => {
          over = true
        })
        const fit = trainer.fit({ signal: controller.signal })
        controller.abort()
        await assert.rejects(fit, { name: 'AbortError' })
        assert.equal(over, runDirectory !== undefined)
        await before
        if (!runDirectory) continue
        assert.ok((await readdir(join(runDirectory, 'checkpoints'))).includes('step-000001'))
        assert.ok(!(await readdir(runDirectory)).includes('run.lock'))
      }
    })
  })

  it('gives the run back where the last checkpoint cannot be saved, and keeps the error that came first', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000])
      const full = new IoError({ what: 'the disk is full', remedy: 'Free some space' })
      const warnings: string[] = []
      const listen = ({ message }: Error) => void warnings.push(message)
      process.on('warning', listen)
      for (const signal of [undefined, AbortSignal.abort()]) {
        const runDirectory = join(folder, `run-${signal !== undefined}`)
        using trainer = await Trainer.create({
          architecture: SMALL,
          dataset,
          batchSize: 2,
          maxSteps: 1,
          runDirectory,
        })
        trainer.saveCheckpoint = async () => {
          throw full
        }
        await assert.rejects(trainer.fit({ signal }), signal ? { name: 'AbortError' } : full)
        assert.ok(!(await readdir(runDirectory)).includes('run.lock'))
      }
      await new Promise(setImmediate)
      process.off('warning', listen)
      assert.equal(warnings.length, 1)
      assert.match(warnings[0]!, /without its last checkpoint.*the disk is full/)
    })
  })

  it('says what Encoder.load says about the file of initFrom', async () => {
    await withTempDir(async (folder) => {
      using fresh = await Encoder.create()
      const initFrom = join(folder, 'other.safetensors')
      await saveModelState(initFrom, { encoder: stateOfEncoder(fresh), metadata: { sampleRate: '16000' } })
      const warnings: string[] = []
      const listen = ({ message }: Error) => void warnings.push(message)
      process.on('warning', listen)
      using trainer = await Trainer.create({ initFrom })
      using loaded = await Encoder.load(initFrom)
      await new Promise(setImmediate)
      process.off('warning', listen)
      assert.equal(trainer.encoder.dim, loaded.dim)
      assert.match(warnings[0]!, /16000 Hz/)
      assert.deepEqual(warnings, [warnings[1], warnings[1]])
    })
  })

  it('BAD CALL - says what is missing or does not fit before anything is trained', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000])
      const refused = (options: object, pattern: RegExp) =>
        assert.rejects(Trainer.create(options), (error: unknown) => {
          assert.ok(error instanceof ConfigError && pattern.test(error.message), String(error))
          return true
        })
      await refused({ dataset, batchSize: 3 }, /larger than the data set.*batchSize 3, 2 tracks/)
      await refused({ validation: dataset }, /`validation` needs a data set/)
      await refused({ dataset: [] }, /"dataset" is not valid: expected a Dataset/)
      await refused({ augmenter: new Augmenter({ views: 1 }) }, /at least 2/)
      await refused({ augmenter: { clipLength: 1000 } }, /clipLength of 1000/)
      await refused({ initFrom: 'a', encoder: await Encoder.create() }, /are given twice/)
      await refused({ precision: 'bfloat16', kernels: 'plain' }, /plain kernels keep activations in float32/)
      await refused({ batchsize: 4 }, /Write "batchSize" instead/)
      await refused({ objective: { name: 'triplet' } }, /one of ntXent/)
      await refused({ optimizer: { name: 'lamb' } }, /one of adam, sgd, lars/)
      await refused({ optimizer: { name: 'adam', lrr: 1 } }, /no option "optimizer.lrr".*Write "lr" instead/)
      await refused({ distributed: {} }, /no option "distributed"/)
      await assert.rejects(Trainer.create({ device: 'cuda' }), { code: 'ERR_DEVICE' })
      using without = await Trainer.create()
      await assert.rejects(
        without.fit(),
        (error: unknown) => error instanceof ConfigError && /need a data set/.test(error.message),
      )
    })
  })
})
