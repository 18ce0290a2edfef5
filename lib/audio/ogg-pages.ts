/** The pages of an Ogg file (RFC 3533), each with its checksum, and the packets of one stream. */
import { type Bytes, viewOf } from '../formats/bytes.js'

/** 'OggS' */
const OGGS = 0x4f676753
const HEADER_BYTES = 27
const MAX_HEADER_BYTES = HEADER_BYTES + 255
const SEARCH_BYTES = 1 << 16

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

export interface OggPage {
  kind: 'page'
  at: number
  serial: number
  sequence: number
  /** end of the last packet that ends on this page, in samples; −1 where none does */
  granule: number
  /** begins a stream */
  begins: boolean
  /** ends a stream */
  ends: boolean
  /** its first packet goes on from the page before */
  continued: boolean
  /** lengths of the segments; one of less than 255 ends a packet */
  lacing: Uint8Array
  body: Uint8Array
}

/** What the header of a page says whose checksum is wrong. */
export type OggPageHeader = Pick<OggPage, 'serial' | 'granule' | 'ends'>

/**
 * Bytes that are no whole page. `atEnd`: no page follows; `cutOff`: they are the beginning of one; `last`: the header of the
 * last page in them, where they are pages of the length that their headers say.
 */
export interface OggGap {
  kind: 'gap'
  at: number
  bytes: number
  atEnd: boolean
  cutOff: boolean
  last?: OggPageHeader
}

/** The size of the page at `at`, as far as its header is there, whether or not the rest is. */
function pageSize(bytes: Bytes, at: number): number | undefined {
  const view = viewOf(bytes, at, at + MAX_HEADER_BYTES)
  if (view.byteLength < HEADER_BYTES || view.getUint32(0) !== OGGS || view.getUint8(4) !== 0) return undefined
  const segments = view.getUint8(26)
  if (view.byteLength < HEADER_BYTES + segments) return undefined
  let size = HEADER_BYTES + segments
  for (let i = 0; i < segments; i++) size += view.getUint8(HEADER_BYTES + i)
  return size
}

/** The page at `at`, if it is whole and its checksum is right. */
function readPage(bytes: Bytes, at: number): { page: OggPage; size: number } | undefined {
  const size = pageSize(bytes, at)
  if (size === undefined || at + size > bytes.length) return undefined
  const all = bytes.subarray(at, at + size)
  const view = viewOf(all, 0)
  if (pageChecksum(all) !== view.getUint32(22, true)) return undefined
  const flags = view.getUint8(5)
  const body = HEADER_BYTES + view.getUint8(26)
  const page: OggPage = {
    kind: 'page',
    at,
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    granule: Number(view.getBigInt64(6, true)),
    continued: (flags & 1) !== 0,
    begins: (flags & 2) !== 0,
    ends: (flags & 4) !== 0,
    lacing: all.subarray(HEADER_BYTES, body),
    body: all.subarray(body),
  }
  return { page, size }
}

/** Offset of the next whole page at or after `from`, or undefined. */
function findPage(bytes: Bytes, from: number): number | undefined {
  for (let start = from; start < bytes.length; start += SEARCH_BYTES) {
    const block = bytes.subarray(start, start + SEARCH_BYTES)
    for (let i = block.indexOf(0x4f); i >= 0; i = block.indexOf(0x4f, i + 1))
      if (readPage(bytes, start + i)) return start + i
  }
  return undefined
}

/** The header of the last page of the file, where pages of the right length lie between `at` and its end. */
function lastHeader(bytes: Bytes, at: number): OggPageHeader | undefined {
  for (let from = at; ; ) {
    const size = pageSize(bytes, from)
    if (size === undefined || from + size > bytes.length) return undefined
    if (from + size < bytes.length) {
      from += size
      continue
    }
    const view = viewOf(bytes, from, from + HEADER_BYTES)
    const granule = Number(view.getBigInt64(6, true))
    return { serial: view.getUint32(14, true), granule, ends: (view.getUint8(5) & 4) !== 0 }
  }
}

/** All whole pages of a file, and what lies between them. */
export function* walkPages(bytes: Bytes): Generator<OggPage | OggGap, void, void> {
  for (let at = 0; at < bytes.length; ) {
    const read = readPage(bytes, at)
    if (read) {
      yield read.page
      at += read.size
      continue
    }
    const next = findPage(bytes, at + 1)
    const size = pageSize(bytes, at)
    const begun = viewOf(bytes, at, at + 4)
    const isStart = size !== undefined || (begun.byteLength === 4 && begun.getUint32(0) === OGGS)
    const cutOff = next === undefined && isStart && (size === undefined || at + size > bytes.length)
    const atEnd = next === undefined
    const last = atEnd ? lastHeader(bytes, at) : undefined
    yield { kind: 'gap', at, bytes: (next ?? bytes.length) - at, atEnd, cutOff, last }
    at = next ?? bytes.length
  }
}

/** Puts the segments of pages together to packets. */
export class PacketReader {
  #begun: Uint8Array[] = []
  /** the rest of a packet whose beginning is missing is left out */
  #skipping = false

  /** A page is missing: what has begun cannot end. */
  lose(): void {
    this.#begun = []
    this.#skipping = true
  }

  /** The packets that end on a page. */
  read({ continued, lacing, body }: OggPage): Uint8Array[] {
    const packets: Uint8Array[] = []
    if (!continued) {
      this.#begun = []
      this.#skipping = false
    } else if (this.#begun.length === 0) this.#skipping = true
    let at = 0
    let length = 0
    for (const segment of lacing) {
      length += segment
      if (segment === 255) continue
      this.#begun.push(body.subarray(at, at + length))
      if (!this.#skipping) packets.push(joined(this.#begun))
      this.#begun = []
      this.#skipping = false
      at += length
      length = 0
    }
    if (length > 0) this.#begun.push(body.subarray(at, at + length))
    return packets
  }
}

function joined(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
