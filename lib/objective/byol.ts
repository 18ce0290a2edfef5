/** BYOL: a network predicts what a slowly moving copy of itself makes of another view. */
import { z } from 'zod'
import { parseOptions } from '../options.js'
import { momentumOption, type ObjectiveData, type ObjectiveDescriptor } from './objective.js'
import type { Byol, ByolOptions } from './option-types.js'

/** @internal */
export const byolOptions = z.strictObject({
  momentum: momentumOption(
    0.996,
    'How slowly the target network follows the trained one. After each step, its weights become momentum · its own + (1 − momentum) · those of the trained network. This is the momentum of the first step; it rises to 1 along a cosine.',
  ),
  scheduleSteps: z
    .number()
    .int()
    .min(0)
    .max(1e9)
    .optional()
    .describe(
      'Steps over which the momentum rises; 0 keeps it constant. Default: the steps of the training.',
    ),
  predictorHidden: z.number().int().min(1).max(65536).default(512).describe('Hidden units of the predictor.'),
})

/**
 * BYOL for `Trainer.create`: from each view of an example, the network predicts the projection that a slowly moving
 * copy of itself makes of the other view. It needs no negatives and takes 2 views. Projector and predictor have batch
 * norm; `projection` of the trainer sets the sizes of the projector.
 *
 * Source: Grill et al., "Bootstrap your own latent" (2020).
 * @param options momentum (0.996), scheduleSteps (those of the training), predictorHidden (512)
 * @throws ConfigError
 */
export function byol(options: ByolOptions = {}): Byol {
  return { name: 'byol', ...parseOptions(byolOptions, options, 'byol') }
}

/** @internal */
export const byolObjective = {
  name: 'byol',
  table: byolOptions.extend({ name: z.literal('byol') }),
  views: [2, 2],
  labels: false,
  classifier: false,
  projector: 'own',
  complete: (options: Byol, { steps }: ObjectiveData) => ({
    ...options,
    scheduleSteps: options.scheduleSteps ?? steps ?? 0,
  }),
  courseOf: ({ scheduleSteps }: Byol) =>
    scheduleSteps === undefined ? 'the momentum of the target now rises' : undefined,
  presets: {
    /** BYOL with the heads of its paper, 4096 → 256; with CLMR's optimizer, as BYOL-A. */
    byol: {
      objective: byol({ momentum: 0.996, predictorHidden: 4096 }),
      projection: { hidden: 4096, out: 256 },
    },
  },
} as const satisfies ObjectiveDescriptor
