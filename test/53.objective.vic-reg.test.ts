import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ConfigError, optimizers, Trainer, type TrainerOptions, vicReg } from 'clmr'
import type { NamedTensor, StateDict } from '#lib/native/binding.js'
import { readRunMetrics } from '#lib/runs/reader.js'
import { parseTrainingConfig } from '#lib/train/config.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { forNetwork, parseTrainerOptions } from '#lib/train/options.js'
import { hashUniform, readGoldenJson } from './helpers/golden.js'
import { labelledDataset } from './helpers/labelled-dataset.js'
import { SMALL, smallState, smallViews } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'

interface Golden {
  steps: number
  examples: number
  lr: number
  vicReg: { invariance: number; variance: number; covariance: number; gamma: number }
  projection: { hidden: number; out: number }
  float64: { loss: number[]; gradientNorm: number[]; terms: number[][]; moved: Record<string, number> }
}
const golden = readGoldenJson<Golden>('vic_reg.json')
const EXPANDER = 'objective.projector.'

function uniform(seed: number, { shape }: NamedTensor, inputs: number): NamedTensor {
  const bound = Math.fround(1 / Math.sqrt(inputs))
  const size = shape.reduce((a, b) => a * b, 1)
  return { shape, data: hashUniform(seed, size).map((v) => v * bound) }
}

/** The three layers of make_vic_reg.py; batch norm begins as it is drawn. */
function goldenExpander(tensors: StateDict): StateDict {
  const inputs = [64, golden.projection.hidden, golden.projection.hidden]
  const layers = inputs.flatMap((width, i) => {
    const [weight, bias] = [`${EXPANDER}${3 * i}.weight`, `${EXPANDER}${3 * i}.bias`]
    return [
      [weight, uniform(950 + 10 * i, tensors[weight]!, width)],
      [bias, uniform(951 + 10 * i, tensors[bias]!, width)],
    ]
  })
  return Object.fromEntries(layers)
}

async function makeTrainer(options: TrainerOptions, encoder?: StateDict): Promise<NativeTrainer> {
  const config = forNetwork(
    parseTrainerOptions({ architecture: SMALL, objective: vicReg(), seed: 1, ...options }, 'test'),
  )
  const augmenter = { ...config.augmenter, transforms: [] }
  return NativeTrainer.create({ ...config, augmenter }, { encoder }, undefined)
}

const step = (trainer: NativeTrainer, views: Float32Array, rows: number, rate: number) =>
  trainer.enqueue(undefined, (abort) => trainer.stepOnViews(views, rows, rate, abort))

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a).reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0))

describe('53 VICReg', () => {
  it(`follows ${golden.steps} steps of a plain PyTorch version in float64 to 1e-3, each of its terms included`, async () => {
    const { examples, lr, projection, float64: expected } = golden
    const encoder = smallState(SMALL)
    const options = { objective: vicReg(golden.vicReg), projection, batchSize: examples }
    const trainer = await makeTrainer({ ...options, optimizer: optimizers.adam({ lr }) }, encoder)
    const state = await trainer.state()
    Object.assign(state.tensors, goldenExpander(state.tensors))
    await trainer.restore(state)
    for (let s = 0; s < golden.steps; s++) {
      const { loss, gradientNorm, metrics } = await step(trainer, smallViews(s, examples), 2 * examples, lr)
      const near = (ours: number, theirs: number, bound: number, what: string) =>
        assert.ok(Math.abs(ours / theirs - 1) <= bound, `step ${s}: ${what} ${ours} instead of ${theirs}`)
      near(loss, expected.loss[s]!, 1e-3, 'loss')
      if (s === 0) near(gradientNorm, expected.gradientNorm[0]!, 1e-3, 'gradient norm')
      for (const [i, name] of ['invariance', 'variance', 'covariance'].entries())
        near(metrics[name]!, expected.terms[s]![i]!, 2e-3, name)
    }
    const { tensors } = await trainer.state()
    const moved = Object.entries(expected.moved)
    assert.ok(moved.length === 19, `${moved.length}`)
    for (const [key, length] of moved) {
      const name = key.replace(/^0\./, 'encoder.').replace(/^1\./, EXPANDER)
      const way = distance(tensors[name]!.data, state.tensors[name]!.data)
      assert.ok(Math.abs(way / length - 1) < 0.05, `${name} moved by ${way}, PyTorch ${length}`)
    }
    trainer.dispose()
  }).timeout(600_000)

  it('of projections that are all the same is the weight of variance times γ − √1e-4: a closed form', async () => {
    for (const gamma of [1, 0.5]) {
      const trainer = await makeTrainer({ objective: vicReg({ variance: 3, gamma }), batchSize: 3 })
      const state = await trainer.state()
      state.tensors[`${EXPANDER}6.weight`]!.data.fill(0)
      await trainer.restore(state)
      const { loss, metrics } = await step(trainer, smallViews(0, 3), 6, 1e-4)
      assert.ok(Math.abs(loss - 3 * (gamma - 0.01)) < 1e-5, `${loss}`)
      assert.ok(metrics.invariance! < 1e-12 && metrics.covariance! < 1e-12)
      assert.ok(metrics.projectionStd! < 1e-5 && metrics.embeddingStd! > 0)
      trainer.dispose()
    }
  })

  it('is a plain object, chosen by name like the others', () => {
    const usual = { name: 'vicReg', invariance: 25, variance: 25, covariance: 1, gamma: 1 }
    assert.deepEqual(vicReg(), usual)
    assert.deepEqual(parseTrainingConfig('objective: vicReg', 'x').config.objective, usual)
    assert.deepEqual(parseTrainingConfig('objective: { name: vicReg, gamma: 2 }', 'x').config.objective, {
      ...usual,
      gamma: 2,
    })
  })

  it('a resumed run equals the uninterrupted one bit for bit, with a pass a view too', () =>
    withTempDir(async (folder) => {
      using dataset = await labelledDataset(folder, [800, 2000, 1000, 900, 1500])
      const options = (run: string): TrainerOptions => ({
        ...{ objective: vicReg(), dataset, validation: dataset, runDirectory: join(folder, run) },
        ...{
          architecture: SMALL,
          batchSize: 2,
          epochs: 2,
          seed: 3,
          checkpointEvery: 1,
          viewNorm: 'separate',
        },
        projection: { hidden: 24, out: 8 },
      })
      {
        await using trainer = await Trainer.create(options('whole'))
        assert.equal((await trainer.fit()).steps, 4)
      }
      {
        await using trainer = await Trainer.create(options('parts'))
        for await (const { step } of trainer.steps()) if (step === 3) break
      }
      {
        await using trainer = await Trainer.resume(join(folder, 'parts'))
        await trainer.fit()
      }
      const log = async (run: string) =>
        (await readRunMetrics(join(folder, run))).map(({ step, loss, metrics, validLoss }) => [
          ...[step, loss, metrics, validLoss],
        ])
      const records = await log('whole')
      assert.deepEqual(await log('parts'), records)
      assert.ok(Number.isFinite(records[3]![3]))
    }))

  it('BAD CALL - another number of views, unknown names and values', async () => {
    const create = (views: number) => Trainer.create({ augmenter: { views }, objective: vicReg() })
    await assert.rejects(create(3), /vicReg takes 2 views of an example \(given 3 views, expected 2\)/)
    assert.throws(
      () => vicReg({ invarianz: 1 } as never),
      /vicReg has no option "invarianz".*Write "invariance"/,
    )
    assert.throws(() => vicReg({ gamma: 0 }), ConfigError)
    assert.throws(() => vicReg({ covariance: -1 }), ConfigError)
  })
})
