/**
 * Stage augment: several random versions of every clip, which contrastive learning then brings together.
 *
 * in: clips [B, T] at one sample rate, mono
 * out: views [B·V, clipLength], row = example·V + view, and what was done to each
 */
export { type ApplyOptions, Augmenter, type AugmenterOptions } from './augmenter.js'
export {
  type AppliedTransform,
  type CustomApply,
  type CustomContext,
  clmrTransforms,
  custom,
  delay,
  gain,
  highLowPass,
  highPass,
  lowPass,
  noise,
  pitchShift,
  polarityInversion,
  randomCrop,
  reverb,
  reverse,
  type Transform,
  type TransformInput,
  type TransformName,
} from './transforms.js'
