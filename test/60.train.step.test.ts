import assert from 'node:assert/strict'
import { adam, ntXent, ShapeError, Trainer } from 'clmr'
import { goldenPath, readGoldenJson, trainingViews } from './helpers/golden.js'

// Oracle: test/golden/train.json, eight steps of PyTorch (torch.optim, simclr.NT_Xent) from the same weights.

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

const goldenTrainer = (viewNorm: 'joint' | 'separate') =>
  Trainer.create({
    initFrom: goldenPath('checkpoints/plain.pt'),
    optimizer: adam(settings.adam_gentle),
    objective: ntXent({ temperature }),
    viewNorm,
  })

describe('Trainer.step against PyTorch', () => {
  for (const viewNorm of ['joint', 'separate'] as const)
    it(`follows the losses of ${steps} Adam steps with ${viewNorm} batch norm to 1e-3`, async () => {
      using trainer = await goldenTrainer(viewNorm)
      const expected = golden[`adam_gentle.${viewNorm}.float32`] as GoldenRun
      for (let step = 0; step < steps; step++) {
        const result = await trainer.step(trainingViews(step, examples, views))
        assert.equal(result.step, step + 1)
        const distance = Math.abs(result.loss / expected.loss[step]! - 1)
        assert.ok(distance <= 1e-3, `step ${step}: loss ${result.loss}, PyTorch ${expected.loss[step]}`)
        const norm = Math.abs(result.gradientNorm / expected.gradientNorm[step]! - 1)
        assert.ok(
          norm <= (step === 0 ? 1e-5 : 5e-2),
          `step ${step}: gradient norm ${result.gradientNorm}, PyTorch ${expected.gradientNorm[step]}`,
        )
      }
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
    using trainer = await Trainer.create({ optimizer: adam({ lr: 1e-4 }) })
    const result = await trainer.step(trainingViews(0, 2))
    const { step, epoch, learningRate, dataSeconds, tracks } = result
    assert.deepEqual(
      { step, epoch, learningRate, dataSeconds, tracks },
      {
        step: 1,
        epoch: 0,
        learningRate: 1e-4,
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
      /given 2 rows, expected 2 rows an example, of at least 2 examples/,
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
