/**
 * Reads the chunks of WAVE files: RIFF, RIFX (big-endian), RF64, BW64 and Wave64. What they say is given as it stands;
 * whether it can be right is for the caller to judge.
 * Chunk layout: Microsoft "Multimedia Programming Interface" (1991), EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64),
 * Sonic Foundry "Sony Wave64" (2003).
 */
import { type Bytes, textAt, viewOf } from '../bytes.js'

/** The fields of a `fmt ` chunk. */
export interface WavFormat {
  /** 1 PCM, 3 IEEE float …; of an extensible format the start of its GUID */
  tag: number
  channels: number
  sampleRate: number
  byteRate: number
  /** bytes of a frame, or of a block of a compressed coding */
  block: number
  bits: number
}

export interface Chunk {
  id: string
  /** of its body */
  offset: number
  /** bytes of its body, as the header says */
  declared: number
  /** bytes of its body that the file has */
  present: number
  /** where the next chunk should begin */
  next: number
}

export interface WavContents {
  littleEndian: boolean
  /** what ffmpeg calls the reader of this form */
  demuxer: 'wav' | 'w64'
  /** undefined if there is no `fmt ` chunk in front of the data, or one that is too short */
  format?: WavFormat
  /** bytes of a `fmt ` chunk that is too short */
  shortFormat?: number
  data?: Chunk
  /** bytes of further `data` chunks */
  moreBytes: number
}

/** Chunks behind the samples that are looked at. */
const MAX_BEHIND = 256

/** The least that a `fmt ` chunk holds. */
export const FORMAT_BYTES = 16

const KNOWN_CHUNKS = new Set(
  'fmt |data|fact|LIST|bext|cue |smpl|inst|junk|JUNK|id3 |ID3 |PEAK|iXML|afsp|PAD '.split('|'),
)

/** True where a chunk begins, as far as its name tells. */
export function isKnownChunk(bytes: Bytes, at: number): boolean {
  return at + 8 <= bytes.length && KNOWN_CHUNKS.has(textAt(bytes, at, 4))
}

/** What follows the four letters in the names of Wave64 (but those of RIFF and LIST themselves). */
const WAVE64_NAME = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a]

/** True where the name and the size of a chunk could stand. */
export function looksLikeChunk(bytes: Bytes, at: number, littleEndian = true): boolean {
  if (at + 8 > bytes.length) return false
  if (WAVE64_NAME.every((byte, k) => bytes.subarray(at + 4 + k, at + 5 + k)[0] === byte)) return true
  if (isKnownChunk(bytes, at)) return true
  const printable = bytes.subarray(at, at + 4).every((c) => c >= 0x20 && c <= 0x7e)
  return printable && at + 8 + viewOf(bytes, at + 4, at + 8).getUint32(0, littleEndian) <= bytes.length
}

/** Size that the ds64 chunk gives for the data chunk of an RF64 file. */
function dataSize64(bytes: Bytes, chunk: Chunk): number | undefined {
  if (chunk.present < 16) return undefined
  return Number(viewOf(bytes, chunk.offset + 8, chunk.offset + 16).getBigUint64(0, true))
}

function* walkRiff(bytes: Bytes, littleEndian: boolean): Generator<Chunk> {
  let size64: number | undefined
  let at = 12
  while (at + 8 <= bytes.length) {
    const id = textAt(bytes, at, 4)
    const size = viewOf(bytes, at + 4, at + 8).getUint32(0, littleEndian)
    const declared = id === 'data' && size === 0xffffffff && size64 !== undefined ? size64 : size
    const offset = at + 8
    const next = offset + declared + (declared % 2)
    const chunk = { id, offset, declared, present: Math.min(declared, bytes.length - offset), next }
    if (id === 'ds64') size64 = dataSize64(bytes, chunk)
    yield chunk
    at = next
    // some writers leave out the pad byte: a chunk name then stands one byte earlier
    if (declared % 2 === 1 && !isKnownChunk(bytes, at) && isKnownChunk(bytes, at - 1)) at -= 1
  }
}

/** Names of 16 bytes that begin with the four letters, sizes of 64 bits that count the head, places of a multiple of 8. */
function* walkWave64(bytes: Bytes): Generator<Chunk> {
  for (let at = 40; at + 24 <= bytes.length; ) {
    const size = Number(viewOf(bytes, at + 16, at + 24).getBigUint64(0, true))
    const offset = at + 24
    const declared = Math.max(0, size - 24)
    const next = at + Math.max(24, Math.ceil(size / 8) * 8)
    yield {
      id: textAt(bytes, at, 4),
      offset,
      declared,
      present: Math.min(declared, bytes.length - offset),
      next,
    }
    at = next
  }
}

function readFormat(bytes: Bytes, chunk: Chunk, littleEndian: boolean): WavFormat {
  const view = viewOf(bytes, chunk.offset, chunk.offset + Math.min(chunk.present, 26))
  const outer = view.getUint16(0, littleEndian)
  return {
    tag: outer === 0xfffe && view.byteLength >= 26 ? view.getUint16(24, littleEndian) : outer,
    channels: view.getUint16(2, littleEndian),
    sampleRate: view.getUint32(4, littleEndian),
    byteRate: view.getUint32(8, littleEndian),
    block: view.getUint16(12, littleEndian),
    bits: view.getUint16(14, littleEndian),
  }
}

/** True for the first bytes of any of the forms. */
export function isWav(bytes: Bytes): boolean {
  const four = textAt(bytes, 0, 4)
  if (four === 'riff') return textAt(bytes, 24, 4) === 'wave'
  return ['RIFF', 'RIFX', 'RF64', 'BW64'].includes(four) && textAt(bytes, 8, 4) === 'WAVE'
}

/** in: a WAVE file; out: its first `fmt ` chunk and the first `data` chunk. Nothing is allocated by what they say. */
export function readWav(bytes: Bytes): WavContents {
  const four = textAt(bytes, 0, 4)
  const contents: WavContents = {
    littleEndian: four !== 'RIFX',
    demuxer: four === 'riff' ? 'w64' : 'wav',
    moreBytes: 0,
  }
  const chunks = four === 'riff' ? walkWave64(bytes) : walkRiff(bytes, contents.littleEndian)
  let behind = 0
  for (const chunk of chunks) {
    if (contents.data) {
      if (chunk.id === 'data') contents.moreBytes += chunk.present
      if (++behind > MAX_BEHIND) break
      continue
    }
    if (chunk.id === 'fmt ' && !contents.format && contents.shortFormat === undefined) {
      if (chunk.present < FORMAT_BYTES) contents.shortFormat = chunk.present
      else contents.format = readFormat(bytes, chunk, contents.littleEndian)
    }
    if (chunk.id === 'data') contents.data = chunk
  }
  return contents
}
