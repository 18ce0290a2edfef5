/** From clips to views: checks, then one native call. */
import { ArgumentError, describe, ShapeError } from '../errors.js'
import { type Matrix, matrix } from '../matrix.js'
import type { AppliedTransform } from '../native/binding.js'
import { checkOut, checkRows } from '../native/buffers.js'
import { callNative, callNativeSync } from '../native/call.js'
import { checkDevice } from '../native/devices.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { applyWithCustom, hasCustom } from './custom.js'
import type {
  ApplyOptions,
  AugmenterOptions,
  AugmenterSettings,
  AugmentOptions,
  DrawOptions,
  Transform,
} from './option-types.js'
import { applyOptions, augmenterOptions, augmentOptions, drawOptions, nativeChain } from './options.js'

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
 * Every choice is a function of (seed, step, row, position in the chain), so results depend neither on the number of
 * threads nor on what was augmented before.
 */
export class Augmenter {
  /** the chain, in order */
  readonly transforms: readonly Transform[]
  /** views per example */
  readonly views: number
  /** length of a view in samples */
  readonly clipLength: number
  /** sample rate in Hz */
  readonly sampleRate: number
  /** seed of every random choice */
  readonly seed: number
  /** where to compute, as it was given */
  readonly device: NonNullable<AugmenterSettings['device']>

  /**
   * @param options transforms (default: clmrTransforms()), views (2), clipLength (59049 samples), sampleRate (22050 Hz),
   *        seed (42), device ('auto')
   * @throws ConfigError; DeviceError if the device is not there
   */
  constructor(options: AugmenterOptions = {}) {
    const {
      transforms,
      views,
      clipLength,
      sampleRate,
      seed,
      device = 'auto',
    } = parseOptions(augmenterOptions, options, 'Augmenter')
    checkDevice(device)
    this.transforms = Object.freeze(transforms)
    this.views = views
    this.clipLength = clipLength
    this.sampleRate = sampleRate
    this.seed = seed
    this.device = device
  }

  /**
   * Draws the parameters of all transforms and applies them.
   * @param batch n rows of `length` samples; must not change until the promise settles
   * @param options.step number of the batch: another step gives other views (default 0)
   * @returns n·views rows of clipLength samples, row = example·views + view
   * @throws ShapeError, ArgumentError, ConfigError, DeviceError, or the signal's reason
   */
  async augment(batch: Float32Array, options: AugmentOptions = {}): Promise<Matrix> {
    const { step, ...rest } = parseOptions(augmentOptions, options, 'augment')
    const { n, length, out } = this.#check(batch, rest)
    if (hasCustom(this.transforms))
      return this.#wrap(
        await applyWithCustom(this, this.#chain(), batch, this.draw(n, { step, length }), {
          ...rest,
          n,
          length,
          out,
        }),
      )
    const data = await callNative(rest.signal, (abort) =>
      native().augment(this.#chain(), batch, n, length, step, out, abort),
    )
    return this.#wrap(out ?? data!)
  }

  /**
   * The parameters that `augment` would use for every view.
   * @param n number of examples
   * @param options.step number of the batch (default 0)
   * @param options.length number of samples in a row, which limits where a crop can lie (default clipLength)
   * @returns n·views rows, one entry for each transform of the chain
   */
  draw(n: number, options: DrawOptions = {}): AppliedTransform[][] {
    const { step, length = this.clipLength } = parseOptions(drawOptions, options, 'draw')
    if (!Number.isInteger(n) || n < 1 || n * this.views > 0xffffffff)
      throw new ArgumentError({
        what: 'not a number of examples',
        given: describe(n),
        expected: 'a whole number from 1',
        remedy: 'Pass one',
      })
    this.#checkLength(length)
    return callNativeSync(() => native().drawTransforms(this.#chain(), n, length, step))
  }

  /**
   * Applies given parameters; nothing is random. The parameters may come from `draw` (of this or another augmenter) or
   * from JSON, or may be written by hand. A custom transform is found in this augmenter's chain by its title.
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
        await applyWithCustom(this, this.#chain(), batch, parameters, { ...rest, n, length, out }),
      )
    const data = await callNative(rest.signal, (abort) =>
      native().applyTransforms(
        this.#chain(),
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
      remedy: 'Pad them with zeros',
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

  #chain() {
    const { transforms, views, clipLength, sampleRate, seed, device } = this
    return nativeChain({ transforms: [...transforms], views, clipLength, sampleRate, seed, device })
  }

  #wrap(data: Float32Array): Matrix {
    return matrix(data, data.length / this.clipLength, this.clipLength)
  }
}
