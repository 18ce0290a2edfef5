/**
 * Frame headers of MPEG audio, layers I to III (ISO 11172-3 and 13818-3), and the Xing, Info and VBRI tags that stand in
 * the place of a first frame.
 */
import { type Bytes, textAt, viewOf } from '../formats/bytes.js'

// kbit/s by index, for MPEG 1 layers I, II, III and for MPEG 2 and 2.5 layers I and II/III
const BITRATES = {
  v1l1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  v1l2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  v1l3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  v2l1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  v2l3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}
const RATES = [44100, 48000, 32000]
/** Longest frame of the free format that decoders read. */
const MAX_FREE_BYTES = 3456
const MIN_FREE_BYTES = 24

export interface FrameHeader {
  bytes: number
  samples: number
  sampleRate: number
  channels: number
  /** of the free format: its bitrate is none of the table */
  free: boolean
  /** offset of a Xing or Info tag within the frame */
  tagOffset: number
}

/** True where two headers can stand in one stream: version, layer and rate are the same. */
function isAlike(b: Bytes, at: number, other: number): boolean {
  const [a0, a1, a2] = b.subarray(at, at + 3)
  const [o0, o1, o2] = b.subarray(other, other + 3)
  return a2 !== undefined && a0 === o0 && a1 === o1 && (a2 & 0xfc) === (o2! & 0xfc)
}

/** Reads headers; frames of the free format are as long as the way to the next one, which is found once. */
export class FrameReader {
  /** length without padding */
  #freeBytes: number | undefined

  constructor(private readonly b: Bytes) {}

  /** The header at `at`, or undefined if there is none. */
  read(at: number): FrameHeader | undefined {
    const [h0, h1, h2, h3] = this.b.subarray(at, at + 4)
    if (h3 === undefined || h0 !== 0xff || (h1! & 0xe0) !== 0xe0) return undefined
    const version = (h1! >> 3) & 3 // 0: MPEG 2.5, 2: MPEG 2, 3: MPEG 1
    const layer = 4 - ((h1! >> 1) & 3)
    const rateIndex = (h2! >> 2) & 3
    const bitrateIndex = h2! >> 4
    if (version === 1 || layer === 4 || rateIndex === 3 || bitrateIndex === 15) return undefined
    const first = version === 3
    const table = first ? (['v1l1', 'v1l2', 'v1l3'] as const)[layer - 1]! : layer === 1 ? 'v2l1' : 'v2l3'
    const bitrate = BITRATES[table][bitrateIndex]! * 1000
    const sampleRate = RATES[rateIndex]! / (first ? 1 : version === 2 ? 2 : 4)
    const padding = ((h2! >> 1) & 1) * (layer === 1 ? 4 : 1)
    const samples = layer === 1 ? 384 : layer === 3 && !first ? 576 : 1152
    const free = bitrateIndex === 0 ? this.#freeLength(at, padding) : 0
    if (free === undefined) return undefined
    const bytes = free + padding + lengthOf(layer, samples, bitrate, sampleRate)
    const mono = h3 >> 6 === 3
    const sideInfo = first ? (mono ? 17 : 32) : mono ? 9 : 17
    const channels = mono ? 1 : 2
    return { bytes, samples, sampleRate, channels, free: bitrateIndex === 0, tagOffset: 4 + sideInfo }
  }

  #freeLength(at: number, padding: number): number | undefined {
    if (this.#freeBytes !== undefined) return this.#freeBytes
    const near = this.b.subarray(at, at + 2 * MAX_FREE_BYTES + 8)
    for (let next = MIN_FREE_BYTES; next <= MAX_FREE_BYTES; next++) {
      if (near[next] !== 0xff || !isAlike(near, 0, next)) continue
      // three in a row, the third one padded or not
      const bytes = next - padding
      const third = next + bytes
      if ([0, 1, 4].some((more) => isAlike(near, 0, third + more))) {
        this.#freeBytes = bytes
        return bytes
      }
    }
    return undefined
  }
}

function lengthOf(layer: number, samples: number, bitrate: number, sampleRate: number): number {
  if (layer === 1) return Math.floor((12 * bitrate) / sampleRate) * 4
  return Math.floor(((samples / 8) * bitrate) / sampleRate)
}

/** How many frames must follow each other before bytes are believed to be MPEG audio. */
const CHAIN = 3
const SEARCH_BYTES = 1 << 16

/** True where several frames follow each other from `at` on, or as many as there are until `end`. */
export function chainsFrom(b: Bytes, at: number, end: number): boolean {
  const reader = new FrameReader(b)
  const first = reader.read(at)
  if (!first) return false
  for (let n = 1, next = at + first.bytes; n < CHAIN; n++) {
    if (next >= end) return n > 1 || next === end
    const header = reader.read(next)
    if (!header || header.sampleRate !== first.sampleRate) return false
    next += header.bytes
  }
  return true
}

/** Offset of the first of several chained frames at or after `from`, or undefined. `end`: where the audio ends at most. */
export function findFirstFrame(b: Bytes, from: number, end = b.length): number | undefined {
  for (let start = from; start < end - 3; start += SEARCH_BYTES) {
    const block = b.subarray(start, Math.min(end - 3, start + SEARCH_BYTES))
    for (let i = block.indexOf(0xff); i >= 0; i = block.indexOf(0xff, i + 1))
      if (chainsFrom(b, start + i, end)) return start + i
  }
  return undefined
}

/** What an encoder wrote into the place of a first frame. */
export interface InfoTag {
  /** frames that follow, where it says so */
  frames?: number
  /** samples that the encoder put in front, */
  delay: number
  /** and behind */
  padding: number
}

/** a Xing tag with all its fields, and LAME's extension behind it */
const TAG_BYTES = 144
const VBRI_OFFSET = 36

/** Xing or Info: flags, frames; LAME's extension holds the encoder's delay and padding in 12 bits each. VBRI: frames. */
export function readInfoTag(b: Bytes, at: number, header: FrameHeader): InfoTag | undefined {
  if (textAt(b, at + VBRI_OFFSET, 4) === 'VBRI' && at + VBRI_OFFSET + 18 <= b.length)
    return {
      frames: viewOf(b, at + VBRI_OFFSET + 14, at + VBRI_OFFSET + 18).getUint32(0),
      delay: 0,
      padding: 0,
    }
  const tag = at + header.tagOffset
  const name = textAt(b, tag, 4)
  if ((name !== 'Xing' && name !== 'Info') || tag + 120 > b.length) return undefined
  const view = viewOf(b, tag, tag + TAG_BYTES)
  const flags = view.getUint32(4)
  const frames = flags & 1 ? view.getUint32(8) : undefined
  const lame = 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0)
  const hasGap = lame + 24 <= view.byteLength && /^(LAME|Lav[cf]|L3\.9)/.test(textAt(b, tag + lame, 4))
  const gap = hasGap ? view.getUint32(lame + 20) & 0xffffff : 0
  return { frames, delay: gap >> 12, padding: gap & 0xfff }
}
