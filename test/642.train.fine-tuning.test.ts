import assert from 'node:assert/strict'
import { Encoder, optimizers, supervised, Trainer, type TrainerOptions } from 'clmr'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { readGoldenJson, relativeError } from './helpers/golden.js'
import { SMALL, smallState, smallViews, uniform } from './helpers/small-networks.js'

interface Run {
  loss: number[]
  weight: number[]
  bias: number[]
  moved?: number[]
}
type Golden = { steps: number; examples: number; lr: number; encoderLr: number; classes: number } & Record<
  string,
  Run
>
const golden = readGoldenJson<Golden>('fine_tuning.json')
const { examples, classes } = golden

const OPTIMIZERS = {
  adam: { name: 'adam', lr: golden.lr, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
  sgd: { name: 'sgd', lr: golden.lr, momentum: 0.9, nesterov: false, weightDecay: 0 },
} as const

/** Example i is of class i % 3. */
const labels = {
  data: Float32Array.from({ length: examples * classes }, (_, i) =>
    Number(i % classes === Math.floor(i / classes) % classes),
  ),
  rows: examples,
  cols: classes,
}

async function goldenTrainer(optimizer: keyof typeof OPTIMIZERS, freeze: boolean): Promise<NativeTrainer> {
  const trainer = await NativeTrainer.create(
    {
      ...{ seed: 1, batchSize: examples, accumulate: 1, viewNorm: 'joint', precision: 'float32', freeze },
      ...{ kernels: 'plain', device: 'cpu', projection: { hidden: 1, out: 1 } },
      architecture: SMALL,
      objective: { ...supervised({ dropout: 0 }), classes, multilabel: false } as never,
      optimizer: OPTIMIZERS[optimizer] as never,
      augmenter: { transforms: [], views: 1, clipLength: 729, sampleRate: 22050, seed: 1 },
    },
    { encoder: smallState(SMALL) },
    undefined,
  )
  const state = await trainer.state()
  state.tensors['head.0.weight'] = uniform(3600, [classes, 64], 0.125)
  state.tensors['head.0.bias'] = uniform(3601, [classes], 0.125)
  await trainer.restore(state)
  return trainer
}

/** The losses of the golden steps, and the state at the end. */
async function follow(trainer: NativeTrainer, encoderLr = golden.lr) {
  const losses: number[] = []
  for (let step = 0; step < golden.steps; step++) {
    const { loss } = await trainer.enqueue(undefined, (abort) =>
      trainer.stepOnViews(smallViews(step, examples, 1), examples, golden.lr, abort, labels, encoderLr),
    )
    losses.push(loss)
  }
  const { tensors } = await trainer.state()
  trainer.dispose()
  return { losses, tensors }
}

function near(losses: number[], expected: number[], bound: number): void {
  losses.forEach((loss, step) => {
    const error = Math.abs(loss / expected[step]! - 1)
    assert.ok(error <= bound, `step ${step}: loss ${loss}, PyTorch ${expected[step]}`)
  })
}

const options = (more: TrainerOptions): TrainerOptions => ({
  objective: supervised({ classes, multilabel: false }),
  augmenter: { transforms: [], views: 1 },
  batchSize: examples,
  seed: 3,
  ...more,
})

describe('642 train: fine-tuning', () => {
  for (const name of ['adam', 'sgd'] as const) {
    it(`with ${name}, a frozen encoder keeps every byte, and the classifier takes the steps of PyTorch to 1e-5`, async () => {
      const { losses, tensors } = await follow(await goldenTrainer(name, true))
      const expected = golden[`frozen.${name}`]!
      near(losses, expected.loss, 1e-5)
      assert.ok(relativeError(tensors['head.0.weight']!.data, expected.weight) <= 1e-5)
      assert.ok(relativeError(tensors['head.0.bias']!.data, expected.bias) <= 1e-5)
      for (const [key, tensor] of Object.entries(smallState(SMALL)))
        assert.deepEqual(tensors[`encoder.${key}`]!.data, tensor.data, key)
      const moments = Object.keys(tensors).filter((key) => key.startsWith('optimizer.'))
      assert.ok(moments.length > 0 && moments.every((key) => key.startsWith('optimizer.head.')), `${moments}`)
    })

    it(`with ${name}, encoder and classifier learn at rates of their own, as two parameter groups of torch.optim`, async () => {
      const { losses, tensors } = await follow(await goldenTrainer(name, false), golden.encoderLr)
      const expected = golden[`groups.${name}`]!
      near(losses, expected.loss, 2e-4)
      assert.ok(relativeError(tensors['head.0.weight']!.data, expected.weight) <= 1e-3)
      const start = smallState(SMALL)
      expected.moved!.forEach((length, i) => {
        const key = `sequential.${i}.0.weight`
        const old = start[key]!.data
        const way = Math.hypot(...Array.from(tensors[`encoder.${key}`]!.data, (v, j) => v - old[j]!))
        assert.ok(Math.abs(way / length - 1) < 0.02, `${key} moved by ${way}, PyTorch ${length}`)
      })
    })
  }

  it('a rate of 0 leaves the weights of the encoder alone, while its running statistics move', async () => {
    const { tensors } = await follow(await goldenTrainer('sgd', false), 0)
    for (const [key, tensor] of Object.entries(smallState(SMALL))) {
      const same = Buffer.compare(
        Buffer.from(tensors[`encoder.${key}`]!.data.buffer),
        Buffer.from(tensor.data.buffer),
      )
      assert.equal(same === 0, !/running|tracked/.test(key), key)
    }
  })

  it('a frozen encoder in chunks, and under a contrastive loss, keeps every byte too', async () => {
    using encoder = await Encoder.create({ seed: 5, device: 'cpu', architecture: SMALL })
    using trainer = await Trainer.create({ encoder, freeze: true, batchSize: 6, chunkSize: 2, device: 'cpu' })
    const views = smallViews(0, 6)
    const before = await trainer.encoder.encode(views)
    const first = await trainer.step(views)
    const second = await trainer.step(views)
    assert.deepEqual((await trainer.encoder.encode(views)).data, before.data)
    assert.ok(second.loss < first.loss, 'the projector learns')
  })

  it('the schedule changes the rate of the encoder as it does that of the rest', async () => {
    const trained = async (encoderLr: number | undefined) => {
      using encoder = await Encoder.create({ seed: 5, device: 'cpu', architecture: SMALL })
      using trainer = await Trainer.create({
        ...{ encoder, device: 'cpu', batchSize: 4, encoderLr },
        optimizer: optimizers.sgd({ lr: 0.01 }),
        schedule: { name: 'cosine', warmupSteps: 2, totalSteps: 4 },
      })
      for (let step = 0; step < 3; step++) await trainer.step(smallViews(step, 4))
      return (await trainer.encoder.encode(smallViews(9, 2))).data
    }
    assert.deepEqual(await trained(0.01), await trained(undefined))
    assert.notDeepEqual(await trained(0.001), await trained(undefined))
  })

  it('a frozen encoder with random weights is a warning; a rate for it is refused', async () => {
    const warnings: string[] = []
    const onWarning = (text: string) => warnings.push(text)
    using _trainer = await Trainer.create(options({ freeze: true, architecture: SMALL, onWarning }))
    assert.match(warnings.join(), /random weights/)
    await assert.rejects(Trainer.create(options({ freeze: true, encoderLr: 1e-3 })), {
      code: 'ERR_CONFIG',
      message: /encoderLr/,
    })
  })
})
