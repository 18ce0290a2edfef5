/**
 * Stage augment: several random versions of every clip, which contrastive learning then brings together.
 *
 * in: clips [B, T] at one sample rate, mono
 * out: views [B·V, clipLength], row = example·V + view, and what was done to each
 */
export { type ApplyOptions, Augmenter, type AugmenterOptions } from './augmenter.js'
export { clmrTransforms } from './clmr-transforms.js'
export type {
  AppliedTransform,
  CustomApply,
  CustomContext,
  Transform,
  TransformInput,
  TransformName,
} from './transform-tables.js'
export * as transforms from './transforms.js'
