/**
 * The option tables of the transforms, one each. A transform is a plain object, `{ name: 'reverb', p: 0.6, … }`: it can be
 * written in YAML, compared and stored.
 */
import { z } from 'zod'
import { ConfigError, describe } from '../errors.js'
import { nearestName, parseOptions, typed } from '../options.js'
import type { Transform } from './option-types.js'
import type { CustomApply } from './types.js'

export const p = z
  .number()
  .min(0)
  .max(1)
  .default(1)
  .describe('Probability that the transform is applied to a view.')

interface Bounds {
  min: number
  max: number
  integer?: boolean
}

function ordered([low, high]: [number, number]): boolean {
  return low <= high
}

/** [min, max], both within bounds; equal ends give a fixed value. `fallback`: a default that the schema cannot say. */
function pair({ min, max, integer }: Bounds, doc: string, fallback?: string) {
  const end = integer ? z.number().int().min(min).max(max) : z.number().min(min).max(max)
  return z
    .tuple([end, end])
    .refine(ordered, { message: 'the range is reversed: expected [min, max]' })
    .describe(
      `${doc} [min, max]; equal ends give a fixed value.${fallback === undefined ? '' : ` Default: ${fallback}.`}`,
    )
}

const hertz: Bounds = { min: 10, max: 500_000 }
const percent: Bounds = { min: 0, max: 100, integer: true }

const PUBLISHED_RATIO: [number, number] = [1e-4, 0.01]

/** name → table. The defaults are those of the published chain, with p = 1. */
export const transformTables = {
  randomCrop: z.strictObject({ name: z.literal('randomCrop') }),
  polarityInversion: z.strictObject({ name: z.literal('polarityInversion'), p }),
  noise: z
    .strictObject({
      name: z.literal('noise'),
      p,
      ratio: pair(
        { min: 0, max: 1e6 },
        'Standard deviation of the noise divided by that of the clip.',
        `[${PUBLISHED_RATIO.join(', ')}], unless snrDb is given`,
      ).optional(),
      snrDb: pair({ min: -120, max: 200 }, 'Signal-to-noise ratio in dB, instead of `ratio`.').optional(),
    })
    .refine(({ ratio, snrDb }) => ratio === undefined || snrDb === undefined, {
      message: 'ratio and snrDb both say how loud the noise is: keep one of them',
      path: ['snrDb'],
    })
    .overwrite((noise) => (noise.ratio || noise.snrDb ? noise : { ...noise, ratio: PUBLISHED_RATIO })),
  gain: z.strictObject({
    name: z.literal('gain'),
    p,
    db: pair({ min: -120, max: 60 }, 'Gain in dB.').default([-20, -1]),
  }),
  lowPass: z.strictObject({
    name: z.literal('lowPass'),
    p,
    cutoff: pair(hertz, 'Cut-off frequency in Hz.').default([2200, 4000]),
  }),
  highPass: z.strictObject({
    name: z.literal('highPass'),
    p,
    cutoff: pair(hertz, 'Cut-off frequency in Hz.').default([200, 1200]),
  }),
  highLowPass: z.strictObject({
    name: z.literal('highLowPass'),
    p,
    lowPass: pair(hertz, 'Cut-off frequency in Hz of the low-pass filter.').default([2200, 4000]),
    highPass: pair(hertz, 'Cut-off frequency in Hz of the high-pass filter.').default([200, 1200]),
  }),
  delay: z.strictObject({
    name: z.literal('delay'),
    p,
    ms: pair({ min: 0, max: 60_000 }, 'Delay in ms; both ends of the range are possible.').default([
      200, 500,
    ]),
    stepMs: z.number().positive().max(60_000).default(50).describe('Step between possible delays in ms.'),
    volume: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Volume of the echo, as a fraction of that of the signal.'),
  }),
  pitchShift: z.strictObject({
    name: z.literal('pitchShift'),
    p,
    cents: pair({ min: -1200, max: 1200, integer: true }, 'Pitch shift in whole cents.').default([-700, 700]),
  }),
  reverb: z.strictObject({
    name: z.literal('reverb'),
    p,
    reverberance: pair(percent, 'How long the reverb rings, in whole percent.').default([0, 100]),
    damping: pair(percent, 'How fast the treble fades, in whole percent.').default([0, 100]),
    roomSize: pair(percent, 'Size of the room, in whole percent.').default([0, 100]),
  }),
  reverse: z.strictObject({ name: z.literal('reverse'), p }),
  custom: z.strictObject({
    name: z.literal('custom'),
    p,
    title: z
      .string()
      .min(1)
      .max(100)
      .describe('Name of the transform; `draw` returns it with the parameters.'),
    apply: z
      .custom<CustomApply>((value) => typeof value === 'function', {
        message: 'expected a function of (view, context)',
      })
      .describe('Changes the view in place, or returns another one of the same length.')
      .meta(typed('CustomApply')),
  }),
}

type TransformName = keyof typeof transformTables

export const transformNames = Object.keys(transformTables) as TransformName[]

/**
 * Checks a plain object and fills in what was left out.
 * @throws ConfigError for an unknown transform or parameter, naming the known ones and the nearest
 */
export function parseTransform(value: unknown): Transform {
  const name = (value as { name?: unknown } | null)?.name
  if (typeof value !== 'object' || value === null || typeof name !== 'string')
    throw new ConfigError({
      what: 'a transform is an object with a name',
      given: describe(value),
      expected: `a name of ${transformNames.join(', ')}`,
      remedy: "Write it as { name: 'reverb', p: 0.6 }",
    })
  if (!Object.hasOwn(transformTables, name)) {
    const near = nearestName(name, transformNames)
    throw new ConfigError({
      what: `there is no transform ${describe(name)}`,
      expected: `one of ${transformNames.join(', ')}`,
      remedy: near ? `Write "${near}" instead` : 'Correct the name',
    })
  }
  if (name === 'noise') refuseFormerNoise(value)
  return parseOptions(transformTables[name as TransformName] as z.ZodType<Transform>, value, name)
}

/** Noise as it was written before it had `ratio`. @throws ConfigError that gives the new spelling */
function refuseFormerNoise({ minSnr, maxSnr }: { minSnr?: unknown; maxSnr?: unknown }): void {
  if (minSnr === undefined && maxSnr === undefined) return
  const [low, high] = PUBLISHED_RATIO
  throw new ConfigError({
    what: 'noise has no options minSnr and maxSnr any more: they were ratios of noise to signal',
    given: `minSnr ${describe(minSnr)}, maxSnr ${describe(maxSnr)}`,
    expected: 'ratio (standard deviation of the noise divided by that of the clip) or snrDb',
    remedy: `Write ratio: [${minSnr ?? low}, ${maxSnr ?? high}]`,
  })
}
