import { emptyStateDict } from '#lib/formats/state-dict.js'
import { encoderTensors, type TensorSpec } from '#lib/model/architecture.js'
import type { StateDict } from '#lib/native/binding.js'

/** Values that differ in every tensor and place, so that a mix-up cannot go unseen. Not drawn as a network's. */
export function filledState(tensors: TensorSpec[], seed = 1): StateDict {
  const state = emptyStateDict()
  let at = seed
  for (const { name, shape } of tensors) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
    const counter = name.endsWith('num_batches_tracked')
    for (let i = 0; i < data.length; i++) data[i] = counter ? at % 1000 : Math.sin(at + i * 0.37)
    state[name] = { shape, data }
    at += 101
  }
  return state
}

export const encoderState = (seed = 1) => filledState(encoderTensors(), seed)
/** Of SimCLR: Linear(512 → 512) · ReLU · Linear(512 → 64), without biases. */
const PROJECTOR: TensorSpec[] = [
  { name: '0.weight', shape: [512, 512] },
  { name: '2.weight', shape: [64, 512] },
]
export const projectorState = (seed = 2) => filledState(PROJECTOR, seed)
