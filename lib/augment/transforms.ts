/** The functions that make transforms, one each: the group `transforms` of the package. */
import { type Input, type Output, parseTransform, type TransformName } from './transform-tables.js'

function make<N extends TransformName>(name: N, options: object): Output<N> {
  return parseTransform({ ...options, name }) as Output<N>
}

/**
 * A clip from a random place, the same chance for each: comes first in a chain, and always happens. Where a chain has
 * none, rows longer than a clip give their middle.
 */
export const randomCrop = () => make('randomCrop', {})

/** x → −x. */
export const polarityInversion = (options: Input<'polarityInversion'> = {}) =>
  make('polarityInversion', options)

/** White normal noise whose standard deviation is `ratio` times the clip's, or `snrDb` below it. */
export const noise = (options: Input<'noise'> = {}) => make('noise', options)

/** Another volume, uniform in dB. Nothing is clipped (torchaudio's `Vol` clips to ±1). */
export const gain = (options: Input<'gain'> = {}) => make('gain', options)

/** Windowed-sinc low-pass as julius: Hann window, 8 zero crossings each side, the ends of the clip repeated. */
export const lowPass = (options: Input<'lowPass'> = {}) => make('lowPass', options)

/** What such a low-pass takes away. */
export const highPass = (options: Input<'highPass'> = {}) => make('highPass', options)

/** One of the two, with equal chances. */
export const highLowPass = (options: Input<'highLowPass'> = {}) => make('highLowPass', options)

/** One echo: y = (x + volume · x delayed) / 2. */
export const delay = (options: Input<'delay'> = {}) => make('delay', options)

/** Pitch by whole cents, duration kept (WSOLA and resampling, as sox `pitch`). Samples are clipped to ±1, as by sox. */
export const pitchShift = (options: Input<'pitchShift'> = {}) => make('pitchShift', options)

/** Freeverb as sox `reverb`, mixed down to mono. Samples are clipped to ±1, as by sox. */
export const reverb = (options: Input<'reverb'> = {}) => make('reverb', options)

/** The clip backwards. */
export const reverse = (options: Input<'reverse'> = {}) => make('reverse', options)

/**
 * A transform of your own, written in JavaScript. It gets one view at a time on the JavaScript thread, so it is slower than
 * the others, and a Trainer refuses it in the chain of `fit`: make the views with `augment`, and train on them with
 * `trainer.step`.
 *
 *   transforms.custom({ title: 'crush', p: 0.5, apply: (view) => view.map((v) => Math.round(v * 16) / 16) })
 *
 * @param options.apply for random choices it should use `context.random`, which makes a view replayable; what it throws
 *        rejects the call with an ArgumentError, whose `cause` it is
 */
export const custom = (options: Input<'custom'>) => make('custom', options)
