import { readdir, realpath, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { checkPath } from '../arguments.js'
import { SAMPLE_RATE } from '../clip.js'
import { groupByFolder } from '../datasets/groups.js'
import { labelsFromFolders, labelsFromTable, withoutLabels } from '../datasets/labels.js'
import { folderSource, type TrackSource } from '../datasets/track-source.js'
import type { LabelPlan } from '../datasets/tracks.js'
import { type Walked, walkAudio } from '../datasets/walk.js'
import { ArgumentError, DatasetError, ioError, RejectLimitError } from '../errors.js'
import { makeFolder } from '../files/make-folder.js'
import { checkOutput } from '../files/output.js'
import { removeLeftovers } from '../files/temporary.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { type Dataset, datasetOf } from './dataset.js'
import { type CacheIndex, readEarlierRuns, writeIndex } from './index-file.js'
import { audioFolder, indexPath, partialIndexPath } from './layout.js'
import type { PrepareOptions } from './option-types.js'
import { Preparation } from './preparation.js'
import { isTooMany, type PrepareSettings, prepareOptions } from './prepare-options.js'
import { planSpace } from './space.js'

async function checkSource(source: unknown): Promise<string> {
  checkPath(source, 'prepare')
  const root = resolve(source)
  const found = await stat(root).catch((error) => {
    throw ioError(error, source, 'open the source')
  })
  if (!found.isDirectory())
    throw new DatasetError({
      what: 'there is no folder at this path',
      path: source,
      remedy: 'Pass the folder that the files lie in',
    })
  return root
}

async function checkCache(cache: string, root: string): Promise<void> {
  await makeFolder(cache)
  await checkOutput(indexPath(cache))
  const audio = await readdir(audioFolder(cache)).catch(() => [])
  for (const folder of [cache, ...audio.map((name) => join(audioFolder(cache), name))])
    await removeLeftovers(folder)
  if ((await realpath(root)) === (await realpath(cache)))
    throw new ArgumentError({
      what: 'the cache is the source folder itself',
      given: cache,
      expected: 'another folder',
      remedy: 'Choose another cache',
    })
}

/** The files with their labels. What could not be looked at in the folder is skipped whatever the labels. */
async function planLabels(
  { labels, groupBy, signal }: PrepareSettings,
  { files, skipped }: Walked,
  root: string,
): Promise<LabelPlan> {
  const make = () => {
    if (labels === undefined) return withoutLabels(files)
    return labels === 'folders'
      ? labelsFromFolders(files, root)
      : labelsFromTable(labels, files, root, skipped, signal)
  }
  const labelled = await make()
  const plan = groupBy ? groupByFolder(labelled, groupBy, labels === 'folders' ? 1 : 0) : labelled
  return { ...plan, skipped: [...plan.skipped, ...skipped] }
}

/** Too little is usable: what was done stays in the cache, but the cache is not finished. */
function checkAccepted(index: CacheIndex, limit: number | undefined, source: string): void {
  const total = index.tracks.length + index.skipped.length
  const examples = index.skipped.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`)
  const listed = examples.length > 0 ? `; ${examples.join('; ')}` : ''
  if (total === 0)
    throw new DatasetError({
      what: 'there are no audio files in the folder',
      path: source,
      remedy: 'Check the path',
    })
  if (isTooMany(index.skipped.length, total, limit))
    throw new RejectLimitError({
      what: `too many files cannot be used${listed}`,
      given: `${index.skipped.length} of ${total}`,
      expected: limit! < 1 ? `a share of at most ${limit}` : `at most ${limit}`,
      path: source,
      remedy: 'Raise maxReject to continue without them',
    })
  if (index.tracks.length === 0)
    throw new DatasetError({
      what: `none of ${total} files can be used${listed}`,
      path: source,
      remedy: 'Correct the first cause and run it again',
    })
}

/**
 * Decodes a folder of music once. Every file becomes a 16-bit mono WAV file at 22,050 Hz in the cache, named after
 * its content. The call may be interrupted and repeated, and several processes may work on one cache. Files whose
 * size and modification time have not changed are not decoded again, unless their cached audio is damaged. A file or
 * folder that cannot be used never ends the run: `dataset.skipped` lists it with the reason. Files that are removed
 * from the source are removed from the index.
 *
 * `labels` is `'folders'` (the top-level folder of a file is its class) or a table: comma- or tab-separated, or JSON
 * lines. Its columns are `path` (relative to the source), optionally `split` (`train`, `valid`, `test`) and `group`
 * (such as an artist), and the labels: one 0/1 column per tag, one column `label`, or one column `labels` with names
 * (`a;b;c`; in JSON an array).
 *
 * Without a `split` column, tracks are divided 60/20/20 by a hash of `seed` and of their audio or group, and each split
 * keeps the proportions of the classes. A class with at least three tracks that need not stay together is in every
 * split, unless earlier splits prevent it; `dataset.warnings` names the smaller classes. Tracks with the same audio or
 * group stay in one split; `groupBy` takes folders as groups. A track keeps its split from earlier runs with the same
 * seed, even if it was missing in between.
 *
 * @param source folder to search, including its sub-folders; symbolic links are followed, but a file is taken once,
 *        by its own name where it has one in the folder; hidden files are ignored
 * @returns all tracks; use `subset('train')` and so on for a part
 * @throws DatasetError if the labels are faulty, if nothing can be used, or if more files are unusable than
 *        `maxReject` allows
 * @throws IoError if the cache cannot be written; AbortError once `signal` fires
 */
export async function prepare(source: string, options: PrepareOptions): Promise<Dataset> {
  const settings = parseOptions(prepareOptions, options, 'prepare')
  settings.signal?.throwIfAborted()
  native() // a missing native part is reported here once, not once for every file
  const root = await checkSource(source)
  await checkCache(settings.cache, root)
  const walked = await walkAudio(root, settings.cache, settings.signal)
  const plan = await planLabels(settings, walked, root)
  return fillCache(folderSource(root), plan, settings)
}

async function fillCache(source: TrackSource, plan: LabelPlan, settings: PrepareSettings): Promise<Dataset> {
  const { cache, excerpts } = settings
  const earlier = await readEarlierRuns(cache, SAMPLE_RATE, excerpts)
  const there = new Set(earlier.tracks.map(({ path }) => path))
  const fresh = plan.files.map(({ path }) => path).filter((path) => !there.has(path))
  settings.onPlan?.(await planSpace(source, fresh, cache, excerpts, settings.signal))
  const preparation = new Preparation(source, plan, earlier, settings)
  await preparation.run()
  const index = preparation.index()
  try {
    checkAccepted(index, settings.maxReject, source.root)
  } catch (error) {
    await preparation.save()
    throw error
  }
  await writeIndex(indexPath(settings.cache), index)
  await rm(partialIndexPath(settings.cache), { force: true }).catch(() => undefined)
  const dataset = datasetOf(settings.cache, index, index.tracks)
  for (const warning of dataset.warnings) settings.onWarning?.(warning)
  return dataset
}

/**
 * @internal As `prepare`, for tracks that are known already and that may lie in archives.
 * @throws as `prepare`
 */
export async function preparePlanned(
  source: TrackSource,
  plan: LabelPlan,
  settings: PrepareSettings,
): Promise<Dataset> {
  native()
  await checkCache(settings.cache, source.root)
  return fillCache(source, plan, settings)
}
