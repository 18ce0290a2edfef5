/** Mixing and resampling block by block: the same samples, bit for bit, as of the whole file at once. */
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import type { PcmRun, ResampleQuality } from './types.js'

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
 * in: runs of frames at their own rate; out: runs of mono samples at `to` Hz.
 *
 * A block is a whole number of periods of the two rates, and is resampled together with as many frames on either side
 * as the filter reaches; what belongs to the neighbours is dropped.
 */
export class ResampleStream {
  readonly #to: number
  readonly #quality: ResampleQuality
  readonly #signal: AbortSignal | undefined
  /** frames from `#start` on; those before `#next` are context */
  #channels: Float32Array[] = []
  #rate = 0
  #start = 0
  #next = 0

  constructor(to: number, quality: ResampleQuality, signal?: AbortSignal) {
    this.#to = to
    this.#quality = quality
    this.#signal = signal
  }

  /** Takes a run and gives what can be known by now. Another rate or number of channels begins a part of its own. */
  async *push(run: PcmRun): AsyncGenerator<Float32Array, void, void> {
    if (run.sampleRate !== this.#rate || run.channels.length !== this.#channels.length) {
      yield* this.finish()
      this.#rate = run.sampleRate
    }
    this.#append(run.channels)
    const { block, context } = this.#sizes()
    while (this.#end() >= this.#next + block + context) yield await this.#resample(this.#next + block)
  }

  /** What is left after the last run; the next one begins a part of its own. */
  async *finish(): AsyncGenerator<Float32Array, void, void> {
    if (this.#end() > this.#next) yield await this.#resample(this.#end())
    this.#channels = []
    this.#start = 0
    this.#next = 0
  }

  #end(): number {
    return this.#start + (this.#channels[0]?.length ?? 0)
  }

  #sizes(): { block: number; context: number } {
    const { period, context } = periodsOf(this.#rate, this.#to)
    return { block: Math.ceil(BLOCK_FRAMES / period) * period, context }
  }

  /** Drops what no block needs any more. */
  #append(run: Float32Array[]): void {
    const from = Math.max(this.#start, this.#next - this.#sizes().context)
    const old = this.#channels.map((channel) => channel.subarray(from - this.#start))
    this.#channels = run.map((channel, c) => {
      const kept = old[c] ?? new Float32Array(0)
      const joined = new Float32Array(kept.length + channel.length)
      joined.set(kept)
      joined.set(channel, kept.length)
      return joined
    })
    this.#start = from
  }

  /** Samples of the frames from `#next` to `end`. */
  async #resample(end: number): Promise<Float32Array> {
    const { context } = this.#sizes()
    const from = Math.max(0, this.#next - context)
    const to = Math.min(this.#end(), end + context)
    const window = this.#channels.map((channel) => channel.subarray(from - this.#start, to - this.#start))
    const samples = await callNative(this.#signal, (abort) =>
      native().mixAndResample(window, this.#rate, this.#to, this.#quality, abort),
    )
    const first = ((this.#next - from) * this.#to) / this.#rate
    const last = end === this.#end() ? samples.length : first + ((end - this.#next) * this.#to) / this.#rate
    this.#next = end
    return samples.subarray(first, last)
  }
}
