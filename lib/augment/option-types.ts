/** The options of stage augment, written by scripts/write-option-types.ts from its tables: do not edit. */
import type { CustomApply } from './types.js'

/** Options of `polarityInversion`. */
export interface PolarityInversionOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
}

/** Options of `noise`. */
export interface NoiseOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Standard deviation of the noise divided by that of the clip. [min, max]; equal ends give a fixed value. Range: 0 or more. Default: [0.0001, 0.01], unless snrDb is given. */
  ratio?: readonly [number, number] | undefined
  /** Signal-to-noise ratio in dB, instead of `ratio`. [min, max]; equal ends give a fixed value. Range: -120 to 200. */
  snrDb?: readonly [number, number] | undefined
}

/** Options of `gain`. */
export interface GainOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Gain in dB. [min, max]; equal ends give a fixed value. Range: -120 to 60. Default: [-20, -1]. */
  db?: readonly [number, number] | undefined
}

/** Options of `lowPass`. */
export interface LowPassOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Cut-off frequency in Hz. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [2200, 4000]. */
  cutoff?: readonly [number, number] | undefined
}

/** Options of `highPass`. */
export interface HighPassOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Cut-off frequency in Hz. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [200, 1200]. */
  cutoff?: readonly [number, number] | undefined
}

/** Options of `highLowPass`. */
export interface HighLowPassOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Cut-off frequency in Hz of the low-pass filter. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [2200, 4000]. */
  lowPass?: readonly [number, number] | undefined
  /** Cut-off frequency in Hz of the high-pass filter. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [200, 1200]. */
  highPass?: readonly [number, number] | undefined
}

/** Options of `delay`. */
export interface DelayOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Delay in ms; both ends of the range are possible. [min, max]; equal ends give a fixed value. Range: 0 to 60,000. Default: [200, 500]. */
  ms?: readonly [number, number] | undefined
  /** Step between possible delays in ms. Range: above 0, at most 60,000. Default: 50. */
  stepMs?: number | undefined
  /** Volume of the echo, as a fraction of that of the signal. Range: 0 to 1. Default: 0.5. */
  volume?: number | undefined
}

/** Options of `pitchShift`. */
export interface PitchShiftOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Pitch shift in whole cents. [min, max]; equal ends give a fixed value. Range: -1,200 to 1,200. Default: [-700, 700]. */
  cents?: readonly [number, number] | undefined
}

/** Options of `reverb`. */
export interface ReverbOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** How long the reverb rings, in whole percent. [min, max]; equal ends give a fixed value. Range: 0 to 100. Default: [0, 100]. */
  reverberance?: readonly [number, number] | undefined
  /** How fast the treble fades, in whole percent. [min, max]; equal ends give a fixed value. Range: 0 to 100. Default: [0, 100]. */
  damping?: readonly [number, number] | undefined
  /** Size of the room, in whole percent. [min, max]; equal ends give a fixed value. Range: 0 to 100. Default: [0, 100]. */
  roomSize?: readonly [number, number] | undefined
}

/** Options of `reverse`. */
export interface ReverseOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
}

/** Options of `custom`. */
export interface CustomOptions {
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  p?: number | undefined
  /** Name of the transform; `draw` returns it with the parameters. */
  title: string
  /** Changes the view in place, or returns another one of the same length. */
  apply: CustomApply
}

/** The transform `randomCrop` with all its options. */
export interface RandomCropTransform {
  /** Its name. */
  readonly name: 'randomCrop'
}

/** The transform `polarityInversion` with all its options. */
export interface PolarityInversionTransform {
  /** Its name. */
  readonly name: 'polarityInversion'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
}

/** The transform `noise` with all its options. */
export interface NoiseTransform {
  /** Its name. */
  readonly name: 'noise'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Standard deviation of the noise divided by that of the clip. [min, max]; equal ends give a fixed value. Range: 0 or more. Default: [0.0001, 0.01], unless snrDb is given. */
  readonly ratio?: readonly [number, number] | undefined
  /** Signal-to-noise ratio in dB, instead of `ratio`. [min, max]; equal ends give a fixed value. Range: -120 to 200. */
  readonly snrDb?: readonly [number, number] | undefined
}

/** The transform `gain` with all its options. */
export interface GainTransform {
  /** Its name. */
  readonly name: 'gain'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Gain in dB. [min, max]; equal ends give a fixed value. Range: -120 to 60. Default: [-20, -1]. */
  readonly db: readonly [number, number]
}

/** The transform `lowPass` with all its options. */
export interface LowPassTransform {
  /** Its name. */
  readonly name: 'lowPass'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Cut-off frequency in Hz. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [2200, 4000]. */
  readonly cutoff: readonly [number, number]
}

/** The transform `highPass` with all its options. */
export interface HighPassTransform {
  /** Its name. */
  readonly name: 'highPass'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Cut-off frequency in Hz. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [200, 1200]. */
  readonly cutoff: readonly [number, number]
}

/** The transform `highLowPass` with all its options. */
export interface HighLowPassTransform {
  /** Its name. */
  readonly name: 'highLowPass'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Cut-off frequency in Hz of the low-pass filter. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [2200, 4000]. */
  readonly lowPass: readonly [number, number]
  /** Cut-off frequency in Hz of the high-pass filter. [min, max]; equal ends give a fixed value. Range: 10 to 500,000. Default: [200, 1200]. */
  readonly highPass: readonly [number, number]
}

/** The transform `delay` with all its options. */
export interface DelayTransform {
  /** Its name. */
  readonly name: 'delay'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Delay in ms; both ends of the range are possible. [min, max]; equal ends give a fixed value. Range: 0 to 60,000. Default: [200, 500]. */
  readonly ms: readonly [number, number]
  /** Step between possible delays in ms. Range: above 0, at most 60,000. Default: 50. */
  readonly stepMs: number
  /** Volume of the echo, as a fraction of that of the signal. Range: 0 to 1. Default: 0.5. */
  readonly volume: number
}

/** The transform `pitchShift` with all its options. */
export interface PitchShiftTransform {
  /** Its name. */
  readonly name: 'pitchShift'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Pitch shift in whole cents. [min, max]; equal ends give a fixed value. Range: -1,200 to 1,200. Default: [-700, 700]. */
  readonly cents: readonly [number, number]
}

/** The transform `reverb` with all its options. */
export interface ReverbTransform {
  /** Its name. */
  readonly name: 'reverb'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** How long the reverb rings, in whole percent. [min, max]; equal ends give a fixed value. Range: 0 to 100. Default: [0, 100]. */
  readonly reverberance: readonly [number, number]
  /** How fast the treble fades, in whole percent. [min, max]; equal ends give a fixed value. Range: 0 to 100. Default: [0, 100]. */
  readonly damping: readonly [number, number]
  /** Size of the room, in whole percent. [min, max]; equal ends give a fixed value. Range: 0 to 100. Default: [0, 100]. */
  readonly roomSize: readonly [number, number]
}

/** The transform `reverse` with all its options. */
export interface ReverseTransform {
  /** Its name. */
  readonly name: 'reverse'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
}

/** The transform `custom` with all its options. */
export interface CustomTransform {
  /** Its name. */
  readonly name: 'custom'
  /** Probability that the transform is applied to a view. Range: 0 to 1. Default: 1. */
  readonly p: number
  /** Name of the transform; `draw` returns it with the parameters. */
  readonly title: string
  /** Changes the view in place, or returns another one of the same length. */
  readonly apply: CustomApply
}

/** Any transform with all its options: randomCrop, polarityInversion, noise, gain, lowPass, highPass, highLowPass, delay, pitchShift, reverb, reverse, custom. */
export type Transform =
  | RandomCropTransform
  | PolarityInversionTransform
  | NoiseTransform
  | GainTransform
  | LowPassTransform
  | HighPassTransform
  | HighLowPassTransform
  | DelayTransform
  | PitchShiftTransform
  | ReverbTransform
  | ReverseTransform
  | CustomTransform

/** Names of the transforms. */
export type TransformName =
  | 'randomCrop'
  | 'polarityInversion'
  | 'noise'
  | 'gain'
  | 'lowPass'
  | 'highPass'
  | 'highLowPass'
  | 'delay'
  | 'pitchShift'
  | 'reverb'
  | 'reverse'
  | 'custom'

/** Any transform as you write it: options that you leave out have their defaults. */
export type TransformInput =
  | {
      /** Name of the transform. */
      name: 'randomCrop'
    }
  | ({
      /** Name of the transform. */
      name: 'polarityInversion'
    } & PolarityInversionOptions)
  | ({
      /** Name of the transform. */
      name: 'noise'
    } & NoiseOptions)
  | ({
      /** Name of the transform. */
      name: 'gain'
    } & GainOptions)
  | ({
      /** Name of the transform. */
      name: 'lowPass'
    } & LowPassOptions)
  | ({
      /** Name of the transform. */
      name: 'highPass'
    } & HighPassOptions)
  | ({
      /** Name of the transform. */
      name: 'highLowPass'
    } & HighLowPassOptions)
  | ({
      /** Name of the transform. */
      name: 'delay'
    } & DelayOptions)
  | ({
      /** Name of the transform. */
      name: 'pitchShift'
    } & PitchShiftOptions)
  | ({
      /** Name of the transform. */
      name: 'reverb'
    } & ReverbOptions)
  | ({
      /** Name of the transform. */
      name: 'reverse'
    } & ReverseOptions)
  | ({
      /** Name of the transform. */
      name: 'custom'
    } & CustomOptions)

/** Options of `new Augmenter`. */
export interface AugmenterOptions {
  /** The chain, in order. Default: clmrTransforms(), the published chain. */
  transforms?: readonly TransformInput[] | undefined
  /** Views per example. Range: 1 to 1,024. Default: 2. */
  views?: number | undefined
  /** Length of a view in samples. Range: 1 or more. Default: 59,049. */
  clipLength?: number | undefined
  /** Sample rate in Hz. Range: 1,000 to 768,000. Default: 22,050. */
  sampleRate?: number | undefined
  /** Seed of every random choice. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Where to compute. 'auto' is CUDA if clmr's own CUDA kernels are available, otherwise the CPU. A Trainer augments on the device that it trains on. Default: 'auto'. */
  device?: 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | undefined
}

/** All options of an Augmenter. */
export interface AugmenterSettings {
  /** The chain, in order. Default: clmrTransforms(), the published chain. */
  readonly transforms: readonly Transform[]
  /** Views per example. Range: 1 to 1,024. Default: 2. */
  readonly views: number
  /** Length of a view in samples. Range: 1 or more. Default: 59,049. */
  readonly clipLength: number
  /** Sample rate in Hz. Range: 1,000 to 768,000. Default: 22,050. */
  readonly sampleRate: number
  /** Seed of every random choice. Range: 0 or more. Default: 42. */
  readonly seed: number
  /** Where to compute. 'auto' is CUDA if clmr's own CUDA kernels are available, otherwise the CPU. A Trainer augments on the device that it trains on. Default: 'auto'. */
  readonly device?: 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | undefined
}

/** Options of `Augmenter.apply`. */
export interface ApplyOptions {
  /** Samples per row of the batch. Range: 1 or more. Default: clipLength. */
  length?: number | undefined
  /** Array to fill instead of a new one: n · views · clipLength values that do not overlap the batch. */
  out?: Float32Array | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Options of `Augmenter.augment`. */
export interface AugmentOptions {
  /** Samples per row of the batch. Range: 1 or more. Default: clipLength. */
  length?: number | undefined
  /** Array to fill instead of a new one: n · views · clipLength values that do not overlap the batch. */
  out?: Float32Array | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Number of the batch; each step gives different views. Range: 0 or more. Default: 0. */
  step?: number | undefined
}

/** Options of `Augmenter.draw`. */
export interface DrawOptions {
  /** Number of the batch; each step gives different views. Range: 0 or more. Default: 0. */
  step?: number | undefined
  /** Samples per row of the batch. Range: 1 or more. Default: clipLength. */
  length?: number | undefined
}

/** Options of `clmrTransforms`. */
export interface ClmrProbabilities {
  /** Probability of polarityInversion. Range: 0 to 1. Default: 0.8. */
  polarityInversion?: number | undefined
  /** Probability of noise. Range: 0 to 1. Default: 0.01. */
  noise?: number | undefined
  /** Probability of gain. Range: 0 to 1. Default: 0.3. */
  gain?: number | undefined
  /** Probability of highLowPass. Range: 0 to 1. Default: 0.8. */
  highLowPass?: number | undefined
  /** Probability of delay. Range: 0 to 1. Default: 0.3. */
  delay?: number | undefined
  /** Probability of pitchShift. Range: 0 to 1. Default: 0.6. */
  pitchShift?: number | undefined
  /** Probability of reverb. Range: 0 to 1. Default: 0.6. */
  reverb?: number | undefined
}
