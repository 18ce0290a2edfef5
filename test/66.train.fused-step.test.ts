import assert from 'node:assert/strict'
import { readGoldenJson, relativeError } from './helpers/golden.js'
import { runTrainingStep, type TrainingCase, type TrainingRun } from './helpers/training-step.js'
import type { Kernels } from './helpers/with-kernels.js'

// Oracle: the plain step, autograd through libtorch's own operations.
// Both round to float32, so a few pooling windows with a near-tie choose another value, and each moves the gradients
// below it by up to some 1e-3; with the same choices as float64 the error is 2e-5 (npm run check:gradients).

const instructionSets: Record<string, Kernels> = {
  'on this CPU': {},
  'capped to AVX2': { instructionSet: 'avx2' },
  'without AVX': { instructionSet: 'default' },
}
const music: TrainingCase = { examples: 2, views: 2, steps: 2, weights: 'plain', input: 'music' }
const isGradient = (name: string) => name.endsWith('.momentum_buffer')
// Batch norm takes the bias of its convolution away again: the gradient is 0, in the plain step noise of rounding
const isBiasOfConvolution = (name: string) => /sequential\.\d+\.0\.bias/.test(name)

function compare(fused: TrainingRun, plain: TrainingRun): void {
  const [loss, norm] = fused.steps[0]!
  assert.ok(Math.abs(loss / plain.steps[0]![0] - 1) <= 2e-5, `loss ${loss}, ${plain.steps[0]![0]}`)
  assert.ok(Math.abs(norm / plain.steps[0]![1] - 1) <= 5e-3, `norm ${norm}, ${plain.steps[0]![1]}`)
  assert.ok(Math.abs(fused.steps[1]![0] / plain.steps[1]![0] - 1) <= 2e-2, 'the loss after an update')
  assert.deepEqual(Object.keys(fused.tensors), Object.keys(plain.tensors))
  for (const [name, expected] of Object.entries(plain.tensors)) {
    if (isBiasOfConvolution(name)) continue
    const error = relativeError(fused.tensors[name]!, expected)
    const limit = isGradient(name) ? 2e-2 : name.includes('running') ? 2e-5 : 5e-3
    assert.ok(error <= limit, `${name}: ${error}`)
  }
}

describe('66 train: the fused step', () => {
  for (const [where, kernels] of Object.entries(instructionSets))
    for (const weights of ['plain', 'negativeGamma', 'zeroGamma'] as const)
      it(`is the plain step ${where}, γ ${weights}`, async () => {
        const which = { ...music, weights }
        compare(await stepBy(kernels, which), await plainStep(which))
      })

  for (const [examples, views] of [
    [3, 2],
    [4, 2],
  ] as const)
    it(`is the plain step with ${examples} examples of ${views} views`, async () => {
      const which: TrainingCase = { ...music, examples, views, weights: 'negativeGamma' }
      compare(await runTrainingStep(which, {}), await plainStep(which))
    })

  for (const [where, kernels] of Object.entries(instructionSets))
    it(`with a frozen encoder is the plain step ${where}, within the distance of embeddings; the encoder keeps every byte`, async () => {
      const which: TrainingCase = { ...music, examples: 3, weights: 'golden', freeze: true }
      const [fused, plain] = [await runTrainingStep(which, kernels), await plainStep(which)]
      fused.steps.forEach(([loss, norm], step) => {
        const [expectedLoss, expectedNorm] = plain.steps[step]!
        assert.ok(Math.abs(loss / expectedLoss - 1) <= 1e-5, `loss ${loss}, ${expectedLoss}`)
        assert.ok(Math.abs(norm / expectedNorm - 1) <= 1e-4, `norm ${norm}, ${expectedNorm}`)
      })
      assert.deepEqual(Object.keys(fused.tensors), Object.keys(plain.tensors))
      for (const [name, expected] of Object.entries(plain.tensors))
        if (name.startsWith('encoder.')) assert.deepEqual(fused.tensors[name], expected, name)
        else assert.ok(relativeError(fused.tensors[name]!, expected) <= 1e-4, name)
      assert.notDeepEqual(fused.steps, plain.steps, 'to the last bit it is not the plain one')
    })

  it('is the plain step where one view is silent', async () => {
    const which: TrainingCase = { ...music, input: 'oneSilent' }
    compare(await runTrainingStep(which, {}), await plainStep(which))
  })

  for (const input of ['silence', 'constant'] as const)
    it(`of nothing but ${input} has the loss of equal projections and no gradient`, async () => {
      const { steps, tensors } = await runTrainingStep({ ...music, input }, {})
      // closed form: all similarities are 1, the positive among 2N − 1 others
      for (const [loss] of steps) assert.ok(Math.abs(loss - Math.log(3)) <= 1e-6, String(loss))
      for (const [name, data] of Object.entries(tensors)) {
        assert.ok(data.every(Number.isFinite), name)
        if (isGradient(name))
          assert.ok(
            data.every((value) => Math.abs(value) <= 1e-6),
            name,
          )
      }
    })

  it('gives a bias before batch norm no gradient at all', async () => {
    const { tensors } = await fusedStep(music)
    const biases = Object.keys(tensors).filter((name) =>
      /sequential\.[0-9]\.0\.bias\.momentum_buffer$/.test(name),
    )
    assert.equal(biases.length, 10)
    for (const name of biases) assert.ok(tensors[name]!.every((value) => value === 0))
  })

  it('counts batches and moves running statistics as the plain step: one time a step', async () => {
    const { tensors } = await fusedStep(music)
    for (let i = 0; i < 11; i++)
      assert.deepEqual([...tensors[`encoder.sequential.${i}.1.num_batches_tracked`]!], [1])
  })

  for (const precision of ['float32', 'bfloat16'] as const)
    it(`gives the same bits run for run, on 1, 2 and 3 threads, ${precision}`, async () => {
      const which: TrainingCase = { ...music, precision, steps: 1 }
      for (const threads of [1, 2, 3]) {
        const once = await runTrainingStep(which, {}, threads)
        assert.deepEqual(await runTrainingStep(which, {}, threads), once, `${threads} threads`)
      }
    })

  // Oracle: PyTorch under torch.autocast (test/golden/make_train.py): how far bfloat16 turns the gradients of float32, from
  // the same weights and views. They are far apart either way: untrained, the network tells clips apart by little.
  for (const [where, kernels] of Object.entries(instructionSets))
    it(`in bfloat16 has gradients nearer to float32's than torch.autocast has, ${where}`, async () => {
      const { autocast_cosines: theirs } = readGoldenJson<{ autocast_cosines: number[] }>('train.json')
      const which: TrainingCase = { ...music, examples: 8, steps: 1, weights: 'golden' }
      const exact = await plainStep(which)
      const half = await runTrainingStep({ ...which, precision: 'bfloat16' }, kernels)
      assert.ok(Math.abs(half.steps[0]![0] / exact.steps[0]![0] - 1) <= 5e-3, `loss ${half.steps[0]![0]}`)
      theirs.forEach((allowed, i) => {
        const name = `optimizer.encoder.sequential.${i}.0.weight.momentum_buffer`
        const ours = cosine(half.tensors[name]!, exact.tensors[name]!)
        assert.ok(ours > allowed, `${name}: ${ours}, PyTorch ${allowed}`)
      })
    })
})

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

/** What several facts are about is run once. */
const known = new Map<string, TrainingRun>()
async function stepBy(kernels: Kernels, which: TrainingCase): Promise<TrainingRun> {
  const key = JSON.stringify([kernels, which])
  const run = known.get(key) ?? (await runTrainingStep(which, kernels))
  known.set(key, run)
  return run
}
const fusedStep = (which: TrainingCase) => stepBy({}, which)
const plainStep = (which: TrainingCase) => stepBy({ kernels: 'plain' }, which)
