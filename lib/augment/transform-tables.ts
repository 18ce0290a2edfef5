/**
 * The option tables of the transforms, one each. A transform is a plain object, `{ name: 'reverb', p: 0.6, … }`: it can be
 * written in YAML, compared and stored.
 */
import { z } from 'zod'
import { ConfigError, describe } from '../errors.js'
import type { AppliedTransformRecord } from '../native/binding.js'
import { nearestName, parseOptions } from '../options.js'

/** What a transform in JavaScript gets besides the view. */
export interface CustomContext {
  sampleRate: number
  /** for the random choices of this view; it is recorded, so a replay makes the same choices */
  seed: number
  /** the next number of that seed, uniform in [0, 1) */
  random: () => number
}

/** Changes the samples of `view` in place, or returns an array of the same length; may be asynchronous. */
export type CustomApply = (
  view: Float32Array,
  context: CustomContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is what one writes
) => Float32Array | void | Promise<Float32Array | void>

export const p = z.number().min(0).max(1).default(1).describe('probability that a view gets it')

interface Bounds {
  min: number
  max: number
  integer?: boolean
}

function ordered([low, high]: [number, number]): boolean {
  return low <= high
}

/** [min, max], both within bounds; equal ends give a fixed value. */
function pair({ min, max, integer }: Bounds, doc: string) {
  const end = integer ? z.number().int().min(min).max(max) : z.number().min(min).max(max)
  return z
    .tuple([end, end])
    .refine(ordered, { message: 'the range is reversed: expected [min, max]' })
    .describe(`${doc}, [min, max]`)
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
        'standard deviation of the noise over that of the clip; by default [1e-4, 0.01] unless snrDb is given',
      ).optional(),
      snrDb: pair({ min: -120, max: 200 }, 'signal-to-noise ratio in dB, instead of ratio').optional(),
    })
    .refine(({ ratio, snrDb }) => ratio === undefined || snrDb === undefined, {
      message: 'ratio and snrDb both say how loud the noise is: keep one of them',
      path: ['snrDb'],
    })
    .overwrite((noise) => (noise.ratio || noise.snrDb ? noise : { ...noise, ratio: PUBLISHED_RATIO })),
  gain: z.strictObject({
    name: z.literal('gain'),
    p,
    db: pair({ min: -120, max: 60 }, 'gain in dB').default([-20, -1]),
  }),
  lowPass: z.strictObject({
    name: z.literal('lowPass'),
    p,
    cutoff: pair(hertz, 'cut-off in Hz').default([2200, 4000]),
  }),
  highPass: z.strictObject({
    name: z.literal('highPass'),
    p,
    cutoff: pair(hertz, 'cut-off in Hz').default([200, 1200]),
  }),
  highLowPass: z.strictObject({
    name: z.literal('highLowPass'),
    p,
    lowPass: pair(hertz, 'cut-off in Hz where the low-pass is chosen').default([2200, 4000]),
    highPass: pair(hertz, 'cut-off in Hz where the high-pass is chosen').default([200, 1200]),
  }),
  delay: z.strictObject({
    name: z.literal('delay'),
    p,
    ms: pair({ min: 0, max: 60_000 }, 'delay in ms, both ends possible').default([200, 500]),
    stepMs: z.number().positive().max(60_000).default(50).describe('grid of the delays in ms'),
    volume: z.number().min(0).max(1).default(0.5).describe('of the delayed signal'),
  }),
  pitchShift: z.strictObject({
    name: z.literal('pitchShift'),
    p,
    cents: pair({ min: -1200, max: 1200, integer: true }, 'shift in whole cents').default([-700, 700]),
  }),
  reverb: z.strictObject({
    name: z.literal('reverb'),
    p,
    reverberance: pair(percent, 'how long it rings, whole percent').default([0, 100]),
    damping: pair(percent, 'how fast its treble fades, whole percent').default([0, 100]),
    roomSize: pair(percent, 'size of the room, whole percent').default([0, 100]),
  }),
  reverse: z.strictObject({ name: z.literal('reverse'), p }),
  custom: z.strictObject({
    name: z.literal('custom'),
    p,
    title: z.string().min(1).max(100).describe('which one it is, in what draw returns'),
    apply: z
      .custom<CustomApply>((value) => typeof value === 'function', {
        message: 'expected a function of (view, context)',
      })
      .describe('changes a view, or returns another one of as many samples'),
  }),
}

export type TransformName = keyof typeof transformTables
type Tables = typeof transformTables
export type Input<N extends TransformName> = Omit<z.input<Tables[N]>, 'name'>
export type Output<N extends TransformName> = z.output<Tables[N]>

/** A transform with all of its parameters. */
export type Transform = { [N in TransformName]: Output<N> }[TransformName]
/** A transform as the user writes it: options that are left out take their defaults. */
export type TransformInput = { [N in TransformName]: z.input<Tables[N]> }[TransformName]

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
      remedy: "Write it as { name: 'reverb', p: 0.6 }, or call reverb({ p: 0.6 })",
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
    expected: 'ratio, the deviation of the noise over that of the clip, or snrDb',
    remedy: `Write ratio: [${minSnr ?? low}, ${maxSnr ?? high}]`,
  })
}

/**
 * What was drawn for one transform of one view: `{ name: 'delay', applied: true, ms: 350, volume: 0.5 }`. The
 * parameters are there even where chance decided against it; set `applied` to hear it. Plain numbers and words: JSON
 * stores it without loss.
 */
export type AppliedTransform = AppliedTransformRecord
