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
 * A published data set by its name: fetched where `download` allows it, decoded once into a cache, with its published
 * labels and splits. May be interrupted at any time and called again: a download continues where it stopped, and
 * decoded tracks are not decoded again. A cache that is finished is opened at once. Files that the publication names and
 * that are missing or unusable are listed in `dataset.skipped`.
 *
 * `magnatagatune` (schemes `pons2017`, `minzwon`), `msd` (cannot be downloaded), `gtzan`, `librispeech` (one scheme per
 * set; the speaker is the label), `audio` (any folder; `none`, `folders`), `fma` (`small`, `medium`, `large`), `mtg-jamendo`
 * (`top50`, `genre`, `instrument`, `mood`, `all`), `nsynth` (`instrument`, `pitch`, `source`). Zip archives are read in
 * place; tar archives are unpacked and removed.
 *
 * @param root the folder that holds the data set, or the folder in which it lies under its own name
 * @throws ArgumentError for an unknown name, ConfigError; DatasetError where it is not there or not as it was published
 * @throws ClmrError ERR_DOWNLOAD where something cannot be fetched; IoError; AbortError once `signal` fires
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
