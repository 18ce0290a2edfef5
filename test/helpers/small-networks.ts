/** SampleCNN with other layers, and the weights of test/golden/small_networks.py for them. */
import { emptyStateDict } from '#lib/formats/state-dict.js'
import { sequentialLayers } from '#lib/model/architecture.js'
import type { Architecture } from '#lib/model/option-types.js'
import type { NamedTensor, StateDict } from '#lib/native/binding.js'
import { hashUniform, readGoldenJson, trainingViews } from './golden.js'

/** As test/golden/architectures.json has them. */
export interface GoldenNetwork {
  strides: number[]
  channels: number[]
  clipLength: number
  /** [3][E] */
  embeddings: number[][]
}
export const goldenNetworks = readGoldenJson<Record<string, GoldenNetwork>>('architectures.json')

/** A network of 64 numbers whose steps cost a thousandth: for what would be the same with any network. */
export const SMALL: Architecture = {
  strides: goldenNetworks.small!.strides,
  channels: goldenNetworks.small!.channels,
  supervised: false,
  clipLength: 729,
}

/** The same for `--set`. */
export const smallSetting = `architecture=${JSON.stringify({ strides: SMALL.strides, channels: SMALL.channels })}`

export const uniform = (seed: number, shape: number[], bound = 1): NamedTensor => {
  const size = shape.reduce((a, b) => a * b, 1)
  const scale = Math.fround(bound)
  return { shape, data: hashUniform(seed, size).map((v) => v * scale) }
}

/** 1 + u or another constant, and the like. */
function around(middle: number, seed: number, length: number, bound: number): NamedTensor {
  const { data } = uniform(seed, [length], bound)
  return { shape: [length], data: data.map((v) => middle + v) }
}

export function smallState(architecture: Architecture): StateDict {
  const state = emptyStateDict()
  for (const { index, inChannels, outChannels, kernel } of sequentialLayers(architecture)) {
    const [at, seed] = [`sequential.${index}`, 3000 + 10 * index]
    const bound = 2 / Math.sqrt(inChannels * kernel)
    state[`${at}.0.weight`] = uniform(seed, [outChannels, inChannels, kernel], bound)
    state[`${at}.0.bias`] = uniform(seed + 1, [outChannels], 0.1)
    state[`${at}.1.weight`] = around(1, seed + 2, outChannels, 0.375)
    state[`${at}.1.bias`] = uniform(seed + 3, [outChannels], 0.25)
    state[`${at}.1.running_mean`] = uniform(seed + 4, [outChannels], 0.125)
    state[`${at}.1.running_var`] = around(0.5, seed + 5, outChannels, 0.25)
    state[`${at}.1.num_batches_tracked`] = { shape: [], data: new Float32Array(1) }
  }
  return state
}

/** Of SMALL: Linear(64 → 48) · ReLU · Linear(48 → 32), without biases. */
export const smallProjector = (): StateDict => ({
  '0.weight': uniform(3500, [48, 64], 0.125),
  '2.weight': uniform(3501, [32, 48], 0.125),
})

/** [examples · views, 729]: as `trainingViews`. */
export const smallViews = (step: number, examples: number, views = 2): Float32Array =>
  trainingViews(step, examples, views, SMALL.clipLength)
