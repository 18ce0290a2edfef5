/** How a run remembers the data set that it is trained on: where it is found again, and what it is known by. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type RunConfig, readRunConfig } from './reader.js'

/** Hashes over the tracks in their order, which the numbers of a training depend on. */
const hashedParts = {
  audio: ({ sha256 }: RecordedTrack) => sha256,
  labels: ({ labels }: RecordedTrack) => JSON.stringify(labels),
  splits: ({ split }: RecordedTrack) => split,
  /** all that the first runs recorded */
  'names and lengths': ({ path, samples }: RecordedTrack) => `${samples} ${path}`,
}
type Part = keyof typeof hashedParts
const PARTS = ['audio', 'labels', 'splits'] as const

export interface DataRecord {
  cache: string
  tracks: number
  sha256: Partial<Record<Part, string>>
  /**
   * SHA-256 of the source file of each track: tells whether a run was trained on a recording, whatever its name. The
   * first runs did not record it.
   */
  sources?: string[]
}

export interface RecordedTrack {
  /** relative to the source */
  readonly path: string
  readonly samples: number
  readonly sourceSha256: string
  /** of the cached file */
  readonly sha256: string
  readonly labels: readonly string[]
  readonly split: string
}

/** What a record is made of; a `Dataset` is one. */
export interface RecordedTracks {
  readonly cache: string
  readonly classes: readonly string[]
  readonly tracks: readonly RecordedTrack[]
}

function hashOf(part: Part, { classes, tracks }: RecordedTracks): string {
  const hash = createHash('sha256')
  if (part === 'labels') hash.update(`${JSON.stringify(classes)}\n`)
  for (const track of tracks) hash.update(`${hashedParts[part](track)}\n`)
  return hash.digest('hex')
}

export function recordOf(dataset: RecordedTracks): DataRecord {
  const { cache, tracks } = dataset
  const sha256 = Object.fromEntries(PARTS.map((part) => [part, hashOf(part, dataset)]))
  const sources = tracks.map(({ sourceSha256 }) => sourceSha256)
  return { cache: resolve(cache), tracks: tracks.length, sha256, sources }
}

/** What is not as it was: the audio of the tracks or their order, their labels, their splits. Wherever the cache is now. */
export function changedParts({ sha256 }: DataRecord, dataset: RecordedTracks): Part[] {
  return (Object.keys(sha256) as Part[]).filter((part) => hashOf(part, dataset) !== sha256[part])
}

/** A record of a first run holds one hash. */
function upgraded(record: DataRecord | (Omit<DataRecord, 'sha256'> & { sha256: string })): DataRecord {
  const { sha256, ...rest } = record
  return { ...rest, sha256: typeof sha256 === 'string' ? { 'names and lengths': sha256 } : sha256 }
}

/** The recordings that a model was trained on. */
export interface TrainedOn {
  /** SHA-256 of the source files of its tracks, as `dataset.tracks` has them */
  readonly sources: readonly string[]
  /**
   * false if there may be more recordings: for a model file that does not belong to a run, or after training on views
   * that the caller made
   */
  readonly complete: boolean
}

/** Of weights that were drawn. */
export const TRAINED_ON_NOTHING: TrainedOn = { sources: [], complete: true }
/** Of weights whose training left no record. */
export const TRAINED_ON_UNKNOWN: TrainedOn = { sources: [], complete: false }

/** What the config of a run says of its data. */
export interface RunData {
  training?: DataRecord
  validation?: DataRecord
  /** what the weights had been trained on that the run began with */
  before?: TrainedOn
}

/** The records in the config of a run; a run without data of its own has none. */
export function recordsIn(config: RunConfig): RunData {
  const { training, validation, before } = (config.data ?? {}) as RunData
  return {
    training: training && upgraded(training),
    validation: validation && upgraded(validation),
    before,
  }
}

/** What the weights of a run have been trained on, those before its first step included. */
export function trainedOnIn({ training, before = TRAINED_ON_UNKNOWN }: RunData): TrainedOn {
  const own = training?.sources
  return {
    sources: [...new Set([...before.sources, ...(own ?? [])])],
    complete: before.complete && own !== undefined,
  }
}

/** The cache that a run was trained on; undefined if it is gone, or where there was none. @throws as `readRunConfig` */
export async function trainingCache(run: string): Promise<string | undefined> {
  const cache = recordsIn(await readRunConfig(run)).training?.cache
  return cache !== undefined && existsSync(cache) ? cache : undefined
}
