/** The four decoders, as they run in a worker thread. in: the bytes of a whole file; out: its channels. */
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { OggVorbisDecoder } from '@wasm-audio-decoders/ogg-vorbis'
import { MPEGDecoder } from 'mpg123-decoder'
import wavDecoder from 'wav-decoder'
import { checkLength, checkSize, DecodeRefusal, damaged } from './failure.js'
import { findFirstFrame, walkFrames } from './mp3-frames.js'
import { walkOggPages } from './ogg-pages.js'
import { id3Length } from './sniff.js'
import type { DecodeTask, OwnFormat, Pcm } from './types.js'
import { canonicalWav, readWavLayout } from './wav.js'

/** Frames that wav-decoder gets at a time: its input is a copy, so this bounds what is held twice. */
const WAV_BLOCK = 1 << 20
/** Bytes that a compressed decoder gets at a time, so that its output can be counted while it grows. */
const FEED_BYTES = 1 << 20
/** Bytes outside of any frame that an mp3 may have before it counts as damaged: junk of taggers, less than a frame. */
const STRAY_BYTES = 2048

function decodeWav(bytes: Uint8Array): Pcm {
  const layout = readWavLayout(bytes)
  const channels = Array.from({ length: layout.channels }, () => new Float32Array(layout.frames))
  for (let from = 0; from < layout.frames; from += WAV_BLOCK) {
    const to = Math.min(layout.frames, from + WAV_BLOCK)
    const block = wavDecoder.decode.sync(canonicalWav(bytes, layout, from, to), { symmetric: true })
    for (const [c, data] of block.channelData.entries()) channels[c]!.set(data, from)
  }
  return { channels, sampleRate: layout.sampleRate, warnings: layout.warnings }
}

interface Piece {
  channelData: Float32Array[]
  samplesDecoded: number
  sampleRate: number
  errors: { message: string }[]
}

/** Gathers what a decoder gives piece by piece, and refuses at the first error that it reports. */
class Collector {
  private readonly pieces: Piece[] = []
  private frames = 0

  add(piece: Piece): void {
    if (piece.errors.length > 0) throw damaged(`the decoder reports: ${piece.errors[0]!.message}`)
    if (piece.samplesDecoded === 0) return
    const first = this.pieces[0] ?? piece
    if (piece.sampleRate !== first.sampleRate || piece.channelData.length !== first.channelData.length)
      throw damaged('sample rate or channels change within the file')
    this.frames += piece.samplesDecoded
    checkSize(this.frames, piece.channelData.length)
    this.pieces.push(piece)
  }

  /** channels: how many to keep; a decoder that makes stereo of mono has given the same one twice. */
  finish(warnings: string[], keep?: number): Pcm {
    const first = this.pieces[0]
    if (!first) return { channels: [new Float32Array(0)], sampleRate: 0, warnings }
    const channels = first.channelData.slice(0, keep).map(() => new Float32Array(this.frames))
    let at = 0
    for (const piece of this.pieces) {
      for (const [c, channel] of channels.entries()) channel.set(piece.channelData[c]!, at)
      at += piece.samplesDecoded
    }
    return { channels, sampleRate: first.sampleRate, warnings }
  }
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += FEED_BYTES) yield bytes.subarray(at, at + FEED_BYTES)
}

async function decodeMp3(bytes: Uint8Array): Promise<Pcm> {
  const start = findFirstFrame(bytes, Math.min(id3Length(bytes), bytes.length))
  const walk = start === undefined ? undefined : walkFrames(bytes, start)
  if (start === undefined || !walk) throw damaged('there is no MPEG audio frame')
  if (walk.strayBytes > STRAY_BYTES)
    throw damaged('the file has a hole', { given: `${walk.strayBytes} bytes outside of any frame` })
  const warnings: string[] = []
  // a new decoder for each file: one that is used again carries the end of the last file into the next
  const decoder = new MPEGDecoder()
  await decoder.ready
  try {
    const collector = new Collector()
    for (const slice of slices(bytes.subarray(start))) collector.add(decoder.decode(slice))
    const pcm = collector.finish(warnings, walk.channels)
    checkLength(pcm.channels[0]!.length, walk.samples, walk.sampleRate, warnings)
    return pcm
  } finally {
    decoder.free()
  }
}

/** STREAMINFO: 20 bits rate, 3 bits channels − 1, 5 bits depth − 1, 36 bits samples, 0 where not known (RFC 9639). */
function readStreamInfo(bytes: Uint8Array, at: number) {
  if (at + 34 > bytes.length) throw damaged('the STREAMINFO block is cut off')
  const sampleRate = (bytes[at + 10]! << 12) | (bytes[at + 11]! << 4) | (bytes[at + 12]! >> 4)
  const channels = ((bytes[at + 12]! >> 1) & 7) + 1
  const high = bytes[at + 13]! & 15
  const samples = high * 2 ** 32 + new DataView(bytes.buffer, bytes.byteOffset + at + 14).getUint32(0)
  if (sampleRate < 1000 || sampleRate > 768000)
    throw damaged('the sample rate cannot be right', {
      given: `${sampleRate} Hz`,
      expected: '1,000 to 768,000 Hz',
    })
  return { sampleRate, channels, samples }
}

function flacInfo(bytes: Uint8Array) {
  if (bytes[0] === 0x4f) {
    // Ogg FLAC: 9 bytes of mapping header, the fLaC mark and a block header stand before STREAMINFO
    const { firstPacket, samples } = walkOggPages(bytes)
    return { ...readStreamInfo(firstPacket, 17), samples, start: 0 }
  }
  const start = id3Length(bytes)
  if ((bytes[start + 4]! & 0x7f) !== 0) throw damaged('the file does not begin with a STREAMINFO block')
  return { ...readStreamInfo(bytes, start + 8), start }
}

async function decodeFlac(bytes: Uint8Array): Promise<Pcm> {
  const info = flacInfo(bytes)
  const warnings: string[] = []
  const decoder = new FLACDecoder()
  await decoder.ready
  try {
    const collector = new Collector()
    for (const slice of slices(bytes.subarray(info.start))) collector.add(await decoder.decode(slice))
    collector.add(await decoder.flush())
    const pcm = collector.finish(warnings)
    if (info.samples > 0) checkLength(pcm.channels[0]!.length, info.samples, info.sampleRate, warnings)
    return pcm
  } finally {
    decoder.free()
  }
}

async function decodeOgg(bytes: Uint8Array): Promise<Pcm> {
  const { samples, firstPacket } = walkOggPages(bytes)
  if (firstPacket.length < 30) throw damaged('the Vorbis header is cut off')
  const channels = firstPacket[11]!
  if (channels === 0) throw damaged('the number of channels cannot be right', { given: '0' })
  const warnings: string[] = []
  const decoder = new OggVorbisDecoder()
  await decoder.ready
  try {
    const collector = new Collector()
    for (const slice of slices(bytes)) collector.add(await decoder.decode(slice))
    collector.add(await decoder.flush())
    const pcm = collector.finish(warnings)
    // all pages are there; a recording that starts in the middle of a broadcast counts from its beginning
    if (pcm.channels[0]!.length < samples)
      warnings.push(`the last page counts ${samples} samples, ${pcm.channels[0]!.length} were decoded`)
    return pcm
  } finally {
    decoder.free()
  }
}

const DECODERS: Record<OwnFormat, (bytes: Uint8Array) => Pcm | Promise<Pcm>> = {
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

/** Decodes and checks: at least one frame, a possible rate, no NaN. @throws DecodeRefusal */
export async function decodeBytes(task: DecodeTask): Promise<Pcm> {
  const pcm = await DECODERS[task.format](task.bytes)
  const length = pcm.channels[0]?.length ?? 0
  if (length === 0) throw damaged('the file holds no samples')
  const { count, first } = countNonFinite(pcm.channels)
  if (count > 0)
    throw new DecodeRefusal({
      code: 'ERR_NON_FINITE',
      what: `${count} samples are NaN or infinite, the first at index ${first}`,
      given: `${count} of ${length * pcm.channels.length} values`,
      expected: 'finite samples',
      remedy: 'Export the file again, or replace these samples',
    })
  return pcm
}
