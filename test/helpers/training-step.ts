// SGD steps on test views, with the kernels and threads that a test asks for.
import { getThreads, setThreads } from 'clmr'
import { CLMR_ARCHITECTURE } from '#lib/model/architecture.js'
import { loadModelState } from '#lib/model/load-state.js'
import type { StateDict } from '#lib/native/binding.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import type { TrainerSpec } from '#lib/train/options.js'
import { goldenPath, trainingViews } from './golden.js'
import { numbers } from './numbers.js'
import { type Kernels, withKernels } from './with-kernels.js'

export interface TrainingCase {
  examples: number
  views: number
  steps: number
  /** golden: those of test/golden/checkpoints/plain.pt */
  weights: 'plain' | 'negativeGamma' | 'zeroGamma' | 'golden'
  input: 'music' | 'silence' | 'constant' | 'oneSilent'
  /** float32 */
  precision?: 'float32' | 'bfloat16'
  /** the encoder; false */
  freeze?: boolean
}

export interface TrainingRun {
  /** loss and gradient norm of each step */
  steps: [loss: number, gradientNorm: number][]
  /**
   * `encoder.*`, `projector.*`, `optimizer.*` after the first step: momentum begins at zero, so its buffers are the
   * gradients
   */
  tensors: Record<string, Float32Array>
}

function specOf({ examples, views, precision = 'float32', freeze = false }: TrainingCase): TrainerSpec {
  return {
    seed: 7,
    batchSize: examples,
    accumulate: 1,
    viewNorm: 'joint',
    precision,
    freeze,
    kernels: 'fused', // of `Kernels`, the word plain makes it the plain step
    device: 'cpu',
    architecture: CLMR_ARCHITECTURE,
    objective: { name: 'ntXent', temperature: 0.5 },
    projection: { hidden: 512, out: 64 },
    optimizer: { name: 'sgd', lr: 0.01, momentum: 0.9, nesterov: false, weightDecay: 0 },
    augmenter: { transforms: [], views, clipLength: 59049, sampleRate: 22050, seed: 7 },
  }
}

/** γ and β of every block away from 1 and 0; some γ negative, some 0. */
function spread(encoder: StateDict, weights: TrainingCase['weights']): StateDict {
  const random = numbers(3)
  for (const [name, { data }] of Object.entries(encoder)) {
    if (name.endsWith('.1.bias')) data.set(data.map(() => 0.4 * random() - 0.2))
    if (!name.endsWith('.1.weight')) continue
    data.set(data.map(() => 0.6 + 0.8 * random()))
    if (weights === 'negativeGamma') data.set(data.map((value, i) => (i % 3 === 0 ? -value : value)))
    if (weights === 'zeroGamma') data.set(data.map((value, i) => (i % 5 === 0 ? 0 : value)))
  }
  return encoder
}

const made = new Map<string, Promise<{ encoder: StateDict; projector?: StateDict }>>()

/** Made once: to draw and to spread two million numbers takes longer than a step. */
function initialWeights(spec: TrainerSpec, weights: TrainingCase['weights']) {
  const known = made.get(weights) ?? makeWeights(spec, weights)
  made.set(weights, known)
  return known
}

async function makeWeights(spec: TrainerSpec, weights: TrainingCase['weights']) {
  if (weights === 'golden') {
    const { encoder, projector } = await loadModelState(goldenPath('checkpoints/plain.pt'))
    return { encoder, projector }
  }
  const fresh = await NativeTrainer.create(spec, {}, undefined)
  const { tensors } = await fresh.state()
  fresh.dispose()
  const encoder = Object.entries(tensors).filter(([name]) => name.startsWith('encoder.'))
  const named = encoder.map(([name, tensor]) => [name.slice('encoder.'.length), tensor])
  return { encoder: spread(Object.fromEntries(named), weights) }
}

function batch({ examples, views, input }: TrainingCase, step: number): Float32Array {
  const all = trainingViews(step, examples, views)
  if (input === 'silence') all.fill(0)
  if (input === 'constant') all.fill(0.25)
  if (input === 'oneSilent') all.fill(0, 0, 59049)
  return all
}

async function run(which: TrainingCase): Promise<TrainingRun> {
  const spec = specOf(which)
  const trainer = await NativeTrainer.create(spec, await initialWeights(spec, which.weights), undefined)
  const done: [number, number][] = []
  let first: StateDict = {}
  for (let step = 0; step < which.steps; step++) {
    const result = await trainer.enqueue(undefined, (abort) =>
      trainer.stepOnViews(batch(which, step), which.examples * which.views, 0.01, abort),
    )
    done.push([result.loss, result.gradientNorm])
    if (step === 0) first = (await trainer.state()).tensors
  }
  trainer.dispose()
  const tensors = Object.entries(first).map(([name, { data }]) => [name, data])
  return { steps: done, tensors: Object.fromEntries(tensors) }
}

/** @param threads those of the process, unless given */
export async function runTrainingStep(
  which: TrainingCase,
  kernels: Kernels,
  threads = getThreads(),
): Promise<TrainingRun> {
  const before = getThreads()
  setThreads(threads)
  try {
    return await withKernels(kernels, () => run(which))
  } finally {
    setThreads(before)
  }
}
