/** Ogg files: Vorbis, Opus and FLAC, one stream or several one after the other, beside video or alone. */
import { type Bytes, textAt } from '../formats/bytes.js'
import { damaged, unsupported } from './failure.js'
import { isWholeFrame, readFrameHeader, readStreamInfo, type StreamInfo } from './flac-frames.js'
import { FlacFrameDecoder } from './flac-samples.js'
import type { Ledger } from './ledger.js'
import { type OggStream, TimedStream } from './ogg-packets.js'
import { type OggGap, type OggPage, type OggPageHeader, PacketReader, walkPages } from './ogg-pages.js'
import { OpusPacketDecoder } from './opus.js'
import { skipTagsAndZeros } from './tags.js'
import type { PcmRun } from './types.js'
import { VorbisDecoder } from './vorbis.js'

/** FLAC in Ogg: every packet is a frame, which has its own position. */
class FlacStream implements OggStream {
  readonly format = 'flac'
  readonly #info: StreamInfo
  readonly #decoder: FlacFrameDecoder
  /** bytes in front of the next frame that are none */
  #skipped = 0
  #granule = 0

  /** `first`: 9 bytes of mapping header, the fLaC mark and a block header stand before STREAMINFO. */
  constructor(first: Uint8Array, ledger: Ledger) {
    this.#info = readStreamInfo(first, 17)
    this.#decoder = new FlacFrameDecoder(this.#info, ledger)
    ledger.begin(this.#info.sampleRate)
  }

  lose(bytes: number): void {
    this.#skipped += bytes
  }

  async *page(page: OggPage, packets: Uint8Array[]): AsyncGenerator<PcmRun, void, void> {
    for (const packet of packets) {
      const header = readFrameHeader(packet, 0, this.#info)
      if (header && isWholeFrame(packet)) {
        yield* this.#decoder.decode(packet, header, this.#skipped)
        this.#skipped = 0
      }
    }
    this.#granule = Math.max(this.#granule, page.granule)
  }

  // biome-ignore lint/correctness/useYield: the length of what is lost would have to be that of whole frames
  *loseEnd(): Generator<PcmRun, boolean, void> {
    return false
  }

  finish(): PcmRun[] {
    this.#decoder.finish(this.#granule)
    return []
  }

  free(): void {
    this.#decoder.free()
  }
}

/** How the first packet of a stream of sound begins that is read here. */
const STREAMS: Record<string, (first: Uint8Array, ledger: Ledger) => OggStream> = {
  '\x01vorbis': (first, ledger) => new TimedStream(new VorbisDecoder(first), ledger),
  OpusHead: (first, ledger) => new TimedStream(new OpusPacketDecoder(first), ledger),
  '\x7fFLAC': (first, ledger) => new FlacStream(first, ledger),
}

const streamOf = (first: Uint8Array) =>
  Object.entries(STREAMS).find(([mark]) => textAt(first, 0, mark.length) === mark)?.[1]

/** The stream of sound that is being read, among those that lie beside each other. */
class Link {
  readonly #packets = new PacketReader()
  #sequence: number
  /** pages of sound have been seen: what begins now is the next link of a chain */
  hasData = false
  hasEnded = false

  constructor(
    readonly stream: OggStream,
    first: OggPage,
  ) {
    this.serial = first.serial
    this.#sequence = first.sequence - 1
  }

  readonly serial: number

  /** `bytes`: how many that are no page stand in the place of those that are missing. */
  lose(bytes: number): void {
    this.#packets.lose()
    this.stream.lose(bytes)
  }

  /** As of a stream, where the page is one of it. */
  *loseEnd({ serial, granule, ends }: OggPageHeader): Generator<PcmRun, boolean, void> {
    if (serial !== this.serial || !(yield* this.stream.loseEnd(granule))) return false
    this.hasEnded = ends
    return true
  }

  async *page(page: OggPage): AsyncGenerator<PcmRun, void, void> {
    if (page.sequence !== this.#sequence + 1) this.lose(0)
    this.#sequence = page.sequence
    this.hasData ||= !page.begins
    this.hasEnded ||= page.ends
    yield* this.stream.page(page, this.#packets.read(page))
  }
}

class OggReader {
  #link: Link | undefined
  #links = 0
  #streams = 0

  constructor(
    private readonly bytes: Bytes,
    private readonly ledger: Ledger,
  ) {}

  async *read(): AsyncGenerator<PcmRun, void, void> {
    try {
      for (const part of walkPages(this.bytes)) {
        if (part.kind === 'gap') yield* this.#gap(part)
        else yield* this.#page(part)
      }
      yield* this.#finish()
    } finally {
      this.#link?.stream.free()
    }
    if (this.#links > 0) return
    if (this.#streams === 0) throw damaged('the first Ogg page is damaged')
    throw unsupported('the Ogg file holds no stream of Vorbis, Opus or FLAC', { ffmpeg: 'ogg' })
  }

  async *#page(page: OggPage): AsyncGenerator<PcmRun, void, void> {
    if (page.begins && (this.#link === undefined || this.#link.hasData)) {
      this.#streams++
      const open = streamOf(page.body)
      if (open) {
        yield* this.#finish()
        const stream = open(page.body, this.ledger)
        this.#links++
        if (this.#links === 2) this.ledger.note('several streams follow each other in the file')
        this.ledger.format = stream.format
        this.#link = new Link(stream, page)
      }
    }
    if (page.serial === this.#link?.serial) yield* this.#link.page(page)
  }

  async *#finish(): AsyncGenerator<PcmRun, void, void> {
    const link = this.#link
    if (!link) return
    if (!link.hasEnded) this.ledger.note('a stream has no mark at its end: it may have been longer')
    yield* link.stream.finish()
    link.stream.free()
    this.#link = undefined
  }

  *#gap({ at, bytes, atEnd, cutOff, last }: OggGap): Generator<PcmRun, void, void> {
    if (!atEnd) this.#link?.lose(bytes)
    if (!atEnd || skipTagsAndZeros(this.bytes, at) >= this.bytes.length) return
    if (this.#link?.hasEnded) {
      this.ledger.note(`${bytes} bytes at the end are no Ogg page`)
      return
    }
    if (last && this.#link && (yield* this.#link.loseEnd(last))) return
    throw damaged(
      cutOff ? 'the file is truncated: its last page is cut off' : 'the last Ogg page is damaged',
      {
        given: `byte ${at} of ${this.bytes.length}`,
      },
    )
  }
}

/** in: an Ogg file; out: the samples of its first stream of sound, and of those that follow it */
export function decodeOgg(bytes: Bytes, ledger: Ledger): AsyncGenerator<PcmRun, void, void> {
  return new OggReader(bytes, ledger).read()
}
