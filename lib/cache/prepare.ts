import { realpath, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { hashSource } from '../audio/source.js'
import { consume, decodeStream } from '../audio/stream.js'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { labelsFromCsv, labelsFromFolders, withoutLabels } from '../datasets/labels.js'
import { assignSplits } from '../datasets/split.js'
import type { LabelledFile, LabelPlan, SkippedFile, Split } from '../datasets/tracks.js'
import { byCodeUnit, walkAudio } from '../datasets/walk.js'
import { ArgumentError, ClmrError, DatasetError, describe, ioError } from '../errors.js'
import { makeFolder } from '../files/make-folder.js'
import { native } from '../native/load.js'
import { getThreads } from '../native/threads.js'
import { parseOptions, signalOption } from '../options.js'
import { Dataset } from './dataset.js'
import { type CacheIndex, type IndexTrack, readEarlierTracks, writeIndex } from './index-file.js'
import { AUDIO_VERSION, contentKey, indexPath, partialIndexPath } from './layout.js'
import { isStored, StoreFailure, storeTrack } from './store.js'

export interface PrepareProgress {
  /** files that are finished, of `total` */
  done: number
  total: number
  accepted: number
  rejected: number
  /** the file that was just finished, relative to the source */
  path: string
}

/** The options of `prepare`. */
export const prepareOptions = z.strictObject({
  cache: z.string().min(1).describe('folder that takes the decoded tracks'),
  labels: z.string().min(1).optional().describe('"folders" (sub-folder = class), or a CSV file'),
  seed: z.number().int().default(42).describe('seed of the division into train, valid and test'),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('files that are worked on at the same time'),
  maxReject: z.number().min(0).max(1).default(1).describe('highest share of files that may be unusable'),
  signal: signalOption.describe('interrupts; what is done stays done'),
  onProgress: z
    .custom<(progress: PrepareProgress) => void>((f) => typeof f === 'function', 'expected a function')
    .optional()
    .describe('called after each file'),
})

export type PrepareOptions = z.input<typeof prepareOptions>
type Settings = z.output<typeof prepareOptions>

/** How often the results so far are saved, in case the process is killed. */
const SAVE_MILLISECONDS = 5000

type Cached = Omit<IndexTrack, 'path' | 'labels' | 'split'>
type Outcome = { file: LabelledFile; cached: Cached } | { file: LabelledFile; skipped: SkippedFile }

/** One run of `prepare`: its plan, and its results so far. */
class Preparation {
  readonly outcomes: Outcome[] = []
  private readonly bySource = new Map<string, Promise<Omit<Cached, 'size' | 'mtimeMs'>>>()
  private accepted = 0
  private lastSave = Date.now()
  private saving: Promise<void> = Promise.resolve()

  constructor(
    private readonly root: string,
    private readonly plan: LabelPlan,
    private readonly earlier: ReadonlyMap<string, IndexTrack>,
    private readonly settings: Settings,
  ) {}

  /** Works through all files, several at a time. Rejects when aborted or when the cache cannot be written. */
  async run(): Promise<void> {
    const { files } = this.plan
    let next = 0
    const stop = new AbortController()
    const { signal } = this.settings
    const combined = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    const work = async () => {
      while (next < files.length) {
        combined.throwIfAborted()
        const file = files[next++]!
        this.finish(await this.prepareFile(file, combined))
        if (Date.now() - this.lastSave > SAVE_MILLISECONDS) await this.save()
      }
    }
    const workers = Array.from(
      { length: Math.min(this.settings.concurrency ?? getThreads(), files.length) },
      () =>
        work().catch((error) => {
          stop.abort(error)
          throw error
        }),
    )
    const results = await Promise.allSettled(workers)
    if (!stop.signal.aborted && !signal?.aborted) return
    await this.save()
    signal?.throwIfAborted()
    throw stop.signal.aborted ? stop.signal.reason : results
  }

  private finish(outcome: Outcome): void {
    this.outcomes.push(outcome)
    if ('cached' in outcome) this.accepted++
    const done = this.outcomes.length
    this.settings.onProgress?.({
      done,
      total: this.plan.files.length,
      accepted: this.accepted,
      rejected: done - this.accepted,
      path: outcome.file.path,
    })
  }

  private async prepareFile(file: LabelledFile, signal: AbortSignal): Promise<Outcome> {
    try {
      return { file, cached: (await this.fromEarlier(file)) ?? (await this.decodeFile(file, signal)) }
    } catch (error) {
      // whatever goes wrong with one file, from wherever, is that file's line
      if (signal.aborted || error instanceof StoreFailure) throw error
      const isOurs = error instanceof ClmrError
      const code = isOurs ? error.code : 'ERR_INTERNAL'
      return { file, skipped: { path: file.path, code, reason: isOurs ? reasonOf(error) : String(error) } }
    }
  }

  /** A source is not read again if its size and time are those of an earlier run and its track is still there. */
  private async fromEarlier(file: LabelledFile): Promise<Cached | undefined> {
    const known = this.earlier.get(file.path)
    if (!known) return undefined
    const found = await stat(join(this.root, file.path)).catch(() => undefined)
    const same = found?.isFile() === true && found.size === known.size && found.mtimeMs === known.mtimeMs
    return same && (await isStored(this.settings.cache, known)) ? known : undefined
  }

  private async decodeFile(file: LabelledFile, signal: AbortSignal): Promise<Cached> {
    const path = join(this.root, file.path)
    const { sha256, size, mtimeMs } = await hashSource(path, signal)
    // the same bytes under two names are decoded once
    const running = this.bySource.get(sha256) ?? this.store(sha256, path, signal)
    this.bySource.set(sha256, running)
    return { ...(await running), size, mtimeMs }
  }

  private async store(
    sourceSha256: string,
    path: string,
    signal: AbortSignal,
  ): Promise<Omit<Cached, 'size' | 'mtimeMs'>> {
    const key = contentKey(sourceSha256, SAMPLE_RATE)
    const notes: string[] = []
    const decode = async (use: (samples: Float32Array) => Promise<void>) => {
      const { warnings } = await consume(decodeStream(path, SAMPLE_RATE, signal), use)
      notes.push(...warnings)
    }
    const stored = await storeTrack(this.settings.cache, key, SAMPLE_RATE, decode, signal)
    notes.push(...stored.notes)
    if (stored.samples < CLIP_LENGTH)
      notes.push(`shorter than a clip of ${CLIP_LENGTH} samples: zeros follow it where it is read`)
    return { key, sourceSha256, ...stored, notes }
  }

  /** The index of the finished files, ordered by path. */
  index(): CacheIndex {
    const accepted = this.outcomes
      .filter((outcome) => 'cached' in outcome)
      .sort((a, b) => byCodeUnit(a.file.path, b.file.path))
    const classes =
      this.plan.classes ?? [...new Set(accepted.flatMap(({ file }) => file.labels))].sort(byCodeUnit)
    const column = new Map(classes.map((name, i) => [name, i]))
    const unsplit = accepted.map(({ file, cached }) => ({
      file,
      cached,
      labels: file.labels.map((name) => column.get(name)!),
    }))
    const drawn = assignSplits(
      unsplit.map(({ cached, labels }) => ({ key: cached.key, labels })),
      this.settings.seed,
    )
    const tracks = unsplit.map(({ file, cached, labels }, i) => {
      const split: Split = file.split ?? drawn[i]!
      const { key, samples, size, mtimeMs, sourceSha256, sha256, notes } = cached
      return { path: file.path, key, labels, split, samples, size, mtimeMs, sourceSha256, sha256, notes }
    })
    const failed = this.outcomes.flatMap((outcome) => ('skipped' in outcome ? [outcome.skipped] : []))
    const skipped = [...this.plan.skipped, ...failed].sort((a, b) => byCodeUnit(a.path, b.path))
    const { task } = this.plan
    const { seed } = this.settings
    return {
      format: 'clmr-cache',
      version: 1,
      audio: AUDIO_VERSION,
      sampleRate: SAMPLE_RATE,
      source: this.root,
      task,
      classes,
      seed,
      tracks,
      skipped,
    }
  }

  /** Saves the results so far; two saves never overlap. */
  save(): Promise<void> {
    this.lastSave = Date.now()
    this.saving = this.saving.then(() => writeIndex(partialIndexPath(this.settings.cache), this.index()))
    return this.saving
  }
}

/** The message without its leading path: the path is reported separately. */
function reasonOf(error: ClmrError): string {
  const prefix = error.path === undefined ? '' : `${error.path}: `
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
}

async function checkFolders(source: unknown, cache: string): Promise<string> {
  if (typeof source !== 'string' || source === '')
    throw new ArgumentError({
      what: 'prepare needs a folder of music',
      given: describe(source),
      expected: 'a path',
      remedy: 'Pass one',
    })
  const root = resolve(source)
  const found = await stat(root).catch((error) => {
    throw ioError(error, source, 'open the source')
  })
  if (!found.isDirectory())
    throw new DatasetError({
      what: 'the source is no folder',
      path: source,
      remedy: 'Pass the folder that the files lie in',
    })
  await makeFolder(cache)
  if ((await realpath(root)) === (await realpath(cache)))
    throw new ArgumentError({
      what: 'the cache is the source folder itself',
      given: cache,
      expected: 'another folder',
      remedy: 'Choose another cache',
    })
  return root
}

async function planLabels(labels: string | undefined, paths: string[], root: string): Promise<LabelPlan> {
  if (labels === undefined) return withoutLabels(paths)
  return labels === 'folders' ? labelsFromFolders(paths, root) : labelsFromCsv(labels, paths, root)
}

/** @throws DatasetError where too few files are usable; the tracks stay in the cache, which counts as unfinished */
function checkAccepted(index: CacheIndex, maxReject: number, source: string): void {
  const total = index.tracks.length + index.skipped.length
  const examples = index.skipped.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`)
  const listed = examples.length > 0 ? `; ${examples.join('; ')}` : ''
  if (total === 0)
    throw new DatasetError({
      what: 'there are no audio files in the folder',
      path: source,
      remedy: 'Check the path',
    })
  if (index.tracks.length === 0)
    throw new DatasetError({
      what: `none of ${total} files can be used${listed}`,
      path: source,
      remedy: 'Correct the first cause and run it again',
    })
  if (index.skipped.length > maxReject * total)
    throw new DatasetError({
      what: `too many files cannot be used${listed}`,
      given: `${index.skipped.length} of ${total}`,
      expected: `a share of at most ${maxReject}`,
      path: source,
      remedy: 'Repair or remove them, or raise maxReject',
    })
}

/**
 * Decodes a folder of music once: every file becomes a 16-bit mono WAV file at 22,050 Hz in the cache, named by its
 * content. May be interrupted at any time and run again, by several processes at once; files that have not changed
 * (size and time) are not read again. A file that cannot be used is listed with its reason in `dataset.skipped` and
 * never ends the run. Files that have gone from the source go from the index.
 *
 * Labels: none; `'folders'`: the first sub-folder is the class; or a CSV file with the columns `path` (relative to
 * the source), optionally `split` (`train`, `valid`, `test`), then one 0/1 column a tag or one column `label`.
 * Without a `split` column tracks are divided 60/20/20, stratified by class and drawn from `seed`; equal audio under
 * several names stays in one split, and a track with several tags counts under its rarest.
 *
 * @param source folder; sub-folders are searched, links followed, hidden names left out
 * @returns all tracks; use `subset('train')` and so on for a part
 * @throws DatasetError where the labels are faulty, nothing can be used or more than `maxReject` is unusable
 * @throws IoError where the cache cannot be written; AbortError once `signal` fires
 */
export async function prepare(source: string, options: PrepareOptions): Promise<Dataset> {
  const settings = parseOptions(prepareOptions, options, 'prepare')
  settings.signal?.throwIfAborted()
  native() // a missing native part is reported here once, not once for every file
  const root = await checkFolders(source, settings.cache)
  const paths = await walkAudio(root, settings.cache, settings.signal)
  const plan = await planLabels(settings.labels, paths, root)
  const earlier = new Map(
    (await readEarlierTracks(settings.cache, SAMPLE_RATE)).map((track) => [track.path, track]),
  )
  const preparation = new Preparation(root, plan, earlier, settings)
  await preparation.run()
  const index = preparation.index()
  try {
    checkAccepted(index, settings.maxReject, source)
  } catch (error) {
    await preparation.save()
    throw error
  }
  await writeIndex(indexPath(settings.cache), index)
  await rm(partialIndexPath(settings.cache), { force: true }).catch(() => undefined)
  return new Dataset(settings.cache, index, index.tracks)
}
