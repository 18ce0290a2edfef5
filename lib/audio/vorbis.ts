/** Vorbis packets (Vorbis I specification), by libvorbis. */
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { viewOf } from '../formats/bytes.js'
import { damaged } from './failure.js'
import { freeOnceReady } from './free.js'
import type { DecodedPacket, PacketDecoder } from './ogg-packets.js'

const HEADERS = 3
/** of the first header: type, 'vorbis', version, channels, rate … */
const IDENTIFICATION_BYTES = 30
/** what the decoder has room for */
const MAX_PACKET_BYTES = 1 << 17

/** The fields of a page that the decoder looks at. */
const page = (data: Uint8Array, frames: object[]) =>
  ({ data, codecFrames: frames, isLastPage: false }) as never

export class VorbisDecoder implements PacketDecoder {
  readonly format = 'ogg'
  readonly delay = 0
  readonly sampleRate: number
  readonly channels: number
  readonly #decoder = new OggVorbisDecoder()
  readonly #identification: Uint8Array
  #headers = 0
  /** what goes with the first packet of audio */
  #setup: Uint8Array | undefined

  /** `first`: the identification header. @throws DecodeRefusal */
  constructor(first: Uint8Array) {
    if (first.length < IDENTIFICATION_BYTES) throw damaged('the Vorbis header is cut off')
    const view = viewOf(first, 0)
    this.channels = view.getUint8(11)
    this.sampleRate = view.getUint32(12, true)
    this.#identification = first
  }

  takesHeader(packet: Uint8Array): boolean {
    if (this.#headers === HEADERS) return false
    if (packet[0] !== 2 * this.#headers + 1) throw damaged('a Vorbis header is missing')
    if (packet.length > MAX_PACKET_BYTES) throw damaged('a Vorbis header is too long')
    this.#headers++
    if (this.#headers === HEADERS) this.#setup = packet
    return true
  }

  async decode(packet: Uint8Array): Promise<DecodedPacket> {
    await this.#decoder.ready
    if (packet.length === 0 || packet.length > MAX_PACKET_BYTES) return { frames: 0 }
    const frame = { data: packet, header: { vorbisSetup: this.#setup } }
    const pages = this.#setup
      ? [page(this.#identification, []), page(Uint8Array.of(0), [frame])]
      : [page(packet, [frame])]
    this.#setup = undefined
    const { channelData, samplesDecoded, errors } = await this.#decoder.decodeOggPages(pages)
    return errors.length > 0 || samplesDecoded === 0
      ? { frames: 0 }
      : { frames: samplesDecoded, channels: channelData }
  }

  free(): void {
    freeOnceReady(this.#decoder)
  }
}
