/** From clips to views: checks, then one native call. */
import { z } from 'zod'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { ArgumentError, ClmrError, describe, ShapeError } from '../errors.js'
import { type Matrix, matrix } from '../matrix.js'
import type { ChainSpec, TransformSpec } from '../native/binding.js'
import { checkOut, checkRows } from '../native/buffers.js'
import { callNative, callNativeSync } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions, seedOption } from '../options.js'
import { applyWithCustom, hasCustom } from './custom.js'
import {
  type AppliedTransform,
  clmrTransforms,
  parseTransform,
  type Transform,
  type TransformInput,
} from './transforms.js'

/** A transform within other options; the message of its error is passed on. */
const transformField = z.unknown().transform((value, context): Transform => {
  try {
    return parseTransform(value)
  } catch (error) {
    if (!(error instanceof ClmrError)) throw error
    context.addIssue({ code: 'custom', message: error.message.replace(/\.$/, '') })
    return z.NEVER
  }
})

/** The options of an Augmenter; the options of a training contain them. */
export const augmenterOptions = z
  .strictObject({
    transforms: z
      .array(transformField)
      .max(256)
      .default(() => clmrTransforms())
      .describe('the chain, in order; by default the published one'),
    views: z.number().int().min(1).max(1024).default(2).describe('versions of every example'),
    clipLength: z.number().int().min(1).max(100_000_000).default(CLIP_LENGTH).describe('samples of a view'),
    sampleRate: z.number().min(1000).max(768_000).default(SAMPLE_RATE).describe('Hz'),
    seed: seedOption('of every random choice'),
  })
  .superRefine(({ transforms, sampleRate }, context) => {
    transforms.forEach((transform, place) => {
      if (transform.name === 'randomCrop' && place > 0)
        context.addIssue({
          code: 'custom',
          path: ['transforms', place],
          message: 'randomCrop must come first',
        })
      const twin = (other: (typeof transforms)[number]) =>
        other.name === 'custom' &&
        transform.name === 'custom' &&
        other.title === transform.title &&
        other.apply !== transform.apply
      if (transforms.slice(0, place).some(twin))
        context.addIssue({
          code: 'custom',
          path: ['transforms', place],
          message: 'another transform of your own has the same title: records of it could not be told apart',
        })
      const limits: Record<string, unknown> = { ...transform }
      for (const option of ['cutoff', 'lowPass', 'highPass']) {
        const range = limits[option] as [number, number] | undefined
        if (range && range[1] > sampleRate / 2)
          context.addIssue({
            code: 'custom',
            path: ['transforms', place],
            message: `a cut-off of ${range[1]} Hz lies above half the sample rate of ${sampleRate} Hz`,
          })
      }
    })
  })

/** Options as the constructor takes them; those that are left out take their defaults. */
export type AugmenterOptions = Omit<Partial<z.input<typeof augmenterOptions>>, 'transforms'> & {
  transforms?: readonly TransformInput[]
}

const applyOptions = z.strictObject({
  length: z.number().int().min(1).optional(),
  out: z.unknown().optional(),
  signal: z.instanceof(AbortSignal).optional(),
})
const step = z.number().int().min(0).max(0xffffffff).default(0)
const augmentOptions = applyOptions.extend({ step })
const drawOptions = z.strictObject({ step, length: z.number().int().min(1).optional() })

export interface ApplyOptions {
  /** samples of a row of the batch; by default clipLength */
  length?: number
  /** filled instead of a new array: n·views·clipLength values, apart from the batch */
  out?: Float32Array
  signal?: AbortSignal
}

/** The native side of an augmenter, for the trainer. */
export function chainSpec(augmenter: Augmenter): ChainSpec {
  const { transforms, views, clipLength, sampleRate, seed } = augmenter
  return {
    transforms: transforms.map((t) => {
      const spec = { p: 1, ...t }
      if (spec.name !== 'custom') return spec as TransformSpec
      return { name: spec.name, p: spec.p, title: spec.title }
    }),
    views,
    clipLength,
    sampleRate,
    seed,
  }
}

function overlap(a: Float32Array, b: Float32Array): boolean {
  return (
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.byteLength &&
    b.byteOffset < a.byteOffset + a.byteLength
  )
}

/**
 * Makes several random versions of every clip.
 *
 * Every choice is a function of (seed, step, row, place in the chain), so results depend neither on the number of
 * threads nor on what was augmented before.
 */
export class Augmenter {
  readonly transforms: readonly Transform[]
  readonly views: number
  readonly clipLength: number
  readonly sampleRate: number
  readonly seed: number

  /**
   * @param options transforms (default: clmrTransforms()), views (2), clipLength (59049 samples), sampleRate (22050 Hz),
   *        seed (42)
   * @throws ConfigError
   */
  constructor(options: AugmenterOptions = {}) {
    const { transforms, views, clipLength, sampleRate, seed } = parseOptions(
      augmenterOptions,
      options,
      'Augmenter',
    )
    this.transforms = Object.freeze(transforms)
    this.views = views
    this.clipLength = clipLength
    this.sampleRate = sampleRate
    this.seed = seed
  }

  /**
   * Draws and applies.
   * @param batch n rows of `length` samples; must not change until the promise settles
   * @param options.step number of the batch: another step gives other views (default 0)
   * @returns n·views rows of clipLength samples, row = example·views + view
   * @throws ShapeError, ArgumentError, ConfigError, or the signal's reason
   */
  async augment(batch: Float32Array, options: ApplyOptions & { step?: number } = {}): Promise<Matrix> {
    const { step, ...rest } = parseOptions(augmentOptions, options, 'augment')
    const { n, length, out } = this.#check(batch, rest)
    if (hasCustom(this.transforms))
      return this.#wrap(
        await applyWithCustom(this, chainSpec(this), batch, this.draw(n, { step, length }), {
          ...rest,
          n,
          length,
          out,
        }),
      )
    const data = await callNative(rest.signal, (abort) =>
      native().augment(chainSpec(this), batch, n, length, step, out, abort),
    )
    return this.#wrap(out ?? data!)
  }

  /**
   * The parameters of every view that `augment` would use.
   * @param n examples
   * @param options.step number of the batch (default 0)
   * @param options.length samples of a row, which bounds the crop (default clipLength)
   * @returns n·views rows, one entry for each transform of the chain
   */
  draw(n: number, options: { step?: number; length?: number } = {}): AppliedTransform[][] {
    const { step, length = this.clipLength } = parseOptions(drawOptions, options, 'draw')
    if (!Number.isInteger(n) || n < 1 || n * this.views > 0xffffffff)
      throw new ArgumentError({
        what: 'not a number of examples',
        given: describe(n),
        expected: 'a whole number from 1',
        remedy: 'Pass one',
      })
    this.#checkLength(length)
    return callNativeSync(() => native().drawTransforms(chainSpec(this), n, length, step))
  }

  /**
   * Applies drawn parameters, as they are: no chance is left. They may come from another augmenter, from JSON, or be
   * written by hand. A transform of your own is found by its title in this augmenter's chain.
   * @param batch n rows of `length` samples; must not change until the promise settles
   * @param parameters n·views rows, as `draw` returns them
   * @returns n·views rows of clipLength samples
   */
  async apply(
    batch: Float32Array,
    parameters: readonly (readonly AppliedTransform[])[],
    options: ApplyOptions = {},
  ): Promise<Matrix> {
    const rest = parseOptions(applyOptions, options, 'apply')
    const { n, length, out } = this.#check(batch, rest)
    this.#checkParameters(parameters, n)
    if (parameters.some((row) => Array.isArray(row) && hasCustom(row)))
      return this.#wrap(
        await applyWithCustom(this, chainSpec(this), batch, parameters, { ...rest, n, length, out }),
      )
    const data = await callNative(rest.signal, (abort) =>
      native().applyTransforms(
        chainSpec(this),
        parameters as AppliedTransform[][],
        batch,
        n,
        length,
        out,
        abort,
      ),
    )
    return this.#wrap(out ?? data!)
  }

  #checkLength(length: number): void {
    if (length >= this.clipLength) return
    throw new ShapeError({
      what: 'the rows are shorter than a clip',
      given: `${length} samples`,
      expected: `at least clipLength, ${this.clipLength}`,
      remedy: 'Pad them with zeros, or choose a smaller clipLength',
    })
  }

  /** The native side checks what is in a row. */
  #checkParameters(parameters: unknown, n: number): void {
    if (Array.isArray(parameters) && parameters.length === n * this.views) return
    throw new ShapeError({
      what: 'parameters does not hold a row for every view',
      given: describe(parameters),
      expected: `an array of ${n * this.views}: ${n} examples · ${this.views} views`,
      remedy: 'Pass what draw() returned for as many examples',
    })
  }

  #check(batch: Float32Array, options: { length?: number; out?: unknown }) {
    const { length = this.clipLength, out } = options
    this.#checkLength(length)
    const n = checkRows(batch, length, 'batch')
    checkOut(out, n * this.views * this.clipLength)
    if (out && overlap(batch, out))
      throw new ArgumentError({
        what: 'out overlaps the batch',
        remedy: 'Pass memory of its own: rows are read while others are written',
      })
    return { n, length, out }
  }

  #wrap(data: Float32Array): Matrix {
    return matrix(data, data.length / this.clipLength, this.clipLength)
  }
}
