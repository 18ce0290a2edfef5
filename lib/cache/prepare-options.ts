/** The options of `prepare` and of what is done with a cache. */
import { z } from 'zod'
import { GROUPINGS } from '../datasets/groups.js'
import { SPLITS } from '../datasets/tracks.js'
import { callbackOption, signalOption, warningOption } from '../options.js'
import { EXCERPTS } from './excerpts.js'
import type { PreparePlan } from './space.js'

/** How far `prepare` is. */
export interface PrepareProgress {
  /** files that are finished */
  done: number
  /** files in all */
  total: number
  /** files that can be used */
  accepted: number
  /** files that cannot be used */
  rejected: number
  /** the file that was just finished, relative to the source */
  path: string
}

/** Zero or a whole number counts files, a number below 1 is a share of them. */
const maxReject = z
  .number()
  .min(0)
  .refine((limit) => limit < 1 || Number.isInteger(limit), 'expected a whole number, or a share below 1')
  .describe(
    'Maximum number of unusable files: a whole number, or a fraction below 1 such as 0.1. Default: no limit.',
  )

/** Whether more of `total` files are rejected than `limit` allows. */
export function isTooMany(rejected: number, total: number, limit: number | undefined): boolean {
  return limit !== undefined && rejected > (limit < 1 ? limit * total : limit)
}

/** @internal The options of `prepare`. */
export const prepareOptions = z.strictObject({
  cache: z.string().min(1).describe('Folder for the decoded tracks.').meta({ placeholder: 'dir' }),
  labels: z
    .string()
    .min(1)
    .optional()
    .describe(
      "'folders' (each top-level folder is a class), or the path of a table: .csv, .tsv or .jsonl. Default: no labels.",
    )
    .meta({ placeholder: 'folders|table' }),
  groupBy: z
    .enum(GROUPINGS)
    .optional()
    .describe(
      "Keep the tracks of a folder in one split: 'parent' is the folder that holds the file (such as an album), 'grandparent' the folder above it (such as the artist in artist/album/track.mp3). With labels 'folders', a class folder never counts as a group. A group in the label table takes precedence. Default: only tracks with the same audio stay together.",
    ),
  seed: z
    .number()
    .int()
    .optional()
    .describe(
      'Seed of the train, valid and test splits; another seed splits all tracks anew. Default: the seed of the cache; 42 for a new cache.',
    ),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Files to decode at the same time. Default: the number of threads.'),
  excerpts: z
    .string()
    .regex(EXCERPTS, { message: 'expected a number of excerpts and their seconds, such as 3x30' })
    .optional()
    .describe(
      'Keep only excerpts, spread evenly over each track: 3x30 keeps three of 30 s (rounded down to whole clips of 2.678 s). For wav, aiff and au files, nothing else is decoded. Default: whole tracks.',
    )
    .meta({ placeholder: 'NxSECONDS' }),
  maxReject: maxReject.optional().meta({ placeholder: 'n' }),
  signal: signalOption,
  onProgress: callbackOption<PrepareProgress>(
    '(progress: PrepareProgress) => void',
    'Called after every file.',
  ),
  onPlan: callbackOption<PreparePlan>(
    '(plan: PreparePlan) => void',
    'Called before the first file is decoded, with the space that the tracks will take and the free space.',
  ),
  onWarning: warningOption('Called with each warning about the data set; `dataset.warnings` holds them too.'),
})

/** @internal As `prepare` works with them. */
export type PrepareSettings = z.output<typeof prepareOptions>

/** @internal Of `openDataset`. */
export const openDatasetOptions = z.strictObject({
  subset: z.enum(SPLITS).optional().describe('Only the tracks of this split. Default: all tracks.'),
})
/** @internal Of `Dataset.readTrack`. */
export const readTrackOptions = z.strictObject({ signal: signalOption })
/** @internal Of `verifyCache`. */
export const verifyCacheOptions = z.strictObject({ signal: signalOption })
