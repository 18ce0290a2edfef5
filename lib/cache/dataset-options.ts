/** The options of `getDataset`. */
import { z } from 'zod'
import type { FetchProgress } from '../datasets/named/index.js'
import { SPLITS } from '../datasets/tracks.js'
import { callbackOption, signalOption } from '../options.js'
import { type PrepareProgress, prepareOptions } from './prepare-options.js'

/**
 * What `getDataset` is doing: downloading, unpacking, waiting for another process that downloads the same files, or
 * decoding.
 */
export type DatasetProgress = FetchProgress | ({ phase: 'prepare' } & PrepareProgress)

/** @internal */
export const datasetOptions = z.strictObject({
  subset: z.enum(SPLITS).optional().describe('Only the tracks of this split. Default: all tracks.'),
  scheme: z
    .string()
    .optional()
    .describe(
      'Variant of the data set (labels, splits or size), as listed by `clmr datasets`. Default: the first.',
    )
    .meta({ placeholder: 'name' }),
  cache: z
    .string()
    .min(1)
    .optional()
    .describe('Folder for the decoded tracks. Default: `.clmr/<name>` in the folder of the data set.'),
  download: z.boolean().default(false).describe('Download missing files.'),
  seed: prepareOptions.shape.seed,
  concurrency: prepareOptions.shape.concurrency,
  excerpts: prepareOptions.shape.excerpts,
  maxReject: prepareOptions.shape.maxReject,
  signal: signalOption,
  onProgress: callbackOption<DatasetProgress>(
    '(progress: DatasetProgress) => void',
    'Called while files are downloaded and decoded.',
  ),
  onPlan: prepareOptions.shape.onPlan,
  onWarning: prepareOptions.shape.onWarning,
})

/** @internal As `getDataset` works with them. */
export type DatasetSettings = z.output<typeof datasetOptions>
