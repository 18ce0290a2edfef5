/**
 * Walks the frame headers of an MPEG audio stream (ISO 11172-3 and 13818-3, with the Xing, Info and LAME tags):
 * enough to know how long a file should be and whether bytes are missing, without decoding it.
 */
import { type Bytes, viewOf } from '../formats/bytes.js'

// kbit/s by index, for MPEG 1 layers I, II, III and for MPEG 2 and 2.5 layers I and II/III
const BITRATES = {
  v1l1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  v1l2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  v1l3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  v2l1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  v2l3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}
const RATES = [44100, 48000, 32000]

export interface FrameHeader {
  bytes: number
  samples: number
  sampleRate: number
  channels: number
  /** offset of a Xing or Info tag within the frame */
  tagOffset: number
}

/** The header at `at`, or undefined: not a frame, a free-format or a reserved one. */
export function readHeader(b: Bytes, at: number): FrameHeader | undefined {
  const [h0, h1, h2, h3] = b.subarray(at, at + 4)
  if (h3 === undefined || h0 !== 0xff || (h1! & 0xe0) !== 0xe0) return undefined
  const version = (h1! >> 3) & 3 // 0: MPEG 2.5, 2: MPEG 2, 3: MPEG 1
  const layer = 4 - ((h1! >> 1) & 3)
  const rateIndex = (h2! >> 2) & 3
  const bitrateIndex = h2! >> 4
  if (version === 1 || layer === 4 || rateIndex === 3 || bitrateIndex === 0 || bitrateIndex === 15)
    return undefined
  const first = version === 3
  const table = first ? (['v1l1', 'v1l2', 'v1l3'] as const)[layer - 1]! : layer === 1 ? 'v2l1' : 'v2l3'
  const bitrate = BITRATES[table][bitrateIndex]! * 1000
  const sampleRate = RATES[rateIndex]! / (first ? 1 : version === 2 ? 2 : 4)
  const padding = (h2! >> 1) & 1
  const samples = layer === 1 ? 384 : layer === 3 && !first ? 576 : 1152
  const bytes =
    layer === 1
      ? (Math.floor((12 * bitrate) / sampleRate) + padding) * 4
      : Math.floor(((samples / 8) * bitrate) / sampleRate) + padding
  const mono = h3 >> 6 === 3
  const sideInfo = first ? (mono ? 17 : 32) : mono ? 9 : 17
  return { bytes, samples, sampleRate, channels: mono ? 1 : 2, tagOffset: 4 + sideInfo }
}

/** How many frames must follow each other before bytes are believed to be MPEG audio. */
const CHAIN = 3
/** How far a first frame is looked for: some writers leave junk or half a frame in front. */
const SEARCH_BYTES = 1 << 16

function chainsFrom(b: Bytes, at: number): boolean {
  const first = readHeader(b, at)
  if (!first) return false
  for (let n = 1, next = at + first.bytes; n < CHAIN; n++) {
    if (next >= b.length) return n > 1 || next === b.length
    const header = readHeader(b, next)
    if (!header || header.sampleRate !== first.sampleRate) return false
    next += header.bytes
  }
  return true
}

/** Offset of the first of several chained frames at or after `from`, or undefined. */
export function findFirstFrame(b: Bytes, from: number, within = SEARCH_BYTES): number | undefined {
  const end = Math.min(b.length - 3, from + within)
  for (let start = from; start < end; start += SEARCH_BYTES) {
    const block = b.subarray(start, Math.min(end, start + SEARCH_BYTES))
    for (let i = block.indexOf(0xff); i >= 0; i = block.indexOf(0xff, i + 1))
      if (chainsFrom(b, start + i)) return start + i
  }
  return undefined
}

export interface Mp3Walk {
  channels: number
  sampleRate: number
  /** samples that a gapless decoder should give, from the tag where there is one, else from the frames */
  samples: number
  /** bytes between frames that belong to none, tags at the end left out: a hole or damage */
  strayBytes: number
}

const text = (b: Bytes, at: number, n: number) => String.fromCharCode(...b.subarray(at, at + n))

/** End of the audio: ID3v1 (128 bytes), APEv2 and Lyrics3 tags behind it do not count as damage. */
function audioEnd(b: Bytes): number {
  let end = b.length
  for (let found = true; found; ) {
    found = false
    if (end >= 128 && text(b, end - 128, 3) === 'TAG') {
      end -= 128
      found = true
    }
    if (end >= 32 && text(b, end - 32, 8) === 'APETAGEX') {
      const view = viewOf(b, end - 32, end)
      const size = view.getUint32(12, true) + (view.getUint32(20, true) & 0x80000000 ? 32 : 0)
      if (size >= 32 && size <= end) {
        end -= size
        found = true
      }
    }
  }
  return end
}

interface Tag {
  frames?: number
  trimmed: number
}

/** a Xing tag with all its fields, and LAME's extension behind it */
const TAG_BYTES = 144

/** Xing or Info: flags, frames; LAME's extension holds the encoder's delay and padding in 12 bits each. */
function readTag(b: Bytes, at: number, header: FrameHeader): Tag | undefined {
  const tag = at + header.tagOffset
  const name = text(b, tag, 4)
  if ((name !== 'Xing' && name !== 'Info') || tag + 120 > b.length) return undefined
  const view = viewOf(b, tag, tag + TAG_BYTES)
  const flags = view.getUint32(4)
  const frames = flags & 1 ? view.getUint32(8) : undefined
  const lame = 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0)
  const hasGap = tag + lame + 24 <= b.length && /^(LAME|Lav[cf]|L3\.9)/.test(text(b, tag + lame, 4))
  const gap = hasGap ? view.getUint32(lame + 20) & 0xffffff : 0
  return { frames, trimmed: (gap >> 12) + (gap & 0xfff) }
}

/** Walks a whole file. in: its bytes and the offset of the first frame; undefined where there is no frame. */
export function walkFrames(b: Bytes, start: number): Mp3Walk | undefined {
  const first = readHeader(b, start)
  if (!first) return undefined
  const tag = readTag(b, start, first)
  const end = audioEnd(b)
  let at = tag ? start + first.bytes : start
  let counted = 0
  let strayBytes = 0
  while (at < end) {
    const header = readHeader(b, at)
    if (header && header.sampleRate === first.sampleRate) {
      if (at + header.bytes > end) {
        strayBytes += end - at
        break
      }
      counted++
      at += header.bytes
      continue
    }
    const next = findFirstFrame(b, at + 1, end - at) ?? end
    strayBytes += next - at
    at = next
  }
  const frames = tag?.frames ?? counted
  const samples = Math.max(0, frames * first.samples - (tag?.trimmed ?? 0))
  return { channels: first.channels, sampleRate: first.sampleRate, samples, strayBytes }
}
