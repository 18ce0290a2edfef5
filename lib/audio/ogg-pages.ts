/**
 * Walks the pages of an Ogg file (RFC 3533): checksums, page numbers and the end mark, so that a hole, a flipped
 * bit or a missing end is seen, whatever a decoder makes of it.
 */
import { type Bytes, viewOf } from '../formats/bytes.js'
import { damaged, unsupported } from './failure.js'

/** 'OggS' */
const OGGS = 0x4f676753
const MAX_HEADER_BYTES = 27 + 255

const CRC_TABLE = (() => {
  const table = new Uint32Array(256)
  for (let i = 0; i < 256; i++) {
    let r = i << 24
    for (let k = 0; k < 8; k++) r = r & 0x80000000 ? (r << 1) ^ 0x04c11db7 : r << 1
    table[i] = r >>> 0
  }
  return table
})()

/** CRC-32 of a page, its own checksum field taken as zero. */
function pageChecksum(page: Uint8Array): number {
  let crc = 0
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : page[i]!
    crc = ((crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ byte) & 0xff]!) >>> 0
  }
  return crc
}

export interface OggWalk {
  /** Granule position of the last page: for Vorbis and FLAC the number of samples. */
  samples: number
  /** the first packet, where it lies in the first page */
  firstPacket: Uint8Array
}

/** in: a whole file; out: its length. @throws DecodeRefusal with the offset of what is wrong */
export function walkOggPages(bytes: Bytes): OggWalk {
  let at = 0
  let serial: number | undefined
  let samples = 0
  let firstPacket = bytes.subarray(0, 0)
  let ended = false
  for (let page = 0; at < bytes.length && !ended; page++) {
    const size = pageSize(bytes, at)
    if (size === undefined)
      throw damaged(page ? 'an Ogg page is damaged or cut off' : 'the first Ogg page is damaged', {
        given: `byte ${at}`,
      })
    const view = viewOf(bytes, at, at + size)
    if (pageChecksum(bytes.subarray(at, at + size)) !== view.getUint32(22, true))
      throw damaged('the checksum of an Ogg page is wrong', { given: `page at byte ${at}` })
    const stream = view.getUint32(14, true)
    serial ??= stream
    if (stream !== serial)
      throw unsupported('the file holds more than one stream', { given: `a second stream at byte ${at}` })
    if (view.getUint32(18, true) !== page)
      throw damaged('an Ogg page is missing', {
        given: `page ${view.getUint32(18, true)} at byte ${at}`,
        expected: `page ${page}`,
      })
    const granule = view.getBigInt64(6, true)
    if (granule > 0n) samples = Number(granule)
    if (page === 0) firstPacket = bytes.subarray(at + 27 + view.getUint8(26), at + size)
    ended = (view.getUint8(5) & 4) !== 0
    at += size
  }
  if (!ended)
    throw damaged('the file is truncated: its last page is missing', { given: `${bytes.length} bytes` })
  if (at + 4 <= bytes.length && viewOf(bytes, at, at + 4).getUint32(0) === OGGS)
    throw unsupported('the file holds more than one stream', { given: `a second stream at byte ${at}` })
  return { samples, firstPacket }
}

function pageSize(bytes: Bytes, at: number): number | undefined {
  const view = viewOf(bytes, at, at + MAX_HEADER_BYTES)
  if (view.byteLength < 27 || view.getUint32(0) !== OGGS) return undefined
  const segments = view.getUint8(26)
  if (view.byteLength < 27 + segments) return undefined
  let size = 27 + segments
  for (let i = 0; i < segments; i++) size += view.getUint8(27 + i)
  return at + size > bytes.length ? undefined : size
}
