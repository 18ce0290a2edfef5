/** Decodes FLAC frames, from a FLAC or an Ogg file; what is missing between them becomes silence of the right length. */
import { createHash, type Hash } from 'node:crypto'
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import type { FlacHeader, StreamInfo } from './flac-frames.js'
import { freeOnceReady } from './free.js'
import { beginsLater } from './later-beginning.js'
import type { Ledger } from './ledger.js'
import { silence } from './silence.js'
import type { PcmRun } from './types.js'

/** Room for integers of so many bits. */
function integersOf(bits: number, count: number): Int8Array | Int16Array | Int32Array {
  return bits <= 8 ? new Int8Array(count) : bits <= 16 ? new Int16Array(count) : new Int32Array(count)
}

/** The lower three bytes of each number. */
function threeBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(3 * values.length)
  for (let i = 0, at = 0; i < values.length; i++, at += 3) {
    bytes[at] = values[i]!
    bytes[at + 1] = values[i]! >> 8
    bytes[at + 2] = values[i]! >> 16
  }
  return bytes
}

/**
 * Full scale is 2^(bits − 1) here, as everywhere; the decoder divides by one less. Changes `channels`.
 * @param hash takes the integers, interleaved, in as many bytes as STREAMINFO's sum counts
 */
function rescale(channels: Float32Array[], bits: number, hash: Hash | undefined): void {
  const full = 2 ** (bits - 1)
  const frames = channels[0]!.length
  const integers = integersOf(bits, frames * channels.length)
  for (const [c, channel] of channels.entries())
    for (let i = 0, at = c; i < frames; i++, at += channels.length) {
      const value = Math.round(channel[i]! * (full - 1))
      integers[at] = value
      channel[i] = value / full
    }
  hash?.update(bits > 16 && bits <= 24 ? threeBytes(integers) : new Uint8Array(integers.buffer))
}

/** Decodes frames one by one, and says where they stand. */
export class FlacFrameDecoder {
  readonly #decoder = new FLACDecoder()
  readonly #hash: Hash | undefined
  #begun = false
  /** sample of the stream that the first frame begins with, and that the next one should begin with */
  #base: number | undefined
  #expected = 0
  #last: FlacHeader | undefined

  constructor(
    private readonly info: StreamInfo,
    private readonly ledger: Ledger,
  ) {
    // floats hold 24 bits, so that a checksum over more cannot be made of them
    if (info.md5 !== undefined && info.bits <= 24) this.#hash = createHash('md5')
  }

  /** `skipped`: so many bytes in front of this frame could not be read. */
  async *decode(data: Uint8Array, header: FlacHeader, skipped: number): AsyncGenerator<PcmRun> {
    if (!this.#begun) {
      await this.#decoder.ready
      await this.#decoder.decodeFrames([this.info.header])
      this.#begun = true
    }
    if (this.#base === undefined) {
      const part = { bytes: data.length, frames: header.length }
      this.#base = skipped === 0 || beginsLater(skipped, header.position, part) ? header.position : 0
      this.#expected = this.#base
    }
    const missing = header.position - this.#expected
    if (missing > 0) yield* this.#lose(missing, header)
    this.#expected = Math.max(this.#expected, header.position) + header.length
    // its errors tell of frames that are missing in front of this one, which is known here
    const { channelData, samplesDecoded } = await this.#decoder.decodeFrames([data])
    if (samplesDecoded !== header.length) {
      yield* this.#lose(header.length, header)
      return
    }
    this.#last = header
    rescale(channelData, header.bits, this.#hash)
    yield { channels: channelData, sampleRate: header.sampleRate }
  }

  *#lose(frames: number, { channels, sampleRate }: FlacHeader): Generator<PcmRun> {
    this.ledger.lose(frames, channels, sampleRate)
    yield* silence(frames, channels, sampleRate)
  }

  /** True where all that STREAMINFO promises was there. */
  get isComplete(): boolean {
    return this.info.samples > 0 && this.#expected >= this.info.samples
  }

  /** The last bytes are no whole frame; `header` is what can still be read of it. */
  *loseEnd(header: FlacHeader | undefined): Generator<PcmRun> {
    this.ledger.note('the last frame is damaged or cut off: the file may have been longer')
    const like = header ?? this.#last
    if (like) yield* this.#lose(like.length, like)
  }

  /** Holds what was decoded to STREAMINFO; `granule`: the length that an Ogg file gives besides. */
  finish(granule?: number): void {
    const samples = this.info.samples || (granule ?? 0)
    const base = this.#base ?? 0
    if (samples > base) this.ledger.promise(samples - base)
    if (base > 0) this.ledger.note(`the file begins ${base} samples after the beginning of its stream`)
    if (this.#hash && base === 0 && this.ledger.intact && this.#hash.digest('hex') !== this.info.md5)
      this.ledger.note('the samples are not those that the MD5 sum in the header was made of')
  }

  free(): void {
    freeOnceReady(this.#decoder)
  }
}
