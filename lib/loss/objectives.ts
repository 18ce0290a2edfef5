/** The objectives besides NT-Xent, as data: what a trainer learns from. */
import { z } from 'zod'
import { parseOptions } from '../options.js'

const share = z.number().min(0).lt(1)

export const infoNceOptions = z.strictObject({
  temperature: z.number().positive().max(1e6).default(0.2).describe('τ, which divides the similarities'),
  queue: z
    .number()
    .int()
    .min(1)
    .max(1e7)
    .default(65536)
    .describe('keys of earlier batches that are negatives'),
  momentum: share.default(0.999).describe('share that the key encoder keeps of itself at a step'),
})

export const byolOptions = z.strictObject({
  momentum: share
    .default(0.996)
    .describe(
      'share that the target network keeps of itself at the first step; it rises to 1 along a cosine',
    ),
  scheduleSteps: z
    .number()
    .int()
    .min(0)
    .max(1e9)
    .optional()
    .describe('steps in which the momentum rises, 0: it stays; by default those of the training'),
  predictorHidden: z.number().int().min(1).max(65536).default(512).describe('units of the predictor'),
})

export const supervisedOptions = z.strictObject({
  classes: z
    .number()
    .int()
    .min(1)
    .max(1e6)
    .optional()
    .describe('columns of the labels; by default those of the data set'),
  multilabel: z
    .boolean()
    .optional()
    .describe('any number of classes an example; by default as the data set has it'),
  dropout: share.default(0.5).describe('chance that a value of an embedding is left out while training'),
})

export type InfoNce = { readonly name: 'infoNce' } & Readonly<z.output<typeof infoNceOptions>>
export type Byol = { readonly name: 'byol' } & Readonly<z.output<typeof byolOptions>>
export type Supervised = { readonly name: 'supervised' } & Readonly<z.output<typeof supervisedOptions>>

/**
 * Momentum contrast for `Trainer.create`: the first view of an example has to find the second one among the keys of
 * earlier batches. Keys come from an encoder that follows the trained one slowly. Takes 2 views.
 *
 * Source: He et al., "Momentum contrast for unsupervised visual representation learning" (2020); τ and projector as in
 * Chen et al., "Improved baselines with momentum contrastive learning" (MoCo v2, 2020).
 * @param options temperature (0.2), queue (65,536 keys; it starts as random directions), momentum (0.999)
 * @throws ConfigError
 */
export function infoNce(options: z.input<typeof infoNceOptions> = {}): InfoNce {
  return { name: 'infoNce', ...parseOptions(infoNceOptions, options, 'infoNce') }
}

/**
 * BYOL for `Trainer.create`: from either view of an example the network predicts what a slowly moving copy of itself
 * makes of the other one. No negatives. Takes 2 views. Projector and predictor have batch norm; the sizes of the
 * projector are `projection` of the trainer.
 *
 * Source: Grill et al., "Bootstrap your own latent" (2020).
 * @param options momentum (0.996), scheduleSteps (those of the training), predictorHidden (512)
 * @throws ConfigError
 */
export function byol(options: z.input<typeof byolOptions> = {}): Byol {
  return { name: 'byol', ...parseOptions(byolOptions, options, 'byol') }
}

/**
 * Learning from labels for `Trainer.create`: SampleCNN with dropout and a linear layer, binary cross-entropy where an
 * example may have any number of classes, cross-entropy where it has one. The baseline of self-supervised training.
 * @param options classes and multilabel (those of the data set), dropout (0.5)
 * @throws ConfigError
 */
export function supervised(options: z.input<typeof supervisedOptions> = {}): Supervised {
  return { name: 'supervised', ...parseOptions(supervisedOptions, options, 'supervised') }
}
