import { z } from 'zod'
import { signalOption } from '../options.js'

export interface PrepareProgress {
  /** files that are finished, of `total` */
  done: number
  total: number
  accepted: number
  rejected: number
  /** the file that was just finished, relative to the source */
  path: string
}

/** Zero or a whole number counts files, a number below 1 is a share of them. */
const maxReject = z
  .number()
  .min(0)
  .refine((limit) => limit < 1 || Number.isInteger(limit), 'expected a whole number, or a share below 1')
  .describe('how many files may be unusable: a number, or a share such as 0.1 (default: any number)')

/** Whether more of `total` files are rejected than `limit` allows. */
export function isTooMany(rejected: number, total: number, limit: number | undefined): boolean {
  return limit !== undefined && rejected > (limit < 1 ? limit * total : limit)
}

/** The options of `prepare`. */
export const prepareOptions = z.strictObject({
  cache: z.string().min(1).describe('folder that takes the decoded tracks'),
  labels: z.string().min(1).optional().describe('"folders" (sub-folder = class), or a CSV file'),
  seed: z
    .number()
    .int()
    .optional()
    .describe(
      'seed of the division into train, valid and test; another one than before divides anew (default: that of the cache, at first 42)',
    ),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('files that are worked on at the same time'),
  maxReject: maxReject.optional(),
  signal: signalOption.describe('interrupts; what is done stays done'),
  onProgress: z
    .custom<(progress: PrepareProgress) => void>((f) => typeof f === 'function', 'expected a function')
    .optional()
    .describe('called after each file'),
})

export type PrepareOptions = z.input<typeof prepareOptions>
/** As `prepare` works with them. */
export type PrepareSettings = z.output<typeof prepareOptions>
