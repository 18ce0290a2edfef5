/** Resampling block by block: the same samples, bit for bit, as of the whole file at once. */
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import type { Scratch } from './scratch.js'
import type { MonoRun, ResampleQuality } from './types.js'

/** Frames of a block, about: 6 s at 44.1 kHz. */
const BLOCK_FRAMES = 1 << 18
/**
 * Reach of the widest filter ('best') in periods of the lower of the two rates: 64 zeros of a sinc that is cut off at
 * 0.9476 of the band, 67.6, and some to spare.
 */
const REACH_PERIODS = 72

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

/**
 * Frames at `rate` Hz after which samples at `to` Hz fall on frames again, and how many of them, in whole periods, the
 * filter reaches to either side.
 */
export function periodsOf(rate: number, to: number): { period: number; context: number } {
  const period = rate / gcd(rate, to)
  const reach = REACH_PERIODS * Math.max(1, rate / to)
  return { period, context: rate === to ? 0 : Math.ceil(reach / period) * period }
}

/**
 * in: mixed-down runs at their own rate; out: runs of samples at `to` Hz.
 *
 * A block is a whole number of periods of the two rates, and is resampled together with as many frames on either side
 * as the filter reaches; what belongs to the neighbours is dropped. A run is copied: its memory goes back to its thread.
 */
export class ResampleStream {
  readonly #to: number
  readonly #quality: ResampleQuality
  readonly #signal: AbortSignal | undefined
  readonly #scratch: Scratch | undefined
  /** the frames from `#start` to `#end`, and room; those before `#next` are context */
  #held = new Float32Array(0)
  #rate = 0
  #channels = 0
  #start = 0
  #next = 0
  #end = 0

  /** @param scratch memory for its samples, each piece in that of the one before (default: new memory) */
  constructor(to: number, quality: ResampleQuality, signal?: AbortSignal, scratch?: Scratch) {
    this.#to = to
    this.#quality = quality
    this.#signal = signal
    this.#scratch = scratch
  }

  /** Takes a run and gives what can be known by now. Another rate or number of channels begins a part of its own. */
  async *push(run: MonoRun): AsyncGenerator<Float32Array, void, void> {
    if (run.sampleRate !== this.#rate || run.channels !== this.#channels) {
      yield* this.finish()
      this.#rate = run.sampleRate
      this.#channels = run.channels
    }
    this.#append(run.samples)
    const { block, context } = this.#sizes()
    while (this.#end >= this.#next + block + context) yield await this.#resample(this.#next + block)
  }

  /** What is left after the last run; the next one begins a part of its own. */
  async *finish(): AsyncGenerator<Float32Array, void, void> {
    if (this.#end > this.#next) yield await this.#resample(this.#end)
    this.#start = 0
    this.#next = 0
    this.#end = 0
  }

  #memory(name: string, length: number): Float32Array<ArrayBuffer> {
    return this.#scratch?.floats(name, length) ?? new Float32Array(length)
  }

  #sizes(): { block: number; context: number } {
    const { period, context } = periodsOf(this.#rate, this.#to)
    return { block: Math.ceil(BLOCK_FRAMES / period) * period, context }
  }

  /** Puts a run behind what is held. What no block needs any more makes room for it. */
  #append(run: Float32Array): void {
    let length = this.#end - this.#start
    if (length + run.length > this.#held.length) {
      const from = Math.max(this.#start, this.#next - this.#sizes().context)
      const kept = this.#held.subarray(from - this.#start, length)
      length = kept.length
      const needed = length + run.length
      const into = needed <= this.#held.length ? this.#held : this.#memory('runs', 2 * needed)
      into.set(kept)
      this.#held = into
      this.#start = from
    }
    this.#held.set(run, length)
    this.#end += run.length
  }

  /** Samples of the frames from `#next` to `end`. */
  async #resample(end: number): Promise<Float32Array> {
    const { context } = this.#sizes()
    const from = Math.max(0, this.#next - context)
    const to = Math.min(this.#end, end + context)
    const window = this.#held.subarray(from - this.#start, to - this.#start)
    const samples = this.#memory('resampled', Math.ceil((window.length * this.#to) / this.#rate))
    await callNative(this.#signal, (abort) =>
      native().resample(window, this.#rate, this.#to, this.#quality, samples, abort),
    )
    const first = ((this.#next - from) * this.#to) / this.#rate
    const last = end === this.#end ? samples.length : first + ((end - this.#next) * this.#to) / this.#rate
    this.#next = end
    return samples.subarray(first, last)
  }
}
