/** Walks the frames of an MPEG audio stream: where they lie, how many samples they hold, what lies between them. */
import type { Bytes } from '../formats/bytes.js'
import {
  chainsFrom,
  type FrameHeader,
  FrameReader,
  findFirstFrame,
  type InfoTag,
  readInfoTag,
} from './mp3-header.js'
import { skipTags, skipTagsAndZeros } from './tags.js'

/** Frames that follow each other without a gap. */
export interface Stretch {
  from: number
  to: number
  frames: number
  /** frames that are lost in front of it, by the bytes that stand there */
  lostBefore: number
}

/** Frames of one rate, and of one encoder: a file that was joined of several has several. */
export interface Segment {
  sampleRate: number
  /** 1 where every frame is mono */
  channels: number
  /** of a frame */
  samples: number
  free: boolean
  tag?: InfoTag
  stretches: Stretch[]
  /** frames in all stretches */
  frames: number
}

export interface Mp3Walk {
  segments: Segment[]
  /** bytes of a last frame that is cut off */
  cutBytes: number
  /** bytes behind the last frame that are neither tags nor zeros */
  strayBytes: number
}

class Walker {
  readonly segments: Segment[] = []
  readonly #reader: FrameReader
  #bytes = 0

  constructor(
    private readonly b: Bytes,
    private readonly end: number,
  ) {
    this.#reader = new FrameReader(b)
  }

  get #segment(): Segment | undefined {
    return this.segments.at(-1)
  }

  walk(start: number): Mp3Walk {
    for (let at = start; at < this.end; ) {
      const header = this.#reader.read(at)
      if (header && this.#fits(header) && at + header.bytes > this.end) return this.#done(this.end - at, 0)
      if (header && (this.#fits(header) || chainsFrom(this.b, at, this.end))) {
        this.#take(at, header)
        at += header.bytes
        continue
      }
      if (skipTagsAndZeros(this.b, at) >= this.end) break
      const after = skipTags(this.b, at)
      const next = findFirstFrame(this.b, after, this.end)
      if (next === undefined) return this.#done(0, this.end - after)
      this.#skip(after, next)
      // tags between frames stand where two files were joined
      this.#joint = after > at && after === next
      at = next
    }
    return this.#done(0, 0)
  }

  #done(cutBytes: number, strayBytes: number): Mp3Walk {
    return { segments: this.segments.filter((segment) => segment.frames > 0), cutBytes, strayBytes }
  }

  #fits(header: FrameHeader): boolean {
    const segment = this.#segment
    return segment?.sampleRate === header.sampleRate && segment.samples === header.samples
  }

  #take(at: number, header: FrameHeader): void {
    const tag = readInfoTag(this.b, at, header)
    if (tag || this.#joint || !this.#fits(header)) {
      this.#joint = false
      const { sampleRate, samples, free } = header
      this.segments.push({ sampleRate, samples, free, tag, channels: 1, stretches: [], frames: 0 })
      if (tag) return
    }
    const segment = this.#segment!
    const last = segment.stretches.at(-1)
    if (last?.to === at) {
      last.to += header.bytes
      last.frames++
    } else segment.stretches.push({ from: at, to: at + header.bytes, frames: 1, lostBefore: this.#lost })
    this.#lost = 0
    segment.frames++
    segment.channels = Math.max(segment.channels, header.channels)
    this.#bytes += header.bytes
  }

  #lost = 0
  #joint = false

  /** Bytes that belong to no frame, told in frames of the mean length. */
  #skip(from: number, to: number): void {
    const frames = this.segments.reduce((sum, segment) => sum + segment.frames, 0)
    if (to > from && frames > 0) this.#lost = Math.max(1, Math.round(((to - from) * frames) / this.#bytes))
  }
}

/**
 * A tag that counts the frames knows better than the bytes between them how many are lost: shares them out, unless the
 * two are so far apart that frames must be missing at the end too.
 */
function correctLosses({ tag, stretches, frames }: Segment): void {
  const guessed = stretches.reduce((sum, stretch) => sum + stretch.lostBefore, 0)
  const missing = (tag?.frames ?? 0) - frames
  if (guessed === 0 || missing <= 0 || Math.abs(missing - guessed) > guessed / 2 + 2) return
  let [before, shared] = [0, 0]
  for (const stretch of stretches) {
    before += stretch.lostBefore
    const upTo = Math.round((before * missing) / guessed)
    stretch.lostBefore = upTo - shared
    shared = upTo
  }
}

/** in: a file, the offset of its first frame, and where its last tag begins */
export function walkFrames(b: Bytes, start: number, end: number): Mp3Walk {
  const walk = new Walker(b, end).walk(start)
  walk.segments.forEach(correctLosses)
  return walk
}
