/** Trainings that have a name: published settings as plain options, to be spread or chosen with `--preset`. */
import { ConfigError } from '../errors.js'
import { byol, infoNce, ntXent, supervised } from '../loss/index.js'
import { nearestName } from '../options.js'
import type { TrainerOptions } from './options.js'
import { adam, sgd } from './recipe.js'

const clmr = (): TrainerOptions => ({
  objective: ntXent({ temperature: 0.5 }),
  projection: { hidden: 512, out: 64 },
  optimizer: adam({ lr: 3e-4 }),
  viewNorm: 'separate',
  batchSize: 48,
})

const TABLE = {
  /** CLMR's code: NT-Xent, batch 48, a pass a view. */
  clmr,
  /** The best results of its paper: batch 96. */
  'clmr-paper': () => ({ ...clmr(), batchSize: 96 }),
  /** MoCo v2: queue of 65,536 keys, τ 0.2, 128 dimensions; with CLMR's optimiser. */
  moco: () => ({
    objective: infoNce({ temperature: 0.2, queue: 65536, momentum: 0.999 }),
    projection: { hidden: 512, out: 128 },
    optimizer: adam({ lr: 3e-4 }),
    batchSize: 48,
  }),
  /** BYOL with the heads of its paper, 4096 → 256; with CLMR's optimiser, as BYOL-A. */
  byol: () => ({
    objective: byol({ momentum: 0.996, predictorHidden: 4096 }),
    projection: { hidden: 4096, out: 256 },
    optimizer: adam({ lr: 3e-4 }),
    batchSize: 48,
  }),
  /** The supervised SampleCNN that CLMR is compared with: dropout, SGD with Nesterov's momentum, one view. */
  supervised: () => ({
    objective: supervised({ dropout: 0.5 }),
    optimizer: sgd({ lr: 0.01, momentum: 0.9, nesterov: true }),
    augmenter: { views: 1 },
    batchSize: 48,
  }),
} satisfies Record<string, () => TrainerOptions>

export type PresetName = keyof typeof TABLE
export const PRESETS = Object.keys(TABLE) as PresetName[]

/**
 * The options of a training by its name, for `Trainer.create({ ...preset('byol'), dataset })`.
 * @param name clmr, clmr-paper (batch 96), moco, byol or supervised
 * @param path where the name was written, for messages
 * @throws ConfigError for another name
 */
export function preset(name: PresetName, path?: string): TrainerOptions {
  if (Object.hasOwn(TABLE, name)) return TABLE[name]()
  const near = nearestName(String(name), PRESETS)
  throw new ConfigError({
    what: 'there is no preset of this name',
    given: JSON.stringify(name),
    expected: `one of ${PRESETS.join(', ')}`,
    remedy: near ? `Write ${JSON.stringify(near)} instead` : 'Correct the name',
    path,
  })
}
