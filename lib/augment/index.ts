/**
 * Stage augment: several random versions of every clip, which contrastive learning then brings together.
 *
 * in: clips [B, T] at one sample rate, mono
 * out: views [B·V, clipLength], row = example·V + view, and what was done to each
 */
export type { AppliedTransform } from '../native/binding.js'
export { Augmenter } from './augmenter.js'
export { clmrTransforms } from './clmr-transforms.js'
export type * from './option-types.js'
export * as transforms from './transforms.js'
export type { CustomApply, CustomContext } from './types.js'
