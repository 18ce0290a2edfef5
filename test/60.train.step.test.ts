import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ntXent, optimizers, ShapeError, Trainer } from 'clmr'
import { saveModelState } from '#lib/model/load-state.js'
import { goldenPath, readGoldenJson, trainingViews } from './helpers/golden.js'
import { SMALL, smallProjector, smallState, smallViews } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'

// Oracle: test/golden/train.json, eight steps of PyTorch (torch.optim, simclr.NT_Xent) from the same weights, and
// train_small.json, the same of a small network, whose steps are those of the plain kernels.

interface GoldenRun {
  loss: number[]
  gradientNorm: number[]
}
interface Golden {
  steps: number
  examples: number
  views: number
  temperature: number
  settings: { adam_gentle: { lr: number } }
}
const golden = readGoldenJson<Golden & Record<string, unknown>>('train.json')
const { steps, examples, views, temperature, settings } = golden

const small = readGoldenJson<Golden & { lr: number } & Record<string, unknown>>('train_small.json')

type Kernels = 'plain' | 'fused'
const goldenTrainer = (viewNorm: 'joint' | 'separate', kernels?: Kernels, precision?: 'bfloat16') =>
  Trainer.create({
    kernels,
    precision,
    initFrom: goldenPath('checkpoints/plain.pt'),
    optimizer: optimizers.adam(settings.adam_gentle),
    objective: ntXent({ temperature }),
    viewNorm,
  })

/** Of the small network, by the plain kernels; the file has its weights. */
const smallTrainer = (viewNorm: 'joint' | 'separate', initFrom: string) =>
  Trainer.create({
    ...{ kernels: 'plain', initFrom, viewNorm, projection: { hidden: 48, out: 32 } },
    optimizer: optimizers.adam({ lr: small.lr }),
    objective: ntXent({ temperature: small.temperature }),
  })

describe('Trainer.step against PyTorch', () => {
  // Oracle: what PyTorch computes in float32 and in float64. A near-tie in a pooling window falls this way or that by
  // rounding, and after some steps PyTorch's own two precisions lie 1.2e-3 apart (separate, step 6): a loss between the
  // two is as right as either. The plain kernels round as PyTorch's float32 does and are held to that alone. Gradient norms
  // follow single windows more than losses do: after the fourth step those of the fused kernels say nothing any more.
  const oracles = {
    fused: { precisions: ['float32', 'float64'], firstNorm: 1e-3, norms: 4 },
    plain: { precisions: ['float32'], firstNorm: 1e-5, norms: steps },
  } as const
  /** relative distance of `value` to the span of `expected` */
  const distance = (value: number, expected: number[]) =>
    Math.max(0, Math.min(...expected) / value - 1, value / Math.max(...expected) - 1)

  for (const kernels of ['fused', 'plain'] as const)
    for (const viewNorm of ['joint', 'separate'] as const) {
      const { precisions, firstNorm, norms: normSteps } = oracles[kernels]
      const plain = kernels === 'plain'
      const [expected, prefix] = plain ? [small, ''] : [golden, 'adam_gentle.']
      it(`follows the losses of ${steps} Adam steps to 1e-3, ${viewNorm} batch norm, ${kernels} kernels`, () =>
        withTempDir(async (folder) => {
          const file = join(folder, 'small.safetensors')
          if (plain) await saveModelState(file, { encoder: smallState(SMALL), projector: smallProjector() })
          using trainer = plain ? await smallTrainer(viewNorm, file) : await goldenTrainer(viewNorm, kernels)
          const runs = precisions.map(
            (precision) => expected[`${prefix}${viewNorm}.${precision}`] as GoldenRun,
          )
          for (let step = 0; step < steps; step++) {
            const batch = trainingViews(step, examples, views, trainer.encoder.clipLength)
            const result = await trainer.step(batch)
            assert.equal(result.step, step + 1)
            const losses = runs.map(({ loss }) => loss[step]!)
            assert.ok(
              distance(result.loss, losses) <= 1e-3,
              `step ${step}: loss ${result.loss}, PyTorch ${losses}`,
            )
            if (step >= normSteps) continue
            const norms = runs.map(({ gradientNorm }) => gradientNorm[step]!)
            assert.ok(
              distance(result.gradientNorm, norms) <= (step === 0 ? firstNorm : 5e-2),
              `step ${step}: gradient norm ${result.gradientNorm}, PyTorch ${norms}`,
            )
          }
        }))
    }

  // Oracle: the float64 losses of PyTorch. Activations that are rounded to 8 bits move them by some 5e-3.
  it("trains in bfloat16 by choice: the first losses are PyTorch's to 1e-2", async () => {
    using trainer = await goldenTrainer('joint', 'fused', 'bfloat16')
    const { loss } = golden['adam_gentle.joint.float64'] as GoldenRun
    for (let step = 0; step < 3; step++) {
      const result = await trainer.step(trainingViews(step, examples, views))
      assert.ok(
        Math.abs(result.loss / loss[step]! - 1) <= 1e-2,
        `step ${step}: ${result.loss}, ${loss[step]}`,
      )
    }
  })

  it('uses the fused kernels unless told otherwise', async () => {
    using trainer = await Trainer.create()
    assert.equal(trainer.config.kernels, 'fused')
  })

  it('gives other losses for joint and separate batch norm', async () => {
    using joint = await goldenTrainer('joint')
    using separate = await goldenTrainer('separate')
    const batch = trainingViews(0, examples, views)
    const [a, b] = [await joint.step(batch), await separate.step(batch)]
    assert.ok(Math.abs(a.loss - b.loss) > 1e-3, `${a.loss} and ${b.loss}`)
  })

  it('takes a step of the same bits from the same weights and views', async () => {
    using first = await goldenTrainer('joint')
    using second = await goldenTrainer('joint')
    for (let step = 0; step < 2; step++) {
      const batch = trainingViews(step, 2)
      const [a, b] = [await first.step(batch), await second.step(batch)]
      assert.deepEqual([a.loss, a.gradientNorm], [b.loss, b.gradientNorm])
    }
    const clip = trainingViews(9, 1, 1)
    assert.deepEqual((await first.encoder.encode(clip)).data, (await second.encoder.encode(clip)).data)
  })

  it('tells time, rate and number of every step', async () => {
    using trainer = await Trainer.create({ architecture: SMALL, optimizer: optimizers.adam({ lr: 1e-4 }) })
    const result = await trainer.step(smallViews(0, 2))
    const { step, epoch, lr, dataSeconds, tracks } = result
    assert.deepEqual(
      { step, epoch, lr, dataSeconds, tracks },
      {
        step: 1,
        epoch: 0,
        lr: 1e-4,
        dataSeconds: 0,
        tracks: [],
      },
    )
    assert.ok(result.seconds > 0 && Math.abs(result.viewsPerSecond * result.seconds - 4) < 1e-9)
    assert.ok(result.gradientNorm > 0)
  })

  it('BAD CALL - refuses views that are no whole examples, without a step', async () => {
    using trainer = await Trainer.create()
    const refused = async (views: unknown, pattern: RegExp) =>
      assert.rejects(trainer.step(views as Float32Array), (error: unknown) => {
        assert.ok(error instanceof Error && pattern.test(error.message), String(error))
        return true
      })
    await refused(new Float32Array(0), /whole rows/)
    await refused(new Float32Array(59049 * 4 - 1), /whole rows.*given 236195 values/)
    await refused(
      new Float32Array(59049 * 2),
      /given 2 rows, expected 2 rows per example, and at least 2 examples/,
    )
    await refused(new Float32Array(59049 * 5), /given 5 rows/)
    await refused([0, 0], /expected a Float32Array/)
    await assert.rejects(trainer.step(new Float32Array(59049 * 3)), ShapeError)
    assert.equal(trainer.stepsDone, 0)
  })
})

describe('Trainer.projector', () => {
  it('projects as PyTorch does: relu(x·W1ᵀ)·W2ᵀ, homogeneous for positive factors', async () => {
    using trainer = await Trainer.create({ projection: { hidden: 32, out: 8 } })
    const x = trainingViews(0, 1, 1).slice(0, 512)
    const [one, two] = [
      await trainer.projector.project(x),
      await trainer.projector.project(x.map((v) => 2 * v)),
    ]
    assert.deepEqual([one.rows, one.cols, trainer.projector.dim], [1, 8, 8])
    assert.deepEqual(
      two.data,
      one.data.map((v) => 2 * v),
    )
    assert.ok(one.data.some((v) => v !== 0))
    await assert.rejects(trainer.projector.project(new Float32Array(511)), ShapeError)
  })
})
