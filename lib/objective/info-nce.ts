/** InfoNCE with a queue of keys, the objective of momentum contrast. */
import { z } from 'zod'
import { parseOptions } from '../options.js'
import { momentumOption, type ObjectiveDescriptor, positiveOption } from './objective.js'
import type { InfoNce, InfoNceOptions } from './option-types.js'

/** @internal */
export const infoNceOptions = z.strictObject({
  temperature: positiveOption(0.2, 'Temperature τ, which divides the similarities.'),
  queue: z
    .number()
    .int()
    .min(1)
    .max(1e7)
    .default(65536)
    .describe('Number of keys of earlier batches, which serve as negatives.'),
  momentum: momentumOption(
    0.999,
    'How slowly the key encoder follows the trained one. After each step, its weights become momentum · its own + (1 − momentum) · those of the trained encoder.',
  ),
})

/**
 * Momentum contrast for `Trainer.create`: the first view of an example has to tell the second one from the keys of
 * earlier batches. The keys come from an encoder that slowly follows the trained one. It takes 2 views.
 *
 * Source: He et al., "Momentum contrast for unsupervised visual representation learning" (2020); τ and projector as
 * in Chen et al., "Improved baselines with momentum contrastive learning" (MoCo v2, 2020).
 * @param options temperature (0.2), queue (65,536 keys, which are random at the start), momentum (0.999)
 * @throws ConfigError
 */
export function infoNce(options: InfoNceOptions = {}): InfoNce {
  return { name: 'infoNce', ...parseOptions(infoNceOptions, options, 'infoNce') }
}

/** @internal */
export const infoNceObjective = {
  name: 'infoNce',
  table: infoNceOptions.extend({ name: z.literal('infoNce') }),
  views: [2, 2],
  labels: false,
  classifier: false,
  projector: 'simclr',
  presets: {
    /** MoCo v2: queue of 65,536 keys, τ 0.2, 128 dimensions; with CLMR's optimizer. */
    moco: {
      objective: infoNce({ temperature: 0.2, queue: 65536, momentum: 0.999 }),
      projection: { hidden: 512, out: 128 },
    },
  },
} as const satisfies ObjectiveDescriptor
