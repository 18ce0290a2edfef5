/** Memory for clips, and the places of windows in a track. */

import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { ArgumentError, describe, ShapeError } from '../errors.js'
import { native } from '../native/load.js'

/**
 * Zeroed memory for n clips in one flat array, owned by the native side and reference-counted: unlike a plain array,
 * it stays valid during a call, even if JavaScript transfers or drops it.
 * @param n 1 or more
 * @returns n · 59,049 samples, 64-byte aligned
 * @throws ArgumentError
 */
export function allocateClips(n: number): Float32Array {
  return allocateClipsOf(CLIP_LENGTH, n)
}

/** The same for clips of another length. @throws ArgumentError */
export function allocateClipsOf(clipLength: number, n: number): Float32Array {
  if (!Number.isInteger(n) || n < 1 || n > 1_000_000)
    throw new ArgumentError({
      what: 'not a number of clips',
      given: describe(n),
      expected: 'an integer from 1 to 1,000,000',
      remedy: 'Pass how many clips the memory is for',
    })
  return native().allocate(n * clipLength)
}

const hopLength = (hop: number) => Math.max(1, Math.round(hop * SAMPLE_RATE))

/** How long windows are, in samples, and how far apart they begin, in seconds, rounded to whole samples. */
export interface WindowGrid {
  clipLength: number
  hop: number
}

/**
 * The first samples of the windows of a track: one for a track shorter than a clip (it is padded with zeros),
 * otherwise every `hop` seconds as long as a whole window fits.
 * @param length samples of the track, 1 or more
 */
export function windowStarts(length: number, { clipLength, hop }: WindowGrid): Float64Array {
  const step = hopLength(hop)
  const count = length <= clipLength ? 1 : Math.floor((length - clipLength) / step) + 1
  return Float64Array.from({ length: count }, (_, i) => i * step)
}

/**
 * The first samples of n windows that are spread evenly over a track of `length` samples: each in the middle of its n-th
 * part of the places where a window can begin. Of a track shorter than a clip there is one.
 */
export function spreadStarts(length: number, n: number, clipLength: number): Float64Array {
  const places = length - clipLength
  const count = places <= 0 ? 1 : Math.min(n, places)
  return Float64Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * Math.max(0, places)) / count))
}

/**
 * The windows of a track that comes piece by piece.
 * in: runs of samples; out: windows, views on memory that is not written to again
 */
export class WindowCutter {
  readonly #where: number | Float64Array
  readonly #clipLength: number
  #samples = new Float32Array(0)
  /** position of `#samples` in the track */
  #start = 0
  #windows = 0

  /** @param where from window to window in seconds, rounded to whole samples; or the first sample of each */
  constructor(where: number | Float64Array, clipLength: number) {
    this.#clipLength = clipLength
    this.#where = typeof where === 'number' ? hopLength(where) : where
  }

  /** No more windows come. */
  get isOver(): boolean {
    return this.#next === Number.POSITIVE_INFINITY
  }

  get #next(): number {
    return this.startOf(this.#windows)
  }

  push(samples: Float32Array): Float32Array[] {
    const from = Math.min(Math.max(this.#next, this.#start), this.#start + this.#samples.length)
    const rest = this.#samples.subarray(from - this.#start)
    const joined = new Float32Array(rest.length + samples.length)
    joined.set(rest)
    joined.set(samples, rest.length)
    this.#samples = joined
    this.#start = from
    const windows: Float32Array[] = []
    for (; this.#next + this.#clipLength <= from + joined.length; this.#windows++)
      windows.push(joined.subarray(this.#next - from, this.#next - from + this.#clipLength))
    return windows
  }

  /** The only window of a track that is shorter than a clip; it will be padded. */
  finish(): Float32Array[] {
    if (this.#windows > 0 || this.#samples.length === 0) return []
    return [this.#samples]
  }

  /** The first sample of a window; infinity if there is none. */
  startOf(window: number): number {
    if (typeof this.#where === 'number') return window * this.#where
    return this.#where[window] ?? Number.POSITIVE_INFINITY
  }
}

/** @throws ArgumentError if a result would be written over the audio that it is computed from */
export function checkApart(out: Float32Array | undefined, clips: Float32Array): void {
  if (!out || out.buffer !== clips.buffer) return
  const [a, b] = out.byteOffset < clips.byteOffset ? [out, clips] : [clips, out]
  if (a.byteOffset + a.byteLength <= b.byteOffset) return
  throw new ArgumentError({
    what: 'out overlaps the clips',
    given: 'two views on the same memory',
    expected: 'memory of its own',
    remedy: 'Allocate another array for the result',
  })
}

/** @throws ShapeError for a track without samples */
export function checkTrack(samples: Float32Array): void {
  if (samples.length > 0) return
  throw new ShapeError({
    what: 'the track is empty',
    given: '0 samples',
    expected: 'at least one sample',
    remedy: 'Check how the audio was read',
  })
}
