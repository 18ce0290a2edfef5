import { z } from 'zod'
import { seedOption } from '../options.js'

export const bootstrapOptions = z.strictObject({
  resamples: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(10_000)
    .describe('how often the tracks are drawn with replacement'),
  seed: seedOption('of the draws'),
})

/** Options of `bootstrap`. */
export interface BootstrapOptions {
  /** how often the tracks are drawn with replacement, by default 10,000 */
  resamples?: number
  /** of the draws, by default 42 */
  seed?: number
}
