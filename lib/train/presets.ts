/** Trainings that have a name: published settings as plain options, to be spread or chosen with `--preset`. */
import { ConfigError, describe } from '../errors.js'
import { OBJECTIVES } from '../objective/objectives.js'
import { nearestName } from '../options.js'
import { adam } from './optimizers.js'
import type { PresetName, TrainerOptions } from './option-types.js'

/** What CLMR's code trains with, and every preset that does not say something else. */
const usual = (): TrainerOptions => ({ optimizer: adam({ lr: 3e-4 }), batchSize: 48 })

const TABLE: Record<string, TrainerOptions> = Object.assign({}, ...OBJECTIVES.map(({ presets }) => presets))

/** The names that `preset` takes. */
export const PRESETS = Object.keys(TABLE) as readonly PresetName[]

/**
 * The options of a training by its name, for `Trainer.create({ ...preset('byol'), dataset })`.
 * @param name clmr, clmr-paper (batch 96), moco, byol or supervised
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
