import { checkPath, MADE_HERE, refuseNew } from '../arguments.js'
import { incompleteClasses } from '../datasets/split.js'
import { type SkippedFile, SPLITS, type Split, type Task } from '../datasets/tracks.js'
import { ArgumentError, ConfigError, DisposedError, describe } from '../errors.js'
import { WAV_HEADER_BYTES } from '../formats/wav/writer.js'
import { type Matrix, matrix } from '../matrix.js'
import type { CropSourceHandle } from '../native/binding.js'
import { callNative, callNativeSync } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { type CacheIndex, type IndexTrack, readIndex } from './index-file.js'
import { trackPath } from './layout.js'
import type { OpenDatasetOptions, ReadTrackOptions } from './option-types.js'
import { openDatasetOptions, readTrackOptions } from './prepare-options.js'

/** A track of a prepared cache. */
export interface Track {
  /** Path of the source file relative to the source folder, with `/`. */
  path: string
  /** The cached WAV file. */
  file: string
  /** Names of its classes. */
  labels: string[]
  /** The split that it belongs to. */
  split: Split
  /** Length in seconds. */
  duration: number
  /** Length in samples. */
  samples: number
  /**
   * Length of each excerpt in samples, if the cache keeps excerpts. They lie one after the other, and crops never
   * cross from one to the next.
   */
  stretch?: number
  /** SHA-256 of the source file, which identifies the recording under any name. */
  sourceSha256: string
  /** SHA-256 of the cached file. */
  sha256: string
  /** Notes about the track, such as that it is shorter than a clip. */
  notes: string[]
}

let datasetFrom: (cache: string, index: CacheIndex, selected: readonly IndexTrack[]) => Dataset
let cropSourceFrom: (dataset: Dataset) => CropSourceHandle
let ofSourcesFrom: (dataset: Dataset, sources: readonly string[]) => Dataset | undefined

/**
 * The tracks of a prepared cache, or of one split. It holds a native handle once tracks have been read: call
 * `dispose()` when you no longer need it.
 */
export class Dataset implements Disposable {
  static {
    datasetFrom = (cache, index, selected) => new Dataset(MADE_HERE, cache, index, selected)
    cropSourceFrom = (dataset) => dataset.#cropSource()
    ofSourcesFrom = (dataset, sources) => dataset.#ofSources(sources)
  }

  /** The tracks, in the order of their paths. */
  readonly tracks: readonly Track[]
  /** [tracks, classes], 1 if the track belongs to the class, otherwise 0. */
  readonly labels: Matrix
  /** Names of the columns of `labels`. */
  readonly classes: readonly string[]
  /** `multilabel`: any number of classes per track; `multiclass`: one; `none`: there are no labels. */
  readonly task: Task
  /** The files that could not be used, and why. */
  readonly skipped: readonly SkippedFile[]
  /** Warnings about the data set as a whole, such as classes that are too small to reach every split. */
  readonly warnings: readonly string[]
  /** Sample rate of the tracks in Hz. */
  readonly sampleRate: number
  /** The cache's folder. */
  readonly cache: string
  readonly #index: CacheIndex
  readonly #selected: readonly IndexTrack[]
  #handle: CropSourceHandle | undefined
  #disposed = false

  private constructor(
    token: typeof MADE_HERE,
    cache: string,
    index: CacheIndex,
    selected: readonly IndexTrack[],
  ) {
    refuseNew(token, 'Dataset', 'prepare() or openDataset()')
    this.#index = index
    this.#selected = selected
    this.cache = cache
    this.classes = index.classes
    this.task = index.task
    this.skipped = index.skipped
    this.warnings = warningsOf(index)
    this.sampleRate = index.sampleRate
    this.tracks = selected.map((track) => ({
      path: track.path,
      file: trackPath(cache, track.key),
      labels: track.labels.map((label) => index.classes[label]!),
      split: track.split,
      duration: track.samples / index.sampleRate,
      samples: track.samples,
      ...(track.stretch !== undefined && { stretch: track.stretch }),
      sourceSha256: track.sourceSha256,
      sha256: track.sha256,
      notes: track.notes,
    }))
    this.labels = labelMatrix(selected, index.classes.length)
  }

  /** Number of tracks. */
  get length(): number {
    return this.tracks.length
  }

  /**
   * The tracks of one split; the classes stay the same.
   * @throws ConfigError for a name that is not `train`, `valid` or `test`
   */
  subset(split: Split): Dataset {
    checkSplit(split, 'subset')
    const selected = this.#selected.filter((track) => track.split === split)
    return new Dataset(MADE_HERE, this.cache, this.#index, selected)
  }

  #ofSources(sources: readonly string[]): Dataset | undefined {
    const bySource = new Map<string, IndexTrack[]>()
    for (const track of this.#selected)
      bySource.set(track.sourceSha256, [...(bySource.get(track.sourceSha256) ?? []), track])
    const found = sources.flatMap((source) => bySource.get(source)?.shift() ?? [])
    return found.length === sources.length
      ? new Dataset(MADE_HERE, this.cache, this.#index, found)
      : undefined
  }

  /**
   * All samples of track `i`, ±1, at `sampleRate`.
   * @throws CacheError if the cached file is gone or damaged; ArgumentError, ConfigError
   */
  async readTrack(i: number, options: ReadTrackOptions = {}): Promise<Float32Array> {
    const { signal } = parseOptions(readTrackOptions, options, 'readTrack')
    const track = typeof i === 'number' ? this.tracks[i] : undefined
    if (!track)
      throw new ArgumentError({
        what: 'there is no such track',
        given: describe(i),
        expected: `0 to ${this.length - 1}`,
        remedy: 'Pass an index of tracks',
      })
    const source = this.#cropSource()
    return callNative(signal, (abort) =>
      native().cropSourceRead(source, Int32Array.of(i), Float64Array.of(0), track.samples, abort),
    )
  }

  #cropSource(): CropSourceHandle {
    if (this.#disposed)
      throw new DisposedError({
        what: 'the data set was disposed',
        remedy: 'Open it again with openDataset()',
      })
    this.#handle ??= callNativeSync(() =>
      native().cropSourceOpen(
        this.tracks.map((track) => track.file),
        new Float64Array(this.length).fill(WAV_HEADER_BYTES),
        Float64Array.from(this.tracks, (track) => track.samples),
        Float64Array.from(this.tracks, (track) => track.stretch ?? 0),
      ),
    )
    return this.#handle
  }

  /** Closes the files. Calls in flight are finished first. */
  dispose(): void {
    if (this.#handle) native().dispose(this.#handle)
    this.#handle = undefined
    this.#disposed = true
  }

  /** As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** @internal A data set of some tracks of a cache. */
export const datasetOf = (...parts: Parameters<typeof datasetFrom>): Dataset => datasetFrom(...parts)

/** @internal The native reader of the tracks, in their order; it belongs to the data set. */
export const cropSourceOf = (dataset: Dataset): CropSourceHandle => cropSourceFrom(dataset)

/**
 * @internal The tracks of these recordings, in their order. @param sources SHA-256 of source files
 * @returns undefined if one is not here
 */
export const ofSources = (dataset: Dataset, sources: readonly string[]): Dataset | undefined =>
  ofSourcesFrom(dataset, sources)

/** The tracks of each split. */
export const splitsOf = (dataset: Dataset): Dataset[] => SPLITS.map((split) => dataset.subset(split))

const MAX_LISTED = 20

function warningsOf({ task, classes, tracks }: CacheIndex): string[] {
  const incomplete = task === 'none' ? [] : incompleteClasses(classes, tracks)
  if (incomplete.length === 0) return []
  const listed = incomplete
    .slice(0, MAX_LISTED)
    .map(
      ({ name, train, valid, test }) =>
        `${JSON.stringify(name)} (train ${train}, valid ${valid}, test ${test})`,
    )
  const more = incomplete.length - listed.length
  return [
    `${incomplete.length} of ${classes.length} classes have too few tracks to be in every split: ${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
  ]
}

function labelMatrix(tracks: readonly IndexTrack[], classes: number): Matrix {
  const data = new Float32Array(tracks.length * classes)
  for (const [i, track] of tracks.entries()) for (const label of track.labels) data[i * classes + label] = 1
  return matrix(data, tracks.length, classes)
}

function checkSplit(split: unknown, where: string): asserts split is Split {
  if (!SPLITS.includes(split as Split))
    throw new ConfigError({
      what: `${where} is not a split`,
      given: describe(split),
      expected: SPLITS.join(', '),
      remedy: 'Pass one of these',
    })
}

/**
 * Opens a cache that `prepare` made. Audio is read only when it is needed.
 * @param options.subset only the tracks of this split: `train`, `valid` or `test`; default all
 * @throws CacheError if there is no cache, or an unfinished or damaged one
 */
export async function openDataset(cache: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  checkPath(cache, 'openDataset')
  const { subset } = parseOptions(openDatasetOptions, options, 'openDataset')
  const index = await readIndex(cache)
  const tracks = subset === undefined ? index.tracks : index.tracks.filter(({ split }) => split === subset)
  return datasetOf(cache, index, tracks)
}
