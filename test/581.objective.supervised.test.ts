import assert from 'node:assert/strict'
import { type Objective, supervised, Trainer } from 'clmr'
import { CLMR_ARCHITECTURE } from '#lib/model/architecture.js'
import type { LabelMatrix } from '#lib/native/binding.js'
import { balancedWeights } from '#lib/objective/supervised.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { trainingViews } from './helpers/golden.js'

/** The first loss of a supervised network whose scores are `bias` for every example. */
async function lossOfConstantScores(
  objective: Objective,
  bias: number[],
  labels: LabelMatrix,
): Promise<number> {
  const trainer = await NativeTrainer.create(
    {
      ...{ seed: 1, batchSize: 2, accumulate: 1, viewNorm: 'joint', precision: 'float32' },
      ...{ kernels: 'plain', device: 'cpu', projection: { hidden: 1, out: 1 } },
      architecture: CLMR_ARCHITECTURE,
      objective,
      optimizer: { name: 'adam', lr: 1e-4, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
      augmenter: { transforms: [], views: 1, clipLength: 59049, sampleRate: 22050, seed: 1 },
    },
    {},
    undefined,
  )
  const state = await trainer.state()
  state.tensors['head.0.weight']!.data.fill(0)
  state.tensors['head.0.bias']!.data.set(bias)
  await trainer.restore(state)
  const { loss } = await trainer.enqueue(undefined, (abort) =>
    trainer.stepOnViews(trainingViews(0, 2, 1), 2, 1e-4, abort, labels),
  )
  trainer.dispose()
  return loss
}

describe('581 objective: supervised', () => {
  it('class weights: the loss of constant scores is the closed form, with one class an example and with any number', async () => {
    const bias = [0.5, -1, 2, 0.25]
    const weights = [1, 2, 0.5, 4]
    const labels = { data: Float32Array.from([0, 1, 0, 0, 0, 0, 1, 0]), rows: 2, cols: 4 }
    const softplus = (x: number) => Math.log1p(Math.exp(x))
    const logSum = Math.log(bias.reduce((sum, b) => sum + Math.exp(b), 0))
    const picked = [1, 2]
    const oneClass =
      picked.reduce((sum, k) => sum + weights[k]! * (logSum - bias[k]!), 0) /
      picked.reduce((sum, k) => sum + weights[k]!, 0)
    const terms = [...labels.data].map((y, i) => {
      const b = bias[i % 4]!
      return y === 1 ? weights[i % 4]! * softplus(-b) : softplus(b)
    })
    const anyNumber = terms.reduce((sum, term) => sum + term, 0) / terms.length
    for (const [multilabel, expected] of [
      [false, oneClass],
      [true, anyNumber],
    ] as const) {
      const objective = {
        ...supervised({ dropout: 0 }),
        ...{ classes: 4, multilabel, classWeights: Float64Array.from(weights) },
      } as never
      const loss = await lossOfConstantScores(objective, bias, labels)
      assert.ok(Math.abs(loss - expected) < 1e-6, `${loss} instead of ${expected}`)
    }
  })

  it('balanced weights come from the labels of the data set: as scikit-learn and PyTorch define them', () => {
    const labels = { data: Float32Array.from([1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0]), rows: 4, cols: 3 }
    assert.deepEqual(balancedWeights(labels, false), [4 / 9, 4 / 3, 1])
    assert.deepEqual(balancedWeights(labels, true), [1 / 3, 3, 1])
  })

  it('BAD CALL - class weights of another number, and balanced without a data set', async () => {
    const create = (classWeights: 'balanced' | number[]) =>
      Trainer.create({ objective: supervised({ classes: 2, classWeights }), augmenter: { views: 1 } })
    await assert.rejects(create([1, 2, 3]), { code: 'ERR_CONFIG', message: /3 classWeights/ })
    await assert.rejects(create('balanced'), { code: 'ERR_CONFIG', message: /no data set/ })
    assert.throws(() => supervised({ classWeights: 'balance' as never }), { code: 'ERR_CONFIG' })
  })
})
