/** MPEG audio, layers I to III, by mpg123. */
import { MPEGDecoder } from 'mpg123-decoder'
import type { Bytes } from '../formats/bytes.js'
import { damaged, MISSING_SECONDS, unsupported } from './failure.js'
import type { Ledger } from './ledger.js'
import { type Mp3Walk, type Segment, type Stretch, walkFrames } from './mp3-frames.js'
import { findFirstFrame } from './mp3-header.js'
import { silence } from './silence.js'
import { looksForeign, skipTagsAndZeros, trailingTags } from './tags.js'
import type { PcmRun } from './types.js'

/** Bytes that the decoder gets at a time: 2 to 16 s of sound. */
const FEED_BYTES = 1 << 16
/** Samples that a decoder of layer III lags behind the encoder's input. */
const DECODER_DELAY = 529

/** Cuts the samples that an encoder put in front of and behind its input out of the runs of a segment. */
class Trim {
  #at = 0

  constructor(
    private readonly from: number,
    private readonly to: number,
  ) {}

  apply({ channels, sampleRate }: PcmRun): PcmRun | undefined {
    const start = this.#at
    this.#at += channels[0]!.length
    const from = Math.max(0, this.from - start)
    const to = Math.min(channels[0]!.length, this.to - start)
    return to > from
      ? { channels: channels.map((channel) => channel.subarray(from, to)), sampleRate }
      : undefined
  }
}

/** Frames that a segment should have: a tag counts them, but one that is contradicted by more frames does not. */
function promisedFrames({ tag, frames, stretches }: Segment): number {
  const walked = frames + stretches.reduce((sum, stretch) => sum + stretch.lostBefore, 0)
  return Math.max(walked, tag?.frames ?? 0)
}

function trimOf(segment: Segment): { trim: Trim; samples: number } {
  const all = promisedFrames(segment) * segment.samples
  const { delay, padding } = segment.tag ?? { delay: 0, padding: 0 }
  // where a tag counts other frames than there are, its padding is not that of the last one
  const isRight = segment.tag?.frames === undefined || segment.tag.frames * segment.samples === all
  const gapless = delay + padding > 0 && delay + padding < all && isRight
  if (!gapless) return { trim: new Trim(0, Number.POSITIVE_INFINITY), samples: all }
  const from = delay + DECODER_DELAY
  const samples = all - delay - padding
  return { trim: new Trim(from, from + samples), samples: Math.min(samples, all - from) }
}

/** The samples of a stretch, as many as its frames have. */
async function* decodeStretch(
  bytes: Bytes,
  segment: Segment,
  stretch: Stretch,
  ledger: Ledger,
): AsyncGenerator<PcmRun> {
  // a new decoder for each: one that is used again carries the end of the last frames into the next
  const decoder = new MPEGDecoder({ enableGapless: false })
  await decoder.ready
  let decoded = 0
  try {
    for (let at = stretch.from; at < stretch.to; at += FEED_BYTES) {
      const piece = decoder.decode(bytes.subarray(at, Math.min(stretch.to, at + FEED_BYTES)))
      if (piece.errors.length > 0) throw damaged(`the decoder reports: ${piece.errors[0]!.message}`)
      decoded += piece.samplesDecoded
      if (piece.samplesDecoded === 0) continue
      // mono frames come as two equal channels
      yield { channels: piece.channelData.slice(0, segment.channels), sampleRate: segment.sampleRate }
    }
  } finally {
    decoder.free()
  }
  if (decoded === 0 && ledger.frames === 0)
    throw unsupported('MPEG audio of this kind is not read here', { ffmpeg: 'mp3' })
  const missing = stretch.frames * segment.samples - decoded
  if (missing <= 0) return
  ledger.lose(missing, segment.channels, segment.sampleRate)
  yield* silence(missing, segment.channels, segment.sampleRate)
}

async function* trimmed(
  trim: Trim,
  runs: Iterable<PcmRun> | AsyncIterable<PcmRun>,
): AsyncGenerator<PcmRun, void, void> {
  for await (const run of runs) {
    const kept = trim.apply(run)
    if (kept) yield kept
  }
}

async function* decodeSegment(bytes: Bytes, segment: Segment, ledger: Ledger): AsyncGenerator<PcmRun> {
  const { trim, samples } = trimOf(segment)
  ledger.begin(segment.sampleRate)
  ledger.promise(samples)
  for (const stretch of segment.stretches) {
    if (stretch.lostBefore > 0) {
      const lost = stretch.lostBefore * segment.samples
      ledger.lose(lost, segment.channels, segment.sampleRate)
      yield* trimmed(trim, silence(lost, segment.channels, segment.sampleRate))
    }
    yield* trimmed(trim, decodeStretch(bytes, segment, stretch, ledger))
  }
}

/** What lies behind the last frame: a part of a frame, or what belongs to no format that is known here. */
function noteEnd(bytes: Bytes, end: number, walk: Mp3Walk, ledger: Ledger): void {
  const { segments, cutBytes, strayBytes } = walk
  const last = segments.at(-1)!
  const complete = last.tag?.frames !== undefined && last.frames >= last.tag.frames
  if (cutBytes > 0 && !complete) ledger.note('the last frame is cut off: the file may have been longer')
  if (strayBytes === 0 || complete) return
  const sound = last.stretches.reduce((sum, stretch) => sum + stretch.to - stretch.from, 0)
  const seconds = (((strayBytes / sound) * last.frames) / last.sampleRate) * last.samples
  if (seconds > MISSING_SECONDS && !looksForeign(bytes, end - strayBytes))
    throw damaged('the file has a hole', { given: `${strayBytes} bytes at its end that are no frame` })
  ledger.note(`${strayBytes} bytes at the end are no frame`)
}

/** in: a file of MPEG audio, tags and rubbish included; out: its samples, without those that an encoder added */
export async function* decodeMp3(bytes: Bytes, ledger: Ledger): AsyncGenerator<PcmRun, void, void> {
  const end = trailingTags(bytes)
  const start = findFirstFrame(bytes, 0, end)
  const walk = start === undefined ? undefined : walkFrames(bytes, start, end)
  if (!walk || walk.segments.length === 0) throw damaged('there is no MPEG audio frame')
  // mpg123 does not find its frames in a stream of them
  if (walk.segments.some((segment) => segment.free))
    throw unsupported('the mp3 is of the free format', {
      ffmpeg: 'mp3', // those of today do not read it either
      remedy: 'Decode it with lame: lame --decode IN.mp3 OUT.wav',
    })
  const strange = start! - skipTagsAndZeros(bytes, 0)
  if (strange > 0) ledger.note(`${strange} bytes in front of the first frame are no frame`)
  if (walk.segments.length > 1) ledger.note(`${walk.segments.length} streams are joined in the file`)
  for (const segment of walk.segments) yield* decodeSegment(bytes, segment, ledger)
  noteEnd(bytes, end, walk, ledger)
}
