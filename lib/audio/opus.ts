/** Opus packets (RFC 6716), as an Ogg file has them (RFC 7845), by libopus. */
import { OpusDecoder } from 'opus-decoder'
import { textAt, viewOf } from '../formats/bytes.js'
import { damaged } from './failure.js'
import { freeOnceReady } from './free.js'
import type { DecodedPacket, PacketDecoder } from './ogg-packets.js'

const HEAD_BYTES = 19
const SAMPLE_RATE = 48000

/** Samples of a packet at 48 kHz, by its first byte: 2.5 to 60 ms a frame, 1 to 48 frames. */
export function packetFrames(packet: Uint8Array): number {
  const [toc, count] = packet
  if (toc === undefined) return 0
  const config = toc >> 3
  const milliseconds =
    config < 12
      ? [10, 20, 40, 60][config & 3]!
      : config < 16
        ? [10, 20][config & 1]!
        : 2.5 * 2 ** (config & 3)
  const code = toc & 3
  const frames = code === 0 ? 1 : code < 3 ? 2 : (count ?? 0) & 63
  return frames * milliseconds * 48
}

interface Head {
  channels: number
  preSkip: number
  gain: number
  streamCount: number
  coupledStreamCount: number
  channelMappingTable: number[]
}

/** The head: version, channels, pre-skip, input rate, gain in 1/256 dB, mapping family and its table. */
function readHead(packet: Uint8Array): Head {
  if (packet.length < HEAD_BYTES) throw damaged('the Opus header is cut off')
  const view = viewOf(packet, 0)
  const channels = view.getUint8(9)
  const head = { channels, preSkip: view.getUint16(10, true), gain: view.getInt16(16, true) / 256 }
  if (view.getUint8(18) === 0) {
    if (channels > 2) throw damaged('the number of channels cannot be right', { given: `${channels}` })
    return {
      ...head,
      streamCount: 1,
      coupledStreamCount: channels - 1,
      channelMappingTable: channels > 1 ? [0, 1] : [0],
    }
  }
  if (packet.length < 21 + channels) throw damaged('the Opus header is cut off')
  return {
    ...head,
    streamCount: view.getUint8(19),
    coupledStreamCount: view.getUint8(20),
    channelMappingTable: [...packet.subarray(21, 21 + channels)],
  }
}

export class OpusPacketDecoder implements PacketDecoder {
  readonly format = 'opus'
  readonly sampleRate = SAMPLE_RATE
  readonly delay: number
  readonly channels: number
  readonly #decoder: OpusDecoder
  readonly #gain: number
  #headers = 0

  /** `first`: the identification header. @throws DecodeRefusal */
  constructor(first: Uint8Array) {
    const { channels, preSkip, gain, ...streams } = readHead(first)
    this.channels = channels
    this.delay = preSkip
    this.#gain = 10 ** (gain / 20)
    this.#decoder = new OpusDecoder({ channels, preSkip: 0, ...streams })
  }

  takesHeader(packet: Uint8Array): boolean {
    if (this.#headers > 1) return false
    if (this.#headers === 1 && textAt(packet, 0, 8) !== 'OpusTags') throw damaged('an Opus header is missing')
    this.#headers++
    return true
  }

  async decode(packet: Uint8Array): Promise<DecodedPacket> {
    await this.#decoder.ready
    const { channelData, samplesDecoded, errors } = this.#decoder.decodeFrame(packet)
    if (errors.length > 0 || samplesDecoded === 0) return { frames: packetFrames(packet) }
    const gain = this.#gain
    const channels = gain === 1 ? channelData : channelData.map((channel) => channel.map((x) => x * gain))
    return { frames: samplesDecoded, channels }
  }

  free(): void {
    freeOnceReady(this.#decoder)
  }
}
