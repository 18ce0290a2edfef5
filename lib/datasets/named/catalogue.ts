/** The data sets that are known by name. */
import { ArgumentError, describe } from '../../errors.js'
import { nearestName } from '../../options.js'
import { audio } from './audio.js'
import type { NamedDataset } from './descriptor.js'
import { fma } from './fma.js'
import { gtzan } from './gtzan.js'
import { librispeech } from './librispeech.js'
import { magnatagatune } from './magnatagatune.js'
import { msd } from './msd.js'
import { mtgJamendo } from './mtg-jamendo.js'
import { nsynth } from './nsynth.js'

/** The data sets that `getDataset` knows. */
export const DATASET_NAMES = [
  'magnatagatune',
  'msd',
  'gtzan',
  'librispeech',
  'audio',
  'fma',
  'mtg-jamendo',
  'nsynth',
] as const
/** A data set that `getDataset` knows. */
export type DatasetName = (typeof DATASET_NAMES)[number]

const ALL: Record<DatasetName, NamedDataset> = {
  magnatagatune,
  msd,
  gtzan,
  librispeech,
  audio,
  fma,
  'mtg-jamendo': mtgJamendo,
  nsynth,
}

/** In the order of the names. */
export const namedDatasets = (): NamedDataset[] => DATASET_NAMES.map((name) => ALL[name])

/** @throws ArgumentError that names the nearest one */
export function findNamed(name: unknown): NamedDataset {
  const found = DATASET_NAMES.find((known) => known === name)
  if (found) return ALL[found]
  const near = typeof name === 'string' ? nearestName(name, DATASET_NAMES) : undefined
  throw new ArgumentError({
    what: 'there is no data set of this name',
    given: describe(name),
    expected: `one of ${DATASET_NAMES.join(', ')}`,
    remedy: near
      ? `Write ${JSON.stringify(near)} instead`
      : 'Pass one of these, or use prepare() for a folder of your own',
  })
}
