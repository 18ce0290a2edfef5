/** The nouns of stage augment that are no options. */

/** What a transform in JavaScript gets besides the view. */
export interface CustomContext {
  /** rate of the view in Hz */
  sampleRate: number
  /** seed of the random choices for this view; it is recorded, so that a replay makes the same choices */
  seed: number
  /** the next random number of that seed, uniform in [0, 1) */
  random: () => number
}

/** Changes the samples of `view` in place, or returns an array of the same length; may be asynchronous. */
export type CustomApply = (
  view: Float32Array,
  context: CustomContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is what one writes
) => Float32Array | void | Promise<Float32Array | void>
