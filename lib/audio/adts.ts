/** AAC in ADTS frames (ISO 13818-7), which ffmpeg decodes: how much sound there is, and whether bytes are missing. */
import { type Bytes, viewOf } from '../formats/bytes.js'

const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
const HEADER_BYTES = 7
const BLOCK_SAMPLES = 1024
const SEARCH_BYTES = 1 << 16

/** The frame at `at`: its length in bytes, and in seconds. Layer bits of 0, which no MPEG layer has, tell it from mp3. */
export function readAdts(bytes: Bytes, at: number): { bytes: number; seconds: number } | undefined {
  const view = viewOf(bytes, at, at + HEADER_BYTES)
  if (view.byteLength < HEADER_BYTES || (view.getUint16(0) & 0xfff6) !== 0xfff0) return undefined
  const rate = RATES[(view.getUint8(2) >> 2) & 15]
  const length = (view.getUint32(2) >> 5) & 0x1fff
  if (rate === undefined || length < HEADER_BYTES) return undefined
  return { bytes: length, seconds: (BLOCK_SAMPLES * ((view.getUint8(6) & 3) + 1)) / rate }
}

/** True where a frame begins, and another one, or nothing, behind it. */
export function isAdts(bytes: Bytes, at: number): boolean {
  const frame = readAdts(bytes, at)
  if (!frame) return false
  const next = at + frame.bytes
  return next >= bytes.length || readAdts(bytes, next) !== undefined
}

function findAdts(bytes: Bytes, from: number, end: number): number {
  for (let start = from; start < end; start += SEARCH_BYTES) {
    const block = bytes.subarray(start, Math.min(end, start + SEARCH_BYTES))
    for (let i = block.indexOf(0xff); i >= 0; i = block.indexOf(0xff, i + 1))
      if (isAdts(bytes, start + i)) return start + i
  }
  return end
}

export interface AdtsWalk {
  seconds: number
  /** of the stretches that hold no frame, by their bytes */
  lostSeconds: number
}

/** Walks all frames from `start` to `end`. */
export function walkAdts(bytes: Bytes, start: number, end: number): AdtsWalk {
  let seconds = 0
  let lost = 0
  for (let at = start; at < end; ) {
    const frame = readAdts(bytes, at)
    if (frame && at + frame.bytes <= end) {
      seconds += frame.seconds
      at += frame.bytes
      continue
    }
    const next = findAdts(bytes, at + 1, end)
    lost += next - at
    at = next
  }
  const sound = end - start - lost
  return { seconds, lostSeconds: sound > 0 ? (seconds * lost) / sound : 0 }
}
