/** AAC in ADTS frames (ISO 13818-7), which ffmpeg decodes: how much sound there is, and whether bytes are missing. */
import { type Bytes, viewOf } from '../formats/bytes.js'
import { skipTags, skipTagsAndZeros } from './tags.js'

const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
const HEADER_BYTES = 7
const BLOCK_SAMPLES = 1024
const SEARCH_BYTES = 1 << 16

/** A frame: its length in bytes, and in seconds. */
export interface AdtsFrame {
  bytes: number
  seconds: number
  sampleRate: number
  /** the way its channels lie, as the header codes it: their number, up to 6 */
  channels: number
}

/** The frame at `at`. Layer bits of 0, which no MPEG layer has, tell it from mp3. */
export function readAdts(bytes: Bytes, at: number): AdtsFrame | undefined {
  const view = viewOf(bytes, at, at + HEADER_BYTES)
  if (view.byteLength < HEADER_BYTES || (view.getUint16(0) & 0xfff6) !== 0xfff0) return undefined
  const sampleRate = RATES[(view.getUint8(2) >> 2) & 15]
  const length = (view.getUint32(2) >> 5) & 0x1fff
  if (sampleRate === undefined || length < HEADER_BYTES) return undefined
  const seconds = (BLOCK_SAMPLES * ((view.getUint8(6) & 3) + 1)) / sampleRate
  return { bytes: length, seconds, sampleRate, channels: (view.getUint16(2) >> 6) & 7 }
}

/** True where a frame begins, and another one, or nothing, behind it. `end`: where the frames end at most. */
export function isAdts(bytes: Bytes, at: number, end = bytes.length): boolean {
  const frame = readAdts(bytes, at)
  if (!frame) return false
  const next = at + frame.bytes
  return next === end || (next < end && readAdts(bytes, next) !== undefined)
}

function findAdts(bytes: Bytes, from: number, end: number): number {
  for (let start = from; start < end; start += SEARCH_BYTES) {
    const block = bytes.subarray(start, Math.min(end, start + SEARCH_BYTES))
    for (let i = block.indexOf(0xff); i >= 0; i = block.indexOf(0xff, i + 1))
      if (isAdts(bytes, start + i, end)) return start + i
  }
  return end
}

/** Frames of one rate and one number of channels. */
export interface AdtsPart {
  start: number
  end: number
  sampleRate: number
  channels: number
}

export interface AdtsWalk {
  seconds: number
  /** of the stretches between frames that hold none, by their bytes */
  lostSeconds: number
  parts: AdtsPart[]
  /** bytes behind the last frame that are neither tags nor zeros */
  strayBytes: number
  /** what the stray bytes would last as sound */
  straySeconds: number
}

class Walker {
  readonly parts: AdtsPart[] = []
  #seconds = 0
  #sound = 0
  #lost = 0
  /** tags have ended a part */
  #joint = false

  constructor(
    private readonly bytes: Bytes,
    private readonly end: number,
  ) {}

  walk(start: number): AdtsWalk {
    for (let at = start; at < this.end; ) {
      const frame = readAdts(this.bytes, at)
      if (frame && at + frame.bytes <= this.end) {
        this.#take(at, frame)
        at += frame.bytes
        continue
      }
      const rest = skipTagsAndZeros(this.bytes, at)
      if (rest >= this.end) break
      const after = skipTags(this.bytes, at)
      const next = findAdts(this.bytes, after, this.end)
      if (next === this.end) return this.#done(this.end - rest)
      // tags between frames stand where two files were joined
      this.#joint ||= after > at
      this.#lost += next - after
      at = next
    }
    return this.#done(0)
  }

  #take(at: number, { bytes, seconds, sampleRate, channels }: AdtsFrame): void {
    const last = this.parts.at(-1)
    const end = at + bytes
    if (!this.#joint && last?.sampleRate === sampleRate && last.channels === channels) last.end = end
    else this.parts.push({ start: at, end, sampleRate, channels })
    this.#joint = false
    this.#seconds += seconds
    this.#sound += bytes
  }

  #done(strayBytes: number): AdtsWalk {
    const secondsOf = (count: number) => (this.#sound > 0 ? (this.#seconds * count) / this.#sound : 0)
    return {
      seconds: this.#seconds,
      lostSeconds: secondsOf(this.#lost),
      parts: this.parts,
      strayBytes,
      straySeconds: secondsOf(strayBytes),
    }
  }
}

/** Walks all frames from `start` to `end`. */
export function walkAdts(bytes: Bytes, start: number, end: number): AdtsWalk {
  return new Walker(bytes, end).walk(start)
}
