// Run as a process of its own, with the kernels and threads that its environment asks for: SGD steps on test views.
// Writes to stdout a line of JSON (steps, and the tensors' names and sizes) and then, raw, the state after the first step:
// momentum begins at zero, so its buffers are the gradients.  tsx training-step.ts {a TrainingCase as JSON}
import { loadModelState } from '#lib/model/load-state.js'
import type { StateDict } from '#lib/native/binding.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import type { TrainerSpec } from '#lib/train/options.js'
import { goldenPath, trainingViews } from './golden.js'
import { numbers } from './numbers.js'
import type { TrainingCase } from './run-training-step.js'

const {
  examples,
  views,
  steps,
  weights,
  input,
  precision = 'float32',
} = JSON.parse(process.argv[2]!) as TrainingCase
const spec: TrainerSpec = {
  seed: 7,
  batchSize: examples,
  accumulate: 1,
  viewNorm: 'joint',
  precision,
  kernels: 'fused', // CLMR_KERNELS=reference makes it the plain one
  device: 'cpu',
  objective: { name: 'ntXent', temperature: 0.5 },
  projection: { hidden: 512, out: 64 },
  optimizer: { name: 'sgd', lr: 0.01, momentum: 0.9, nesterov: false, weightDecay: 0 },
  augmenter: { transforms: [], views, clipLength: 59049, sampleRate: 22050, seed: 7 },
}

/** γ and β of every block away from 1 and 0; some γ negative, some 0. */
function spread(encoder: StateDict): StateDict {
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

async function initialEncoder(): Promise<StateDict> {
  const { tensors } = await (await NativeTrainer.create(spec, {}, undefined)).state()
  const encoder = Object.entries(tensors).filter(([name]) => name.startsWith('encoder.'))
  return spread(Object.fromEntries(encoder.map(([name, tensor]) => [name.slice('encoder.'.length), tensor])))
}

function batch(step: number): Float32Array {
  const all = trainingViews(step, examples, views)
  if (input === 'silence') all.fill(0)
  if (input === 'constant') all.fill(0.25)
  if (input === 'oneSilent') all.fill(0, 0, 59049)
  return all
}

async function initialWeights() {
  if (weights !== 'golden') return { encoder: await initialEncoder() }
  const { encoder, projector } = await loadModelState(goldenPath('checkpoints/plain.pt'))
  return { encoder, projector }
}

const trainer = await NativeTrainer.create(spec, await initialWeights(), undefined)
const done: [number, number][] = []
let first: StateDict = {}
for (let step = 0; step < steps; step++) {
  const result = await trainer.enqueue(undefined, (abort) =>
    trainer.stepOnViews(batch(step), examples * views, 0.01, abort),
  )
  done.push([result.loss, result.gradientNorm])
  if (step === 0) first = (await trainer.state()).tensors
}
const tensors = Object.entries(first)
const sizes = tensors.map(([name, { data }]) => [name, data.length])
process.stdout.write(`${JSON.stringify({ steps: done, sizes })}\n`)
for (const [, { data }] of tensors)
  process.stdout.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
