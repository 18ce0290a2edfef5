/**
 * The four decoders, as they run in a worker thread.
 * in: the bytes of a file; out: runs of frames, one after the other, or a `DecodeRefusal`.
 */
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { MPEGDecoder } from 'mpg123-decoder'
import { type Bytes, viewOf } from '../formats/bytes.js'
import { checkLength, checkSize, DecodeRefusal, damaged } from './failure.js'
import { findFirstFrame, walkFrames } from './mp3-frames.js'
import { walkOggPages } from './ogg-pages.js'
import { decodePcm } from './pcm.js'
import { id3Length } from './sniff.js'
import type { DecodeTask, OwnFormat, Pcm, PcmRun } from './types.js'
import { readWavLayout } from './wav.js'

/** Bytes that a compressed decoder gets at a time: some seconds of sound, */
const FEED_BYTES = 1 << 17
/** or few enough, where a byte holds so much (silence in FLAC: minutes in a page), that a run has not many more frames. */
const RUN_FRAMES = 1 << 18
const LEAST_FEED_BYTES = 1 << 10
/** Bytes outside of any frame that an mp3 may have before it counts as damaged: junk of taggers, less than a frame. */
const STRAY_BYTES = 2048

/** Runs of frames; at the end, what a listener might want to know. */
export type Decoding = AsyncGenerator<PcmRun, string[], void>

async function* decodeWav(bytes: Bytes): Decoding {
  const layout = readWavLayout(bytes)
  yield* decodePcm(bytes, layout)
  return layout.warnings
}

interface Piece {
  channelData: Float32Array[]
  samplesDecoded: number
  sampleRate: number
  errors: { message: string }[]
}

interface CompressedDecoder {
  ready: Promise<unknown>
  decode(bytes: Uint8Array): Piece | Promise<Piece>
  flush?(): Piece | Promise<Piece>
  free(): void
}

/**
 * Feeds a decoder from byte `start` on, and refuses at the first error that it reports.
 * keep: how many channels count; a decoder that makes stereo of mono gives the same one twice.
 * @returns the number of frames
 */
async function* feed(
  decoder: CompressedDecoder,
  bytes: Bytes,
  start: number,
  keep?: number,
): AsyncGenerator<PcmRun, number, void> {
  let frames = 0
  const runOf = ({ errors, samplesDecoded, channelData, sampleRate }: Piece): PcmRun | undefined => {
    if (errors.length > 0) throw damaged(`the decoder reports: ${errors[0]!.message}`)
    frames += samplesDecoded
    return samplesDecoded === 0 ? undefined : { channels: channelData.slice(0, keep), sampleRate }
  }
  await decoder.ready
  try {
    // small at first: what a byte holds is not known yet
    for (let at = start, feed = LEAST_FEED_BYTES; at < bytes.length; ) {
      const run = runOf(await decoder.decode(bytes.subarray(at, at + feed)))
      at += feed
      const decoded = run === undefined ? 0 : run.channels[0]!.length
      feed = decoded > RUN_FRAMES ? Math.max(LEAST_FEED_BYTES, feed >> 2) : Math.min(FEED_BYTES, feed << 1)
      if (run) yield run
    }
    const last = decoder.flush ? runOf(await decoder.flush()) : undefined
    if (last) yield last
    return frames
  } finally {
    decoder.free()
  }
}

async function* decodeMp3(bytes: Bytes): Decoding {
  const start = findFirstFrame(bytes, Math.min(id3Length(bytes), bytes.length))
  const walk = start === undefined ? undefined : walkFrames(bytes, start)
  if (start === undefined || !walk) throw damaged('there is no MPEG audio frame')
  if (walk.strayBytes > STRAY_BYTES)
    throw damaged('the file has a hole', { given: `${walk.strayBytes} bytes outside of any frame` })
  const warnings: string[] = []
  // a new decoder for each file: one that is used again carries the end of the last file into the next
  const frames = yield* feed(new MPEGDecoder(), bytes, start, walk.channels)
  checkLength(frames, walk.samples, walk.sampleRate, warnings)
  return warnings
}

/** STREAMINFO: 20 bits rate, 3 bits channels − 1, 5 bits depth − 1, 36 bits samples, 0 where not known (RFC 9639). */
function readStreamInfo(bytes: Bytes, at: number) {
  const view = viewOf(bytes, at, at + 34)
  if (view.byteLength < 34) throw damaged('the STREAMINFO block is cut off')
  const packed = view.getUint32(10)
  const sampleRate = packed >>> 12
  const channels = ((packed >> 9) & 7) + 1
  const samples = (packed & 15) * 2 ** 32 + view.getUint32(14)
  if (sampleRate < 1000 || sampleRate > 768000)
    throw damaged('the sample rate cannot be right', {
      given: `${sampleRate} Hz`,
      expected: '1,000 to 768,000 Hz',
    })
  return { sampleRate, channels, samples }
}

function flacInfo(bytes: Bytes) {
  if (bytes.subarray(0, 1)[0] === 0x4f) {
    // Ogg FLAC: 9 bytes of mapping header, the fLaC mark and a block header stand before STREAMINFO
    const { firstPacket, samples } = walkOggPages(bytes)
    return { ...readStreamInfo(firstPacket, 17), samples, start: 0 }
  }
  const start = id3Length(bytes)
  if ((bytes.subarray(start + 4, start + 5)[0]! & 0x7f) !== 0)
    throw damaged('the file does not begin with a STREAMINFO block')
  return { ...readStreamInfo(bytes, start + 8), start }
}

async function* decodeFlac(bytes: Bytes): Decoding {
  const info = flacInfo(bytes)
  const warnings: string[] = []
  const frames = yield* feed(new FLACDecoder(), bytes, info.start)
  if (info.samples > 0) checkLength(frames, info.samples, info.sampleRate, warnings)
  return warnings
}

async function* decodeOgg(bytes: Bytes): Decoding {
  const { samples, firstPacket } = walkOggPages(bytes)
  if (firstPacket.length < 30) throw damaged('the Vorbis header is cut off')
  if (firstPacket[11] === 0) throw damaged('the number of channels cannot be right', { given: '0' })
  const frames = yield* feed(new OggVorbisDecoder(), bytes, 0)
  // all pages are there; a recording that starts in the middle of a broadcast counts from its beginning
  return frames < samples ? [`the last page counts ${samples} samples, ${frames} were decoded`] : []
}

const DECODERS: Record<OwnFormat, (bytes: Bytes) => Decoding> = {
  wav: decodeWav,
  mp3: decodeMp3,
  flac: decodeFlac,
  ogg: decodeOgg,
}

/** Counts NaN and infinity over all channels; `first` is the index of the first frame that has one. */
function countNonFinite(channels: Float32Array[]): { count: number; first: number } {
  let count = 0
  let first = Number.POSITIVE_INFINITY
  for (const channel of channels)
    for (let i = 0; i < channel.length; i++)
      if (!Number.isFinite(channel[i]!)) {
        count++
        if (i < first) first = i
      }
  return { count, first }
}

function checkFinite({ channels }: PcmRun, before: number): void {
  const { count, first } = countNonFinite(channels)
  if (count === 0) return
  const length = channels[0]!.length
  throw new DecodeRefusal({
    code: 'ERR_NON_FINITE',
    what: `${count} samples are NaN or infinite, the first at index ${before + first}`,
    given: `${count} of ${length * channels.length} values from index ${before} on`,
    expected: 'finite samples',
    remedy: 'Export the file again, or replace these samples',
  })
}

/** Decodes and checks: at least one frame, one rate and number of channels throughout, no NaN. @throws DecodeRefusal */
export async function* decodeRuns(format: OwnFormat, bytes: Bytes): Decoding {
  const decoding = DECODERS[format](bytes)
  let first: PcmRun | undefined
  let frames = 0
  for (;;) {
    const { done, value } = await decoding.next()
    if (done) {
      if (frames === 0) throw damaged('the file holds no samples')
      return value
    }
    first ??= { channels: value.channels.map((c) => c.subarray(0, 0)), sampleRate: value.sampleRate }
    if (value.sampleRate !== first.sampleRate || value.channels.length !== first.channels.length)
      throw damaged('sample rate or channels change within the file')
    checkFinite(value, frames)
    frames += value.channels[0]!.length
    yield value
  }
}

/** A whole file at once. @throws DecodeRefusal, also for one that is too long for that */
export async function decodeBytes(task: DecodeTask): Promise<Pcm> {
  if (task.format === 'wav') {
    const { frames, channels } = readWavLayout(task.bytes)
    checkSize(frames, channels)
  }
  const decoding = decodeRuns(task.format, task.bytes)
  const runs: PcmRun[] = []
  let frames = 0
  for (;;) {
    const { done, value } = await decoding.next()
    if (done) return { ...joined(runs, frames), warnings: value }
    frames += value.channels[0]!.length
    checkSize(frames, value.channels.length)
    runs.push(value)
  }
}

function joined(runs: PcmRun[], frames: number): PcmRun {
  const channels = runs[0]!.channels.map(() => new Float32Array(frames))
  let at = 0
  for (const run of runs) {
    for (const [c, channel] of channels.entries()) channel.set(run.channels[c]!, at)
    at += run.channels[0]!.length
  }
  return { channels, sampleRate: runs[0]!.sampleRate }
}
