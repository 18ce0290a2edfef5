import { z } from 'zod'
import { seedOption, signalOption } from '../options.js'

/** Of everything that is resampled. */
export const bootstrapOptions = z.strictObject({
  resamples: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(10_000)
    .describe('Number of resamples, which are draws of the tracks with replacement.'),
  seed: seedOption('Seed of the draws.'),
})

/** Of `bootstrap`. */
export const bootstrapCallOptions = bootstrapOptions.extend({ signal: signalOption })
