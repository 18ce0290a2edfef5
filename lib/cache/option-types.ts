/** The options of stage cache, written by scripts/write-option-types.ts from its tables: do not edit. */
import type { OnWarning } from '../warnings.js'
import type { DatasetProgress } from './dataset-options.js'
import type { PrepareProgress } from './prepare-options.js'
import type { PreparePlan } from './space.js'

/** Options of `prepare`. */
export interface PrepareOptions {
  /** Folder for the decoded tracks. */
  cache: string
  /** 'folders' (each top-level folder is a class), or the path of a table: .csv, .tsv or .jsonl. Default: no labels. */
  labels?: string | undefined
  /** Keep the tracks of a folder in one split: 'parent' is the folder that holds the file (such as an album), 'grandparent' the folder above it (such as the artist in artist/album/track.mp3). With labels 'folders', a class folder never counts as a group. A group in the label table takes precedence. Default: only tracks with the same audio stay together. */
  groupBy?: 'parent' | 'grandparent' | undefined
  /** Seed of the train, valid and test splits; another seed splits all tracks anew. Default: the seed of the cache; 42 for a new cache. */
  seed?: number | undefined
  /** Files to decode at the same time. Range: 1 to 256. Default: the number of threads. */
  concurrency?: number | undefined
  /** Keep only excerpts, spread evenly over each track: 3x30 keeps three of 30 s (rounded down to whole clips of 2.678 s). For wav, aiff and au files, nothing else is decoded. Default: whole tracks. */
  excerpts?: string | undefined
  /** Maximum number of unusable files: a whole number, or a fraction below 1 such as 0.1. Range: 0 or more. Default: no limit. */
  maxReject?: number | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called after every file. */
  onProgress?: ((progress: PrepareProgress) => void) | undefined
  /** Called before the first file is decoded, with the space that the tracks will take and the free space. */
  onPlan?: ((plan: PreparePlan) => void) | undefined
  /** Called with each warning about the data set; `dataset.warnings` holds them too. */
  onWarning?: OnWarning | undefined
}

/** Options of `getDataset`. */
export interface DatasetOptions {
  /** Only the tracks of this split. Default: all tracks. */
  subset?: 'train' | 'valid' | 'test' | undefined
  /** Variant of the data set (labels, splits or size), as listed by `clmr datasets`. Default: the first. */
  scheme?: string | undefined
  /** Folder for the decoded tracks. Default: `.clmr/<name>` in the folder of the data set. */
  cache?: string | undefined
  /** Download missing files. Default: false. */
  download?: boolean | undefined
  /** Seed of the train, valid and test splits; another seed splits all tracks anew. Default: the seed of the cache; 42 for a new cache. */
  seed?: number | undefined
  /** Files to decode at the same time. Range: 1 to 256. Default: the number of threads. */
  concurrency?: number | undefined
  /** Keep only excerpts, spread evenly over each track: 3x30 keeps three of 30 s (rounded down to whole clips of 2.678 s). For wav, aiff and au files, nothing else is decoded. Default: whole tracks. */
  excerpts?: string | undefined
  /** Maximum number of unusable files: a whole number, or a fraction below 1 such as 0.1. Range: 0 or more. Default: no limit. */
  maxReject?: number | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called while files are downloaded and decoded. */
  onProgress?: ((progress: DatasetProgress) => void) | undefined
  /** Called before the first file is decoded, with the space that the tracks will take and the free space. */
  onPlan?: ((plan: PreparePlan) => void) | undefined
  /** Called with each warning about the data set; `dataset.warnings` holds them too. */
  onWarning?: OnWarning | undefined
}

/** Options of `openDataset`. */
export interface OpenDatasetOptions {
  /** Only the tracks of this split. Default: all tracks. */
  subset?: 'train' | 'valid' | 'test' | undefined
}

/** Options of `Dataset.readTrack`. */
export interface ReadTrackOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Options of `verifyCache`. */
export interface VerifyCacheOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}
