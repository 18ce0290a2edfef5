/** The published chain. */
import { z } from 'zod'
import { parseOptions } from '../options.js'
import type { ClmrProbabilities, Transform } from './option-types.js'
import { p, parseTransform } from './transform-tables.js'
import { randomCrop } from './transforms.js'

/** What CLMR published (Spijkervet & Burgoyne, ISMIR 2021). */
const publishedProbabilities = {
  polarityInversion: 0.8,
  noise: 0.01,
  gain: 0.3,
  highLowPass: 0.8,
  delay: 0.3,
  pitchShift: 0.6,
  reverb: 0.6,
}

/** @internal Of `clmrTransforms`. */
export const probabilityTable = z.strictObject(
  Object.fromEntries(
    Object.entries(publishedProbabilities).map(([name, value]) => [
      name,
      p.unwrap().default(value).describe(`Probability of ${name}.`),
    ]),
  ) as Record<keyof typeof publishedProbabilities, z.ZodDefault<z.ZodNumber>>,
)

/**
 * The published chain, in its order: crop, polarity, noise, gain, filter, delay, pitch, reverb.
 * @param probabilities name → p, for the transforms whose p should not be the published one
 * @throws ConfigError for a name that is not in the chain
 */
export function clmrTransforms(probabilities: ClmrProbabilities = {}): Transform[] {
  const chances = parseOptions(probabilityTable, probabilities, 'clmrTransforms')
  return [
    randomCrop(),
    ...Object.entries(chances).map(([name, chance]) => parseTransform({ name, p: chance })),
  ]
}
