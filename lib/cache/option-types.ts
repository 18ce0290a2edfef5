/** The options of stage cache, written by scripts/write-option-types.ts from its tables: do not edit. */
import type { OnWarning } from '../warnings.js'
import type { DatasetProgress } from './dataset-options.js'
import type { PrepareProgress } from './prepare-options.js'
import type { PreparePlan } from './space.js'

/** Options of `prepare`. */
export interface PrepareOptions {
  /** Folder for the decoded tracks. */
  cache: string
  /** 'folders' (each sub-folder is a class), or the path of a table: .csv, .tsv or .jsonl. Default: no labels. */
  labels?: string | undefined
  /** Keep tracks together in one split: those of one folder ('parent', such as an album), or of the folder above it ('grandparent', such as the artist in artist/album/track.mp3). With labels 'folders', the folder of a class is no group. A group that the table names comes first. Default: only tracks whose audio is equal stay together. */
  groupBy?: 'parent' | 'grandparent' | undefined
  /** Seed of the train, valid and test splits; a new seed splits the tracks again. Default: that of the cache; 42 if it is new. */
  seed?: number | undefined
  /** Files that are worked on at the same time. Range: 1 to 256. Default: the number of threads. */
  concurrency?: number | undefined
  /** Keep only some stretches of each track, spread over it: 3x30 is three of 30 s (rounded down to whole clips of 2.678 s). In wav, aiff and au files, nothing but these stretches is decoded. Default: whole tracks. */
  excerpts?: string | undefined
  /** Number of unusable files to accept: a whole number, or a share below 1 such as 0.1. Range: 0 or more. Default: any number. */
  maxReject?: number | undefined
  /** Ends the call, which then rejects with the reason of the signal. */
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
  /** Choice of labels, splits or size, if the data set has several; `clmr datasets` lists them. Default: the first. */
  scheme?: string | undefined
  /** Folder for the decoded tracks. Default: `.clmr/<name>` in the folder of the data set. */
  cache?: string | undefined
  /** Fetch what is missing. Default: false. */
  download?: boolean | undefined
  /** Seed of the train, valid and test splits; a new seed splits the tracks again. Default: that of the cache; 42 if it is new. */
  seed?: number | undefined
  /** Files that are worked on at the same time. Range: 1 to 256. Default: the number of threads. */
  concurrency?: number | undefined
  /** Keep only some stretches of each track, spread over it: 3x30 is three of 30 s (rounded down to whole clips of 2.678 s). In wav, aiff and au files, nothing but these stretches is decoded. Default: whole tracks. */
  excerpts?: string | undefined
  /** Number of unusable files to accept: a whole number, or a share below 1 such as 0.1. Range: 0 or more. Default: any number. */
  maxReject?: number | undefined
  /** Ends the call, which then rejects with the reason of the signal. */
  signal?: AbortSignal | undefined
  /** Called while files are fetched and decoded. */
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
  /** Ends the call, which then rejects with the reason of the signal. */
  signal?: AbortSignal | undefined
}

/** Options of `verifyCache`. */
export interface VerifyCacheOptions {
  /** Ends the call, which then rejects with the reason of the signal. */
  signal?: AbortSignal | undefined
}
