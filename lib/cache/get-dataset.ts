/** Published data sets by name, from download to prepared cache. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { checkPath } from '../arguments.js'
import {
  checkScheme,
  type DatasetName,
  fetchDataset,
  findFolder,
  findNamed,
  type NamedDataset,
  notThere,
  Place,
  planNamed,
} from '../datasets/named/index.js'
import type { Split } from '../datasets/tracks.js'
import { CacheError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import { parseOptions } from '../options.js'
import { type Dataset, openDataset } from './dataset.js'
import { type DatasetSettings, datasetOptions } from './dataset-options.js'
import type { DatasetOptions } from './option-types.js'
import { preparePlanned } from './prepare.js'

/** What a cache was made from, beside its index: written when no track was missing. */
const recordPath = (cache: string) => join(cache, 'dataset.json')

const recordOf = (dataset: NamedDataset, scheme: string, folder: string, excerpts: string | undefined) =>
  `${JSON.stringify({ name: dataset.name, scheme, folder, excerpts })}\n`

function defaultCache(dataset: NamedDataset, scheme: string, root: string): string {
  const name = scheme === dataset.schemes[0] ? dataset.name : `${dataset.name}-${scheme}`
  return join(root, '.clmr', name)
}

/** The finished cache of an earlier call, where it was made from the same. */
async function openEarlier(cache: string, record: string): Promise<Dataset | undefined> {
  const written = await readFile(recordPath(cache), 'utf8').catch(() => undefined)
  if (written !== record) return undefined
  try {
    return await openDataset(cache)
  } catch (error) {
    if (error instanceof CacheError) return undefined
    throw error
  }
}

async function decode(
  dataset: NamedDataset,
  scheme: string,
  folder: string,
  cache: string,
  { seed, concurrency, excerpts, maxReject, signal, onProgress, onPlan, onWarning }: DatasetSettings,
): Promise<Dataset> {
  const archives = dataset.archives?.(scheme) ?? []
  using place = await Place.open(folder, archives, cache, signal)
  const { plan, missing } = await planNamed(dataset, place, scheme)
  const prepared = await preparePlanned(place, plan, {
    ...{ cache, seed, concurrency, excerpts, maxReject, signal, onPlan, onWarning },
    onProgress: onProgress && ((progress) => onProgress({ phase: 'prepare', ...progress })),
  })
  if (missing === 0)
    await writeAtomically(recordPath(cache), [Buffer.from(recordOf(dataset, scheme, folder, excerpts))])
  return prepared
}

/**
 * @internal As `getDataset`, for a data set that is described by the caller.
 * @param again decodes what is new or changed, also where a finished cache is there
 */
export async function prepareNamed(
  dataset: NamedDataset,
  root: string,
  settings: DatasetSettings,
  again: boolean,
): Promise<Dataset> {
  const scheme = checkScheme(dataset, settings.scheme)
  const { download, signal, onProgress } = settings
  signal?.throwIfAborted()
  const base = resolve(root)
  const cache = settings.cache ?? defaultCache(dataset, scheme, base)
  const known = findFolder(dataset, base)
  const earlier =
    known && !again
      ? await openEarlier(cache, recordOf(dataset, scheme, known, settings.excerpts))
      : undefined
  if (earlier) return earlier
  const folder = known ?? join(base, dataset.folders[0])
  if (download) await fetchDataset(dataset, scheme, { folder, signal, onProgress })
  else if (known === undefined) throw notThere(dataset, base)
  return decode(dataset, scheme, folder, cache, settings)
}

/**
 * Opens a published data set by name, with its published labels and splits. It is downloaded if `download` is true,
 * and decoded once into a cache. The call may be interrupted and repeated: downloads resume, and decoded tracks are
 * kept. A finished cache is opened at once. Published files that are missing or unusable are listed in
 * `dataset.skipped`.
 *
 * The names, with their schemes in brackets; `msd`, `gtzan` and `librispeech` have only one:
 *
 * - `magnatagatune` (`pons2017`, `minzwon`), `gtzan`, `fma` (`small`, `medium`, `large`)
 * - `mtg-jamendo` (`top50`, `genre`, `instrument`, `mood`, `all`), `nsynth` (`instrument`, `pitch`, `source`)
 * - `msd`, whose audio cannot be downloaded
 * - `librispeech`, whose labels are the speakers
 * - `audio` (`none`, `folders`): any folder of your own
 *
 * Zip archives are read in place; tar archives are unpacked and removed.
 *
 * @param root folder of the data set, or the folder that contains it under its own name
 * @throws ArgumentError for an unknown name, ConfigError; DatasetError if the data set is missing or differs from what
 *        was published
 * @throws ClmrError ERR_DOWNLOAD if a download fails; IoError; AbortError once `signal` fires
 */
export async function getDataset(
  name: DatasetName,
  root: string,
  options: DatasetOptions = {},
): Promise<Dataset> {
  const dataset = findNamed(name)
  const settings = parseOptions(datasetOptions, options, 'getDataset')
  checkPath(root, 'getDataset')
  return inSubset(await prepareNamed(dataset, root, settings, false), settings.subset)
}

function inSubset(whole: Dataset, subset: Split | undefined): Dataset {
  return subset === undefined ? whole : whole.subset(subset)
}
