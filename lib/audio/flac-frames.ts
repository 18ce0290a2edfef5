/** The frames of a FLAC stream (RFC 9639): headers, checksums, and where the next whole frame begins after damage. */
import { type Bytes, textAt, viewOf } from '../formats/bytes.js'
import { damaged } from './failure.js'
import { frameEnd } from './flac-frame-end.js'
import { skipTagsAndZeros } from './tags.js'

export const STREAM_INFO_BYTES = 34

export interface StreamInfo {
  sampleRate: number
  channels: number
  bits: number
  /** 0 if not known */
  samples: number
  /** frames of the first block: the length of all but the last where blocks are of one length */
  blockSize: number
  /** of the interleaved samples, in hex; undefined if it was not computed */
  md5?: string
  /** a FLAC stream of this header alone, for the decoder */
  header: Uint8Array
}

/** STREAMINFO: 20 bits rate, 3 bits channels − 1, 5 bits depth − 1, 36 bits samples. */
export function readStreamInfo(bytes: Bytes, at: number): StreamInfo {
  const block = bytes.subarray(at, at + STREAM_INFO_BYTES)
  if (block.length < STREAM_INFO_BYTES) throw damaged('the STREAMINFO block is cut off')
  const view = viewOf(block, 0)
  const packed = view.getUint32(10)
  const md5 = Buffer.from(block.subarray(18)).toString('hex')
  return {
    sampleRate: packed >>> 12,
    channels: ((packed >> 9) & 7) + 1,
    bits: ((packed >> 4) & 31) + 1,
    samples: (packed & 15) * 2 ** 32 + view.getUint32(14),
    blockSize: view.getUint16(0),
    md5: /^0+$/.test(md5) ? undefined : md5,
    header: Uint8Array.of(0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, STREAM_INFO_BYTES, ...block),
  }
}

function crcTable(bits: 8 | 16, polynomial: number): Uint16Array {
  const top = 1 << (bits - 1)
  const mask = 2 ** bits - 1
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (bits - 8)
    for (let k = 0; k < 8; k++) crc = crc & top ? ((crc << 1) ^ polynomial) & mask : (crc << 1) & mask
    return crc
  })
}
const CRC8 = crcTable(8, 0x07)
const CRC16 = crcTable(16, 0x8005)

const RATES = [0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000]
const DEPTHS = [0, 8, 12, -1, 16, 20, 24, 32]
const MAX_HEADER_BYTES = 16

export interface FlacHeader {
  sampleRate: number
  channels: number
  bits: number
  /** samples of a channel in this frame */
  length: number
  /** of its first sample, counted from the beginning of the stream */
  position: number
  /** of the header */
  bytes: number
}

/** A number of up to 36 bits, coded as UTF-8 codes characters. */
function codedNumber(b: Uint8Array, at: number): { value: number; bytes: number } | undefined {
  const first = b[at]!
  if (first < 0x80) return { value: first, bytes: 1 }
  const bytes = Math.clz32(~(first << 24))
  if (bytes < 2 || bytes > 7) return undefined
  let value = first & (0x7f >> bytes)
  for (let k = 1; k < bytes; k++) {
    const byte = b[at + k]
    if (byte === undefined || byte >> 6 !== 2) return undefined
    value = value * 64 + (byte & 63)
  }
  return { value, bytes }
}

/** in: bytes that may begin with a frame, at least 16 if there are as many; out: its header, if its checksum is right */
export function readFrameHeader(b: Uint8Array, at: number, info: StreamInfo): FlacHeader | undefined {
  if (b[at] !== 0xff || (b[at + 1]! & 0xfe) !== 0xf8 || at + 6 > b.length) return undefined
  const variable = (b[at + 1]! & 1) === 1
  const sizeCode = b[at + 2]! >> 4
  const rateCode = b[at + 2]! & 15
  const channelCode = b[at + 3]! >> 4
  const depth = DEPTHS[(b[at + 3]! >> 1) & 7]!
  if (sizeCode === 0 || rateCode === 15 || channelCode > 10 || depth < 0 || b[at + 3]! & 1) return undefined
  const number = codedNumber(b, at + 4)
  if (!number) return undefined
  let next = at + 4 + number.bytes
  const take = (count: number) => {
    const value = count === 2 ? (b[next]! << 8) | b[next + 1]! : b[next]!
    next += count
    return value
  }
  const length =
    sizeCode === 1
      ? 192
      : sizeCode < 6
        ? 576 << (sizeCode - 2)
        : sizeCode < 8
          ? take(sizeCode - 5) + 1
          : 256 << (sizeCode - 8)
  const rate =
    rateCode < 12 ? RATES[rateCode]! : rateCode === 12 ? take(1) * 1000 : take(2) * (rateCode === 13 ? 1 : 10)
  if (next >= b.length) return undefined
  let crc = 0
  for (let i = at; i < next; i++) crc = CRC8[crc ^ b[i]!]!
  if (crc !== b[next]) return undefined
  return {
    sampleRate: rate || info.sampleRate,
    channels: channelCode < 8 ? channelCode + 1 : 2,
    bits: depth || info.bits,
    length,
    position: variable ? number.value : number.value * info.blockSize,
    bytes: next + 1 - at,
  }
}

/** Most bytes of a frame: samples as they are, one bit more for the side channel, and headers. */
const mostBytes = ({ length, channels, bits }: FlacHeader) =>
  Math.ceil((length * channels * (bits + 1)) / 8) + 1024

export const STREAM_MARK = 'fLaC'

/** True where nothing of a stream follows any more. */
const isEnd = (bytes: Bytes, at: number, end: number) =>
  at === end || textAt(bytes, at, 4) === STREAM_MARK || skipTagsAndZeros(bytes, at) >= end

/** True for a frame of just these bytes: over all of them, its checksum at the end included, the checksum is 0. */
export function isWholeFrame(b: Uint8Array): boolean {
  let crc = 0
  for (const byte of b) crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >> 8) ^ byte]!
  return crc === 0
}

/**
 * The frame at `at`, whose header is `header`; undefined if it is damaged. It ends where its checksum is right and
 * another frame begins, or the stream ends; where something else follows, its own bits tell.
 */
export function readFrame(
  bytes: Bytes,
  at: number,
  end: number,
  header: FlacHeader,
  info: StreamInfo,
): Uint8Array | undefined {
  const limit = Math.min(end, at + mostBytes(header))
  const b = bytes.subarray(at, Math.min(end, limit + MAX_HEADER_BYTES))
  const last = limit - at
  let crc = 0
  for (let i = 0; i < last; i++) {
    crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >> 8) ^ b[i]!]!
    if (crc !== 0 || i < header.bytes) continue
    if (readFrameHeader(b, i + 1, info) || isEnd(bytes, at + i + 1, end)) return b.subarray(0, i + 1)
  }
  const length = frameEnd(b.subarray(0, last), header)
  const frame = length === undefined ? undefined : b.subarray(0, length)
  return frame && isWholeFrame(frame) ? frame : undefined
}

const SEARCH_BYTES = 1 << 16

/** Offset of the next frame header at or after `from`, or undefined. */
export function findFrame(
  bytes: Bytes,
  from: number,
  end: number,
  info: StreamInfo,
): { at: number; header: FlacHeader } | undefined {
  for (let start = from; start < end; start += SEARCH_BYTES) {
    const block = bytes.subarray(start, Math.min(end, start + SEARCH_BYTES + MAX_HEADER_BYTES))
    for (let i = block.indexOf(0xff); i >= 0 && i < SEARCH_BYTES; i = block.indexOf(0xff, i + 1)) {
      const header = readFrameHeader(block, i, info)
      if (header) return { at: start + i, header }
    }
  }
  return undefined
}
