/** How a run remembers the data set that it is trained on: where it is found again, and what it is known by. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type RunConfig, readRunConfig } from './reader.js'

export interface DataRecord {
  cache: string
  tracks: number
  /** of paths and lengths, in their order */
  sha256: string
}

/** What a record is made of; a `Dataset` is one. */
export interface RecordedTracks {
  readonly cache: string
  readonly tracks: readonly { readonly path: string; readonly samples: number }[]
}

export function recordOf({ cache, tracks }: RecordedTracks): DataRecord {
  const hash = createHash('sha256')
  for (const { path, samples } of tracks) hash.update(`${samples} ${path}\n`)
  return { cache: resolve(cache), tracks: tracks.length, sha256: hash.digest('hex') }
}

/** Whether these are the tracks of the record, wherever their cache is now. */
export function holdsTracksOf(record: DataRecord, dataset: RecordedTracks): boolean {
  return recordOf(dataset).sha256 === record.sha256
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
