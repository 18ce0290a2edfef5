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
}
type Part = keyof typeof hashedParts
const PARTS = Object.keys(hashedParts) as Part[]

export interface DataRecord {
  cache: string
  tracks: number
  sha256: Record<Part, string>
  /** SHA-256 of the source file of each track: tells whether a run was trained on a recording, whatever its name */
  sources: string[]
}

export interface RecordedTrack {
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
  return { cache: resolve(cache), tracks: tracks.length, sha256: sha256 as Record<Part, string>, sources }
}

/** What is not as it was: the audio of the tracks or their order, their labels, their splits. Wherever the cache is now. */
export function changedParts(record: DataRecord, dataset: RecordedTracks): Part[] {
  return PARTS.filter((part) => hashOf(part, dataset) !== record.sha256[part])
}

/** The records in the config of a run; a run without data of its own has none. */
export function recordsIn(config: RunConfig): { training?: DataRecord; validation?: DataRecord } {
  return (config.data as { training?: DataRecord; validation?: DataRecord } | undefined) ?? {}
}

/** The cache that a run was trained on; undefined where it is gone, or where there was none. @throws as `readRunConfig` */
export async function trainingCache(run: string): Promise<string | undefined> {
  const cache = recordsIn(await readRunConfig(run)).training?.cache
  return cache !== undefined && existsSync(cache) ? cache : undefined
}
