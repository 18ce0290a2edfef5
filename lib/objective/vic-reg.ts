/** VICReg: views of an example come together, and every dimension of the projections keeps something of its own to say. */
import { z } from 'zod'
import { parseOptions } from '../options.js'
import { type ObjectiveDescriptor, positiveOption } from './objective.js'
import type { VicReg, VicRegOptions } from './option-types.js'

const weight = (fallback: number, doc: string) => z.number().min(0).max(1e6).default(fallback).describe(doc)

/** @internal */
export const vicRegOptions = z.strictObject({
  invariance: weight(25, 'Weight of the squared distance between the two views.'),
  variance: weight(25, 'Weight of the variance term: how far standard deviations fall short of gamma.'),
  covariance: weight(1, 'Weight of the squared covariances between dimensions.'),
  gamma: positiveOption(1, 'Target standard deviation of every dimension over the batch.'),
})

/**
 * VICReg for `Trainer.create`: the projections of two views of an example become equal, while every dimension keeps
 * its spread over the batch and is uncorrelated with the others. It needs no negatives and no second network, and
 * takes 2 views. The projector has three layers with batch norm; `projection` of the trainer sets their widths, which
 * should be larger than that of an embedding: `{ hidden: 2048, out: 2048 }`.
 *
 * Source: Bardes, Ponce & LeCun, "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning"
 * (2022).
 * @param options invariance (25), variance (25), covariance (1), gamma (1)
 * @throws ConfigError
 */
export function vicReg(options: VicRegOptions = {}): VicReg {
  return { name: 'vicReg', ...parseOptions(vicRegOptions, options, 'vicReg') }
}

/** @internal */
export const vicRegObjective = {
  name: 'vicReg',
  table: vicRegOptions.extend({ name: z.literal('vicReg') }),
  views: [2, 2],
  labels: false,
  classifier: false,
  projector: 'own',
  presets: {},
} as const satisfies ObjectiveDescriptor
