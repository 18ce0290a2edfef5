import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  byol,
  type Dataset,
  Encoder,
  infoNce,
  ntXent,
  type Objective,
  optimizers,
  ShapeError,
  supervised,
  Trainer,
  type TrainerOptions,
} from 'clmr'
import type { NamedTensor, StateDict } from '#lib/native/binding.js'
import { collapseWarning } from '#lib/objective/collapse.js'
import { readRunMetrics } from '#lib/runs/reader.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import type { TrainerSpec } from '#lib/train/options.js'
import { clmrEnds, clmrJson, writeMusic } from './helpers/command-line.js'
import { maxAbsoluteError, readGoldenJson } from './helpers/golden.js'
import { labelledDataset } from './helpers/labelled-dataset.js'
import {
  SMALL,
  smallProjector,
  smallSetting,
  smallState,
  smallViews,
  uniform,
} from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'

interface Run {
  loss: number[]
  gradientNorm: number[]
  targetMoved: Record<string, number>
  queue?: number[]
  queueNext?: number
}
interface Golden extends Record<string, unknown> {
  steps: number
  examples: number
  lr: number
  infoNce: { temperature: number; queue: number; momentum: number }
  byol: { momentum: number; scheduleSteps: number; predictorHidden: number }
  projection: { hidden: number; out: number }
}
const golden = readGoldenJson<Golden>('objectives.json')

/** Linear · batch norm · ReLU · Linear with the weights of make_objectives.py. */
function mlp(prefix: string, [inputs, hidden, outputs]: [number, number, number], seed: number): StateDict {
  const constant = (value: number) => ({ shape: [hidden], data: new Float32Array(hidden).fill(value) })
  const [first, second] = [1 / Math.sqrt(inputs), 1 / Math.sqrt(hidden)]
  return {
    [`${prefix}0.weight`]: uniform(seed, [hidden, inputs], first),
    [`${prefix}0.bias`]: uniform(seed + 1, [hidden], first),
    [`${prefix}1.weight`]: constant(1),
    [`${prefix}1.bias`]: constant(0),
    [`${prefix}1.running_mean`]: constant(0),
    [`${prefix}1.running_var`]: constant(1),
    [`${prefix}1.num_batches_tracked`]: { shape: [], data: new Float32Array(1) },
    [`${prefix}3.weight`]: uniform(seed + 10, [outputs, hidden], second),
    [`${prefix}3.bias`]: uniform(seed + 11, [outputs], second),
  }
}

/** A trainer of the small network for single steps, without a chain. */
function stepper(
  objective: Objective,
  {
    batchSize = 2,
    kernels = 'fused',
    views = 2,
    out = 1,
  }: { batchSize?: number; kernels?: 'plain' | 'fused'; views?: number; out?: number },
): Promise<NativeTrainer> {
  const spec: TrainerSpec = {
    ...{ seed: 1, batchSize, accumulate: 1, viewNorm: 'joint', precision: 'float32' },
    ...{ kernels, device: 'cpu', architecture: SMALL, projection: { hidden: 16, out }, objective },
    optimizer: { name: 'adam', lr: 1e-4, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
    augmenter: { transforms: [], views, clipLength: SMALL.clipLength, sampleRate: 22050, seed: 1 },
  }
  return NativeTrainer.create(spec, {}, undefined)
}

function unitRows(tensor: NamedTensor): NamedTensor {
  const [rows, cols] = tensor.shape as [number, number]
  const data = Float32Array.from(tensor.data)
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * cols, (i + 1) * cols)
    const norm = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0))
    row.set(row.map((v) => v / norm))
  }
  return { shape: tensor.shape, data }
}

/** The native trainer with the weights that make_objectives.py starts from. */
async function goldenTrainer(name: 'infoNce' | 'byol') {
  const [encoder, projector] = [smallState(SMALL), smallProjector()]
  const spec: TrainerSpec = {
    ...{ seed: 1, batchSize: golden.examples, accumulate: 1, viewNorm: 'joint', precision: 'float32' },
    ...{ kernels: 'fused', device: 'cpu', architecture: SMALL },
    objective: name === 'byol' ? { name, ...golden.byol } : { name, ...golden.infoNce },
    projection: name === 'byol' ? golden.projection : { hidden: 48, out: 32 },
    optimizer: { name: 'adam', lr: golden.lr, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
    augmenter: { transforms: [], views: 2, clipLength: SMALL.clipLength, sampleRate: 22050, seed: 1 },
  }
  const trainer = await NativeTrainer.create(
    spec,
    name === 'byol' ? { encoder } : { encoder, projector },
    undefined,
  )
  const state = await trainer.state()
  const { hidden, out } = golden.projection
  Object.assign(
    state.tensors,
    name === 'infoNce'
      ? { 'objective.queue': unitRows(uniform(900, [golden.infoNce.queue, 32])) }
      : {
          ...mlp('objective.projector.', [64, hidden, out], 910),
          ...mlp('objective.predictor.', [out, golden.byol.predictorHidden, out], 930),
          ...mlp('objective.target.projector.', [64, hidden, out], 910),
        },
  )
  await trainer.restore(state)
  return { trainer, start: state.tensors }
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a).reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0))

describe('58 objectives against PyTorch', () => {
  for (const name of ['infoNce', 'byol'] as const)
    it(`${name} follows ${golden.steps} steps of a plain PyTorch version to 1e-3, target network ${name === 'infoNce' ? 'and queue ' : ''}included`, async () => {
      const expected = golden[`${name}.float64`] as Run
      const { trainer, start } = await goldenTrainer(name)
      for (let step = 0; step < golden.steps; step++) {
        const views = smallViews(step, golden.examples)
        const result = await trainer.enqueue(undefined, (abort) =>
          trainer.stepOnViews(views, 2 * golden.examples, golden.lr, abort),
        )
        const error = Math.abs(result.loss / expected.loss[step]! - 1)
        assert.ok(error <= 1e-3, `step ${step}: loss ${result.loss}, PyTorch ${expected.loss[step]}`)
      }
      const { tensors } = await trainer.state()
      const moved = Object.entries(expected.targetMoved)
      assert.ok(moved.length === 16 + (name === 'byol' ? 1 : 0), `${moved.length}`)
      for (const [key, length] of moved) {
        const ours = key
          .replace(/^0\./, 'objective.target.encoder.')
          .replace(/^1\./, 'objective.target.projector.')
        const way = distance(tensors[ours]!.data, start[ours]!.data)
        assert.ok(Math.abs(way / length - 1) < 0.05, `${key} moved by ${way}, PyTorch ${length}`)
      }
      if (!expected.queue) return
      const queue = tensors['objective.queue']!
      const columns = Array.from({ length: queue.shape[0]! }, (_, i) =>
        Array.from(queue.data.subarray(32 * i, 32 * i + 4)),
      )
      const error = maxAbsoluteError(columns.flat(), expected.queue)
      assert.ok(error < 1e-3, `queue: ${error}`)
      assert.equal(tensors['objective.queue_next']!.data[0], expected.queueNext)
      trainer.dispose()
    }).timeout(600_000)
})

const OBJECTIVES: Record<string, Objective> = {
  'ntXent with a learned temperature': ntXent({ learnTemperature: true }),
  infoNce: infoNce({ queue: 5 }),
  byol: byol({ predictorHidden: 16 }),
  supervised: supervised(),
}

describe('58 objectives through the trainer', () => {
  const withDataset = (use: (dataset: Dataset, folder: string) => Promise<void>) =>
    withTempDir(async (folder) => {
      const dataset = await labelledDataset(folder, [800, 2000, 1000, 900, 1500])
      await use(dataset, folder)
      dataset.dispose()
    })
  const options = (objective: Objective, dataset: Dataset, runDirectory: string): TrainerOptions => ({
    ...{ objective, dataset, validation: dataset, runDirectory },
    ...{ architecture: SMALL, batchSize: 2, epochs: 2, seed: 3, checkpointEvery: 1 },
    projection: { hidden: 24, out: 8 },
    optimizer: optimizers.adam({ lr: 1e-4 }),
  })
  const modelAt = (run: string, step: number) =>
    readFile(join(run, 'checkpoints', `step-00000${step}`, 'model.safetensors'))

  for (const [name, objective] of Object.entries(OBJECTIVES))
    it(`${name}: a resumed run equals the uninterrupted one bit for bit, validation included`, () =>
      withDataset(async (dataset, folder) => {
        const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')]
        {
          await using trainer = await Trainer.create(options(objective, dataset, whole))
          assert.equal((await trainer.fit()).steps, 4)
        }
        {
          await using trainer = await Trainer.create(options(objective, dataset, parts))
          for await (const { step } of trainer.steps()) if (step === 3) break
        }
        {
          await using trainer = await Trainer.resume(parts)
          assert.equal(trainer.stepsDone, 3)
          await trainer.fit()
        }
        const log = async (run: string) =>
          (await readRunMetrics(run)).map(({ step, loss, gradientNorm, metrics, validLoss }) => [
            ...[step, loss, gradientNorm, metrics, validLoss],
          ])
        const records = await log(whole)
        assert.deepEqual(await log(parts), records)
        assert.ok(Number.isFinite(records[3]![4]) && Object.keys(records[0]![3] as object).length > 0)
        assert.ok((await modelAt(whole, 4)).equals(await modelAt(parts, 4)))
        // whatever the objective keeps beside it, a run is a model
        using encoder = await Encoder.load(whole)
        assert.equal(encoder.dim, 64)
        using best = await Encoder.load(join(whole, 'best.safetensors'))
        assert.equal(best.dim, 64)
      }))

  it('momentum contrast puts its keys into the queue as a ring: unit rows, the oldest ones go', async () => {
    const trainer = await stepper(infoNce({ queue: 5 }), { batchSize: 3, out: 4 })
    const rows = async () => {
      const { data } = (await trainer.state()).tensors['objective.queue']!
      return Array.from({ length: 5 }, (_, i) => Array.from(data.subarray(4 * i, 4 * i + 4)))
    }
    let before = await rows()
    for (const [step, taken] of [
      [0, 1, 2],
      [3, 4, 0],
      [1, 2, 3],
    ].entries()) {
      await trainer.enqueue(undefined, (abort) => trainer.stepOnViews(smallViews(step, 3), 6, 1e-4, abort))
      const after = await rows()
      for (const [i, row] of after.entries()) {
        const norm = Math.hypot(...row)
        assert.ok(Math.abs(norm - 1) < 1e-6, `row ${i} has the length ${norm}`)
        if (taken.includes(i)) assert.notDeepEqual(row, before[i])
        else assert.deepEqual(row, before[i])
      }
      before = after
    }
    trainer.dispose()
  })

  it('supervised takes labels with views, and refuses them where they are of no use', async () => {
    using trainer = await Trainer.create({
      architecture: SMALL,
      objective: supervised({ classes: 2 }),
      augmenter: { views: 1 },
    })
    const views = smallViews(0, 3, 1)
    const labels = Float32Array.from([1, 0, 0, 1, 1, 0])
    const { metrics, loss } = await trainer.step(views, { labels })
    assert.ok(Number.isFinite(loss) && metrics.accuracy! >= 0 && metrics.rocAuc! <= 1)
    await assert.rejects(trainer.step(views), /learns from labels/)
    await assert.rejects(trainer.step(views, { labels: labels.slice(1) }), ShapeError)
    await assert.rejects(trainer.step(views, { labels: new Float32Array(9) }), /labels of 2 classes/)
    assert.throws(() => trainer.projector, /no projector/)
    using other = await Trainer.create({ architecture: SMALL })
    await assert.rejects(other.step(smallViews(0, 2), { labels }), /does not look at labels/)
  })

  it('a step of the supervised network at zero dropout is the closed form: log K at equal scores', async () => {
    for (const [multilabel, expected] of [
      [false, Math.log(4)],
      [true, Math.log(2)],
    ] as const) {
      const spec = supervised({ classes: 4, multilabel, dropout: 0 })
      const trainer = await stepper({ ...spec, classes: 4, multilabel }, { kernels: 'plain', views: 1 })
      const state = await trainer.state()
      for (const name of ['head.0.weight', 'head.0.bias']) state.tensors[name]!.data.fill(0)
      await trainer.restore(state)
      const labels = { data: Float32Array.from([0, 1, 0, 0, 0, 0, 1, 0]), rows: 2, cols: 4 }
      const result = await trainer.enqueue(undefined, (abort) =>
        trainer.stepOnViews(smallViews(0, 2, 1), 2, 1e-4, abort, labels),
      )
      assert.ok(Math.abs(result.loss - expected) < 1e-6, `${result.loss}`)
      trainer.dispose()
    }
  })

  it('presets and --objective on the command line: a run of each, evaluated and taken up again', () =>
    withTempDir(async (folder) => {
      const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
      await writeMusic(music)
      await clmrEnds(0, 'prepare', music, '--cache', cache, '--labels', 'folders', '--quiet')
      for (const [chosen, metric, ...flags] of [
        ['supervised', 'accuracy', '--preset', 'supervised'],
        [
          'infoNce',
          'alignment',
          '--preset',
          'moco',
          '--set',
          'objective.queue=9',
          '--set',
          'projection.out=8',
        ],
        ['byol', 'projectionStd', '--objective', 'byol'],
      ] as const) {
        const run = join(folder, chosen)
        const settings = ['--set', smallSetting, ...flags]
        const train = (...more: string[]) =>
          clmrEnds(0, 'train', '--run', run, '--quiet', ...settings, ...more)
        await train('--data', cache, '--batch-size', '2', '--max-steps', '1')
        await train('--resume', '--max-steps', '2', '--batch-size', '2')
        const records = await readRunMetrics(run)
        assert.equal(records.length, 2)
        const { metrics } = records[1] as unknown as { metrics: Record<string, number> }
        assert.ok(Number.isFinite(metrics[metric]), JSON.stringify(metrics))
        const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'))
        assert.equal((config.config ?? config).objective.name, chosen)
        const { accuracy } = await clmrJson<{ accuracy: number }>('evaluate', '--model', run, '--data', cache)
        assert.ok(accuracy >= 0 && accuracy <= 1)
      }
    }))

  it('warns of a collapse: projections that are all the same', () => {
    assert.equal(collapseWarning(7, { projectionStd: 0.5 }), undefined)
    assert.equal(collapseWarning(7, { accuracy: 0 }), undefined)
    const warned = collapseWarning(7, { projectionStd: 0.01 })!
    assert.match(warned, /^step 7: the projections collapse.*0\.010.*; lower the learning rate$/)
  })

  it('BYOL on clips that are all the same tells a spread of 0 and warns once', async () => {
    using trainer = await Trainer.create({ architecture: SMALL, objective: byol() })
    const warnings: string[] = []
    const listen = (warning: Error) => warnings.push(warning.message)
    process.on('warning', listen)
    try {
      const one = smallViews(0, 1, 1)
      const views = new Float32Array(4 * one.length)
      for (let i = 0; i < 4; i++) views.set(one, i * one.length)
      for (let step = 0; step < 2; step++) {
        const { metrics } = await trainer.step(views)
        assert.ok(metrics.projectionStd! < 0.1 && metrics.embeddingStd! < 0.1, JSON.stringify(metrics))
        assert.equal(metrics.targetMomentum, 0.996)
      }
      await new Promise(setImmediate)
    } finally {
      process.off('warning', listen)
    }
    assert.equal(warnings.filter((text) => /collapse/.test(text)).length, 1)
  })

  it('NT-Xent tells accuracy, alignment and uniformity as their definitions over the batch', async () => {
    using trainer = await Trainer.create({ architecture: SMALL, objective: ntXent() })
    const one = smallViews(0, 2, 1)
    const views = new Float32Array(2 * one.length) // each example twice the same: aligned, found
    for (let i = 0; i < 4; i++)
      views.set(one.subarray(Math.floor(i / 2) * 729, (Math.floor(i / 2) + 1) * 729), i * 729)
    const { metrics } = await trainer.step(views)
    assert.ok(Math.abs(metrics.alignment!) < 1e-6 && metrics.accuracy === 1, JSON.stringify(metrics))
    // of 12 ordered pairs 4 are at distance 0, the others at the distance of the two examples: between its bounds
    assert.ok(metrics.uniformity! <= 0 && metrics.uniformity! >= Math.log(4 / 12 + (8 / 12) * Math.exp(-8)))
  })
})
