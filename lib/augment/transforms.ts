/**
 * The option tables of the transforms, one each, and the functions that fill them. A transform is a plain object,
 * `{ name: 'reverb', p: 0.6, … }`: it can be written in YAML, compared and stored.
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

const p = z.number().min(0).max(1).default(1).describe('probability that a view gets it')

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

/** name → table. The defaults are those of the published chain, with p = 1. */
export const transformTables = {
  randomCrop: z.strictObject({ name: z.literal('randomCrop') }),
  polarityInversion: z.strictObject({ name: z.literal('polarityInversion'), p }),
  noise: z
    .strictObject({
      name: z.literal('noise'),
      p,
      minSnr: z
        .number()
        .min(0)
        .max(1e6)
        .default(1e-4)
        .describe('least std of the noise, in stds of the clip'),
      maxSnr: z
        .number()
        .min(0)
        .max(1e6)
        .default(0.01)
        .describe('largest std of the noise, in stds of the clip'),
      snrDb: pair(
        { min: -120, max: 200 },
        'signal-to-noise ratio in dB; takes the place of minSnr and maxSnr',
      ).optional(),
    })
    .refine(({ minSnr, maxSnr }) => minSnr <= maxSnr, {
      message: 'the range is reversed: minSnr is above maxSnr',
      path: ['minSnr'],
    }),
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
type Input<N extends TransformName> = Omit<z.input<Tables[N]>, 'name'>
type Output<N extends TransformName> = z.output<Tables[N]>

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
  return parseOptions(transformTables[name as TransformName] as z.ZodType<Transform>, value, name)
}

function make<N extends TransformName>(name: N, options: object): Output<N> {
  return parseTransform({ ...options, name }) as Output<N>
}

/**
 * A clip from a random place, the same chance for each: comes first in a chain, and always happens. Where a chain has
 * none, rows longer than a clip give their middle.
 */
export const randomCrop = () => make('randomCrop', {})

/** x → −x. */
export const polarityInversion = (options: Input<'polarityInversion'> = {}) =>
  make('polarityInversion', options)

/** White normal noise whose standard deviation is `minSnr` to `maxSnr` of the clip's, or `snrDb` below it. */
export const noise = (options: Input<'noise'> = {}) => make('noise', options)

/** Another volume, uniform in dB. Nothing is clipped (torchaudio's `Vol` clips to ±1). */
export const gain = (options: Input<'gain'> = {}) => make('gain', options)

/** Windowed-sinc low-pass as julius: Hann window, 8 zero crossings each side, the ends of the clip repeated. */
export const lowPass = (options: Input<'lowPass'> = {}) => make('lowPass', options)

/** What such a low-pass takes away. */
export const highPass = (options: Input<'highPass'> = {}) => make('highPass', options)

/** One of the two, with equal chances. */
export const highLowPass = (options: Input<'highLowPass'> = {}) => make('highLowPass', options)

/** One echo: y = (x + volume · x delayed) / 2. */
export const delay = (options: Input<'delay'> = {}) => make('delay', options)

/** Pitch by whole cents, duration kept (WSOLA and resampling, as sox `pitch`). Samples are clipped to ±1, as by sox. */
export const pitchShift = (options: Input<'pitchShift'> = {}) => make('pitchShift', options)

/** Freeverb as sox `reverb`, mixed down to mono. Samples are clipped to ±1, as by sox. */
export const reverb = (options: Input<'reverb'> = {}) => make('reverb', options)

/** The clip backwards. */
export const reverse = (options: Input<'reverse'> = {}) => make('reverse', options)

/**
 * A transform of your own, written in JavaScript. It gets one view at a time on the JavaScript thread, so it is slower than
 * the others, and a Trainer refuses it in the chain of `fit`: make the views with `augment`, and train on them with
 * `trainer.step`.
 *
 *   custom({ title: 'crush', p: 0.5, apply: (view) => view.map((v) => Math.round(v * 16) / 16) })
 *
 * @param options.apply for random choices it should use `context.random`, which makes a view replayable; what it throws
 *        rejects the call with an ArgumentError, whose `cause` it is
 */
export const custom = (options: Input<'custom'>) => make('custom', options)

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

const probabilityTable = z.strictObject(
  Object.fromEntries(
    Object.entries(publishedProbabilities).map(([name, value]) => [name, p.unwrap().default(value)]),
  ) as Record<keyof typeof publishedProbabilities, z.ZodDefault<z.ZodNumber>>,
)

/**
 * The published chain, in its order: crop, polarity, noise, gain, filter, delay, pitch, reverb.
 * @param probabilities name → p, for those that should differ
 * @throws ConfigError for a name that is not in the chain
 */
export function clmrTransforms(probabilities: z.input<typeof probabilityTable> = {}): Transform[] {
  const chances = parseOptions(probabilityTable, probabilities, 'clmrTransforms')
  return [
    randomCrop(),
    ...Object.entries(chances).map(([name, chance]) => parseTransform({ name, p: chance })),
  ]
}

/**
 * What was drawn for one transform of one view: `{ name: 'delay', applied: true, ms: 350, volume: 0.5 }`. The
 * parameters are there even where chance decided against it; set `applied` to hear it. Plain numbers and words: JSON
 * stores it without loss.
 */
export type AppliedTransform = AppliedTransformRecord
