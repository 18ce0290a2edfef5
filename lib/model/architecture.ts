/**
 * SampleCNN as a table: the only place in TypeScript that has its widths.
 * Source: Lee et al., "Sample-level deep convolutional neural networks" (2017), in the form that CLMR
 * (Spijkervet & Burgoyne, ISMIR 2021) trains: 59,049 = 3^10 samples → 512 numbers.
 */
import { CLIP_LENGTH } from '../clip.js'

/** E */
export const EMBEDDING_DIM = 512

export interface SequentialLayer {
  /** its place in `sequential` */
  index: number
  inChannels: number
  outChannels: number
  kernel: 3
  stride: 1 | 3
  padding: 0 | 1
  /** MaxPool1d(3, 3) after the ReLU */
  pool: boolean
  /** samples per channel that leave it, for a clip */
  outputLength: number
}

/** input channels of `sequential.0` … `sequential.10`, and the output channels of the last */
const CHANNELS = [1, 128, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512]

function layerAt(index: number): SequentialLayer {
  const first = index === 0
  const last = index === 10
  return {
    index,
    inChannels: CHANNELS[index]!,
    outChannels: CHANNELS[index + 1]!,
    kernel: 3,
    stride: first ? 3 : 1,
    padding: first ? 0 : 1,
    pool: !first && !last,
    outputLength: last ? 1 : CLIP_LENGTH / 3 ** (index + 1),
  }
}

/** `sequential.0` … `sequential.10`: Conv1d · BatchNorm1d · ReLU (· MaxPool1d). */
export const sequentialLayers: readonly SequentialLayer[] = Array.from({ length: 11 }, (_, i) => layerAt(i))

export interface TensorSpec {
  name: string
  shape: number[]
}

/** The 77 tensors of the encoder in state-dict order, running statistics and batch counters included. */
export function encoderTensors(): TensorSpec[] {
  return sequentialLayers.flatMap(({ index, inChannels, outChannels, kernel }) => {
    const at = `sequential.${index}`
    return [
      { name: `${at}.0.weight`, shape: [outChannels, inChannels, kernel] },
      { name: `${at}.0.bias`, shape: [outChannels] },
      { name: `${at}.1.weight`, shape: [outChannels] },
      { name: `${at}.1.bias`, shape: [outChannels] },
      { name: `${at}.1.running_mean`, shape: [outChannels] },
      { name: `${at}.1.running_var`, shape: [outChannels] },
      { name: `${at}.1.num_batches_tracked`, shape: [] },
    ]
  })
}

/** Whether a tensor of a state dict is a counter: whole numbers, int64 in PyTorch. */
export function isCounter(name: string): boolean {
  return name.endsWith('num_batches_tracked')
}
