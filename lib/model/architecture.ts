/**
 * SampleCNN as a table: the only place in TypeScript that has its widths.
 * Source: Lee et al., "Sample-level deep convolutional neural networks" (2017), in the form that CLMR
 * (Spijkervet & Burgoyne, ISMIR 2021) trains, and with the variants that CLMR's `SampleCNN(strides)` can build.
 */
import { CLIP_LENGTH } from '../clip.js'
import type { ArchitectureSpec } from '../native/specifications.js'
import type { Architecture } from './option-types.js'

/** CLMR's network: 59,049 = 3^10 samples → 512 numbers. */
export const CLMR_ARCHITECTURE: Architecture = {
  strides: Array(9).fill(3),
  channels: [128, 128, 128, 256, 256, 256, 256, 256, 256, 512],
  supervised: false,
  clipLength: CLIP_LENGTH,
}

/** E */
export const dimOf = ({ channels }: Architecture): number => channels.at(-1)!

/** Whether two networks have the same layers and clips. */
export const isSameNetwork = (a: Architecture, b: Architecture): boolean =>
  a.clipLength === b.clipLength && `${a.strides};${a.channels}` === `${b.strides};${b.channels}`

/** What the encoder computes with: the fused kernels are written for CLMR's network. */
export const kernelsFor = (architecture: Architecture): 'fused' | 'plain' =>
  isSameNetwork(architecture, CLMR_ARCHITECTURE) ? 'fused' : 'plain'

/** The part of the table that is computed with, as it crosses to the native side. */
export const nativeArchitecture = ({ supervised: _, ...network }: Architecture): ArchitectureSpec => network

/** kernel and stride of the first layer; kernel of the last */
const OUTER = 3

/** Samples per channel that leave each layer but the last, which keeps them. */
function stepsAfter(strides: readonly number[], clipLength: number): number[] {
  const steps = [Math.floor(clipLength / OUTER)]
  // Conv1d(s, padding 1) · MaxPool1d(s)
  for (const s of strides) steps.push(Math.max(0, Math.floor((steps.at(-1)! + 3 - s) / s)))
  return steps
}

/** Whether the layers leave one step of a clip. */
export const fitsClip = (strides: readonly number[], clipLength: number): boolean =>
  stepsAfter(strides, clipLength).at(-1) === 1

/** The length that is the product of all strides, or where this leaves more or less than a step, the shortest that leaves one. */
export function clipLengthFor(strides: readonly number[]): number {
  const product = strides.reduce((all, stride) => all * stride, OUTER)
  if (fitsClip(strides, product)) return product
  return OUTER * strides.reduceRight((steps, s) => s * steps + s - 3, 1)
}

/**
 * The network that tensors of these shapes make; undefined if they make none.
 * @param shapeOf the shape of a tensor of the encoder, by its name
 * @param clipLength undefined for that which fits the strides
 */
export function architectureIn(
  shapeOf: (name: string) => readonly number[] | undefined,
  { clipLength, supervised = false }: { clipLength?: number; supervised?: boolean } = {},
): Architecture | undefined {
  const shapes: (readonly number[])[] = []
  for (;;) {
    const shape = shapeOf(`sequential.${shapes.length}.0.weight`)
    if (shape?.length !== 3) break
    shapes.push(shape)
  }
  const pooled = shapes.slice(1, -1)
  const strides = pooled.map(([, , kernel]) => kernel!)
  if (pooled.length === 0 || strides.some((stride) => stride < 2)) return undefined
  const channels = shapes.slice(0, -1).map(([out]) => out!)
  const length = clipLength ?? clipLengthFor(strides)
  return fitsClip(strides, length) ? { strides, channels, supervised, clipLength: length } : undefined
}

export interface SequentialLayer {
  /** its place in `sequential` */
  index: number
  inChannels: number
  outChannels: number
  kernel: number
  stride: 1 | 3
  padding: 0 | 1
  /** of MaxPool1d after the ReLU; 0 if there is none */
  pool: number
  /** samples per channel that leave it, for a clip */
  outputLength: number
}

/** `sequential.0` …: Conv1d · BatchNorm1d · ReLU (· MaxPool1d). */
export function sequentialLayers(architecture = CLMR_ARCHITECTURE): SequentialLayer[] {
  const { strides, channels, clipLength } = architecture
  const steps = stepsAfter(strides, clipLength)
  return Array.from({ length: strides.length + 2 }, (_, index) => {
    const first = index === 0
    const stride = strides[index - 1]
    return {
      index,
      inChannels: channels[index - 1] ?? 1,
      outChannels: channels[index] ?? channels.at(-1)!,
      kernel: stride ?? OUTER,
      stride: first ? OUTER : 1,
      padding: first ? 0 : 1,
      pool: stride ?? 0,
      outputLength: steps[index] ?? 1,
    }
  })
}

export interface TensorSpec {
  name: string
  shape: number[]
}

/** The tensors of the encoder in state-dict order, running statistics and batch counters included; of CLMR's there are 77. */
export function encoderTensors(architecture = CLMR_ARCHITECTURE): TensorSpec[] {
  return sequentialLayers(architecture).flatMap(({ index, inChannels, outChannels, kernel }) => {
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
