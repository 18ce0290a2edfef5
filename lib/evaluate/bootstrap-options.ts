/** The options of `bootstrap`. */
import { z } from 'zod'
import { seedOption } from '../options.js'

export const bootstrapOptions = z.strictObject({
  resamples: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .default(10_000)
    .describe('How often the tracks are drawn with replacement.'),
  seed: seedOption('Seed of the draws.'),
})
