/** The packets of one stream of an Ogg file, held to the positions that its pages state. */
import { beginsLater } from './later-beginning.js'
import { type Ledger, MAX_LOST_SHARE } from './ledger.js'
import type { OggPage } from './ogg-pages.js'
import { silence } from './silence.js'
import type { PcmRun } from './types.js'

/** Samples of a packet; `channels` is undefined if it could not be decoded, or holds none. */
export interface DecodedPacket {
  frames: number
  channels?: Float32Array[]
}

/** A codec whose packets follow headers of their own. */
export interface PacketDecoder {
  readonly format: string
  readonly sampleRate: number
  readonly channels: number
  /** samples at the beginning that are not part of the sound */
  readonly delay: number
  /** True for a header, which it takes. @throws DecodeRefusal */
  takesHeader(packet: Uint8Array): boolean
  decode(packet: Uint8Array): Promise<DecodedPacket>
  free(): void
}

/** One stream of an Ogg file as its reader sees it. */
export interface OggStream {
  readonly format: string
  /** Takes the packets that end on a page. */
  page(page: OggPage, packets: Uint8Array[]): AsyncGenerator<PcmRun, void, void>
  /** Pages are missing in front of the next one, and `bytes` that are no page stand there. */
  lose(bytes: number): void
  /** The last pages are damaged, which end at `granule`. False where that is too much, or cannot be. */
  loseEnd(granule: number): Generator<PcmRun, boolean, void>
  /** What was held back. */
  finish(): Iterable<PcmRun>
  free(): void
}

/**
 * Vorbis and Opus: only pages have positions, and the last of them cuts the last packet. So the samples of a page are
 * held back until it is known whether it was the last.
 */
export class TimedStream implements OggStream {
  readonly format: string
  /** position of the first sample that the decoder gave; undefined before there is one */
  #base: number | undefined
  #decoded = 0
  /** what the pages say by now */
  #granule = 0
  #held: PcmRun[] = []
  #hole = false
  /** that are no page, in front of the first page of sound */
  #lostBytes = 0

  constructor(
    private readonly decoder: PacketDecoder,
    private readonly ledger: Ledger,
  ) {
    this.format = decoder.format
    ledger.begin(decoder.sampleRate)
  }

  lose(bytes: number): void {
    this.#hole = true
    this.#lostBytes += bytes
  }

  *loseEnd(granule: number): Generator<PcmRun, boolean, void> {
    const missing = granule - this.#granule
    if (this.#base === undefined || missing <= 0 || missing > MAX_LOST_SHARE * granule) return false
    yield* this.#release()
    yield* this.#conceal(granule - this.#position)
    this.#granule = granule
    return true
  }

  get #position(): number {
    return (this.#base ?? 0) + this.#decoded
  }

  async *page(page: OggPage, packets: Uint8Array[]): AsyncGenerator<PcmRun, void, void> {
    const runs: PcmRun[] = []
    let frames = 0
    for (const packet of packets) {
      if (this.decoder.takesHeader(packet)) continue
      for (const run of await this.#decode(packet)) {
        frames += run.channels[0]!.length
        runs.push(run)
      }
      this.ledger.expect(frames, this.decoder.channels)
    }
    if (page.granule < 0 || (frames === 0 && page.granule <= this.#granule)) return
    this.#base ??= this.#baseOf(page, frames)
    yield* this.#release()
    const missing = page.granule - this.#position - frames
    if (missing > 0) yield* this.#conceal(missing)
    this.#held = runs
    this.#granule = page.granule
    this.#hole = false
  }

  #baseOf(page: OggPage, frames: number): number {
    const first = page.granule - frames
    if (this.#hole && !beginsLater(this.#lostBytes, first, { bytes: page.body.length, frames })) return 0
    // a first page that counts fewer samples than it has leaves out the first ones, or, where it is the last page, the last
    return page.ends ? Math.max(0, first) : first
  }

  async #decode(packet: Uint8Array): Promise<PcmRun[]> {
    const { sampleRate, channels: count } = this.decoder
    const { frames, channels } = await this.decoder.decode(packet)
    if (channels) return [{ channels, sampleRate }]
    if (frames > 0) this.ledger.lose(frames, count, sampleRate)
    return [...silence(frames, count, sampleRate)]
  }

  *#conceal(missing: number): Generator<PcmRun, void, void> {
    const { sampleRate, channels } = this.decoder
    this.ledger.lose(missing, channels, sampleRate)
    for (const run of silence(missing, channels, sampleRate)) yield* this.#emit(run)
  }

  /** The first sample that is part of the sound. */
  get #beginning(): number {
    return Math.max(0, this.#base ?? 0) + this.decoder.delay
  }

  /** Passes on what comes after the beginning and in front of `end`. */
  *#emit({ channels, sampleRate }: PcmRun, end = Number.POSITIVE_INFINITY): Generator<PcmRun, void, void> {
    const start = this.#position
    const length = channels[0]!.length
    this.#decoded += length
    const from = Math.min(length, Math.max(0, this.#beginning - start))
    const to = Math.min(length, end - start)
    if (to > from) yield { channels: channels.map((channel) => channel.subarray(from, to)), sampleRate }
  }

  *#release(end?: number): Generator<PcmRun, void, void> {
    const held = this.#held
    this.#held = []
    for (const run of held) yield* this.#emit(run, end)
  }

  *finish(): Generator<PcmRun, void, void> {
    if (this.#base === undefined) return
    yield* this.#release(this.#granule)
    const promised = this.#granule - this.#beginning
    if (promised > 0) this.ledger.promise(promised)
    if (this.#base > 0)
      this.ledger.note(`the file begins ${this.#base} samples after the beginning of its stream`)
  }

  free(): void {
    this.decoder.free()
  }
}
