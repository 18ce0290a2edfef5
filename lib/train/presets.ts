/** Trainings that have a name: published settings as plain options, to be spread or chosen with `--preset`. */

import { gain, polarityInversion, randomCrop } from '../augment/transforms.js'
import { ConfigError, describe } from '../errors.js'
import { ntXent } from '../objective/nt-xent.js'
import { OBJECTIVES } from '../objective/objectives.js'
import { nearestName } from '../options.js'
import { adam } from './optimizers.js'
import type { PresetName, TrainerOptions } from './option-types.js'
import { cosine } from './schedules.js'

/** What CLMR's code trains with, and every preset that does not say something else. */
const usual = (): TrainerOptions => ({ optimizer: adam({ lr: 3e-4 }), batchSize: 48 })

/**
 * For minutes to hours on a CPU: a light chain, a small temperature, and a rate that rises and falls. The published
 * chain is made for millions of steps; in ten thousands of views an encoder learns next to nothing from it.
 */
const small: TrainerOptions = {
  objective: ntXent({ temperature: 0.1 }),
  optimizer: adam({ lr: 1e-3 }),
  schedule: cosine({ warmupSteps: 20 }),
  augmenter: { transforms: [randomCrop(), polarityInversion({ p: 0.5 }), gain({ p: 0.5, db: [-12, -1] })] },
}

const TABLE: Record<string, TrainerOptions> = Object.assign({}, ...OBJECTIVES.map(({ presets }) => presets), {
  small,
})

/** The names that `preset` takes. */
export const PRESETS = Object.keys(TABLE) as readonly PresetName[]

/**
 * The options that a preset stands for, to start from in `Trainer.create({ ...preset('byol'), dataset })`.
 * @param name clmr, clmr-paper (batch 96), moco, byol, supervised, or small (for minutes to hours on a CPU)
 * @throws ConfigError for another name
 */
export function preset(name: PresetName): TrainerOptions {
  return presetAt(name)
}

/** @param path where the name was written, for messages */
export function presetAt(name: PresetName, path?: string): TrainerOptions {
  if (typeof name === 'string' && Object.hasOwn(TABLE, name))
    return { ...usual(), ...structuredClone(TABLE[name]!) }
  const near = typeof name === 'string' ? nearestName(name, PRESETS) : undefined
  throw new ConfigError({
    what: 'there is no preset of this name',
    given: describe(name),
    expected: `one of ${PRESETS.join(', ')}`,
    remedy: near ? `Write ${JSON.stringify(near)} instead` : 'Correct the name',
    path,
  })
}
