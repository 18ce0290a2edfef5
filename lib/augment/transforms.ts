/** The functions that make transforms, one each: the group `transforms` of the package. */
import type {
  CustomOptions,
  CustomTransform,
  DelayOptions,
  DelayTransform,
  GainOptions,
  GainTransform,
  HighLowPassOptions,
  HighLowPassTransform,
  HighPassOptions,
  HighPassTransform,
  LowPassOptions,
  LowPassTransform,
  NoiseOptions,
  NoiseTransform,
  PitchShiftOptions,
  PitchShiftTransform,
  PolarityInversionOptions,
  PolarityInversionTransform,
  RandomCropTransform,
  ReverbOptions,
  ReverbTransform,
  ReverseOptions,
  ReverseTransform,
  Transform,
  TransformName,
} from './option-types.js'
import { parseTransform } from './transform-tables.js'

type Named<N> = Extract<Transform, { name: N }>

function make<N extends TransformName>(name: N, options: object): Named<N> {
  return parseTransform({ ...options, name }) as Named<N>
}

/**
 * A clip from a random place, uniformly distributed. It comes first in a chain and is always applied. A chain without
 * it takes the middle of rows that are longer than a clip.
 */
export function randomCrop(): RandomCropTransform {
  return make('randomCrop', {})
}

/** x → −x. */
export function polarityInversion(options: PolarityInversionOptions = {}): PolarityInversionTransform {
  return make('polarityInversion', options)
}

/**
 * White Gaussian noise. Its standard deviation is `ratio` times that of the clip, or lies `snrDb` decibels below it.
 */
export function noise(options: NoiseOptions = {}): NoiseTransform {
  return make('noise', options)
}

/** Random volume, uniform in dB. Nothing is clipped (torchaudio's `Vol` clips to ±1). */
export function gain(options: GainOptions = {}): GainTransform {
  return make('gain', options)
}

/**
 * Windowed-sinc low-pass filter as in julius: Hann window, 8 zero crossings on each side, first and last sample
 * repeated at the ends.
 */
export function lowPass(options: LowPassOptions = {}): LowPassTransform {
  return make('lowPass', options)
}

/** High-pass filter: the clip minus what `lowPass` with the same cut-off would keep. */
export function highPass(options: HighPassOptions = {}): HighPassTransform {
  return make('highPass', options)
}

/** Either `lowPass` or `highPass`, with equal probability. */
export function highLowPass(options: HighLowPassOptions = {}): HighLowPassTransform {
  return make('highLowPass', options)
}

/** One echo: y = (x + volume · x delayed) / 2. */
export function delay(options: DelayOptions = {}): DelayTransform {
  return make('delay', options)
}

/**
 * Pitch shift by whole cents at the same duration (WSOLA and resampling, as in sox `pitch`). Samples are clipped to
 * ±1, as in sox.
 */
export function pitchShift(options: PitchShiftOptions = {}): PitchShiftTransform {
  return make('pitchShift', options)
}

/** Freeverb as in sox `reverb`, mixed down to mono. Samples are clipped to ±1, as in sox. */
export function reverb(options: ReverbOptions = {}): ReverbTransform {
  return make('reverb', options)
}

/** The clip backwards. */
export function reverse(options: ReverseOptions = {}): ReverseTransform {
  return make('reverse', options)
}

/**
 * A transform of your own, written in JavaScript. It gets one view at a time on the JavaScript thread, so it is
 * slower than the others. A Trainer refuses it in the chain of `fit`: make the views with `augment` instead, and
 * train on them with `trainer.step`.
 *
 *   transforms.custom({ title: 'crush', p: 0.5, apply: (view) => view.map((v) => Math.round(v * 16) / 16) })
 *
 * @param options.apply changes the view. For random choices, it should use `context.random`, so that
 *        `Augmenter.apply` can reproduce the view. If it throws, the call rejects with an ArgumentError, whose `cause` is
 *        what was thrown
 */
export function custom(options: CustomOptions): CustomTransform {
  return make('custom', options)
}
