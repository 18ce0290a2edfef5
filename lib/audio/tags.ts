/**
 * Tags of other formats in front of and behind audio: ID3v1 and v2, APEv2, Lyrics3, and padding with zeros.
 * Sources: id3.org (ID3v1, "Enhanced" ID3v1, ID3v2.2 to 2.4, Lyrics3 v1 and v2); wiki.hydrogenaud.io (APEv2).
 */
import { type Bytes, textAt, viewOf } from '../formats/bytes.js'
import { damaged, isText } from './failure.js'

/** More tags than any tagger writes. */
const MAX_TAGS = 1024
const ID3V1_BYTES = 128
/** of the block that some players put in front of an ID3v1 tag */
const ENHANCED_BYTES = 227
/** of the header or the footer of an APE tag */
const APE_BYTES = 32
const APE_HAS_HEADER = 0x80000000
/** Lyrics3 blocks end within so many bytes. */
const MAX_LYRICS_BYTES = 1 << 20
const ZERO_BLOCK = 1 << 16

/** 28 bits in four bytes, the top bit of each 0; undefined if it is not. */
function syncsafe(bytes: Bytes, at: number): number | undefined {
  const [a, b, c, d] = bytes.subarray(at, at + 4)
  if (d === undefined || (a! | b! | c! | d) & 0x80) return undefined
  return (a! << 21) | (b! << 14) | (c! << 7) | d
}

/** Length of the ID3v2 tag that begins at `at`. Its header has 10 bytes; flag 0x10 says that a footer follows. */
function id3v2Length(bytes: Bytes, at: number): number {
  if (textAt(bytes, at, 3) !== 'ID3') return 0
  const size = syncsafe(bytes, at + 6)
  if (size === undefined) return 0
  const footer = bytes.subarray(at + 5, at + 6)[0]! & 0x10 ? 10 : 0
  return 10 + size + footer
}

/** Length of the APE tag whose header begins at `at`; its size field leaves the header out. */
function apeLength(bytes: Bytes, at: number): number {
  if (textAt(bytes, at, 8) !== 'APETAGEX' || at + APE_BYTES > bytes.length) return 0
  return APE_BYTES + viewOf(bytes, at + 12, at + 16).getUint32(0, true)
}

function lyricsLength(bytes: Bytes, at: number): number {
  if (textAt(bytes, at, 11) !== 'LYRICSBEGIN') return 0
  const part = bytes.subarray(at, at + MAX_LYRICS_BYTES)
  const text = Buffer.from(part.buffer, part.byteOffset, part.length)
  for (const end of ['LYRICS200', 'LYRICSEND']) {
    const found = text.indexOf(end, 0, 'latin1')
    if (found >= 0) return found + end.length
  }
  return 0
}

function tagLength(bytes: Bytes, at: number): number {
  const first = bytes.subarray(at, at + 1)[0]
  if (first === 0x49) return id3v2Length(bytes, at)
  if (first === 0x41) return apeLength(bytes, at)
  if (first === 0x4c) return lyricsLength(bytes, at)
  if (textAt(bytes, at, 4) === 'TAG+') return ENHANCED_BYTES
  if (textAt(bytes, at, 3) === 'TAG') return ID3V1_BYTES
  return 0
}

const TAG_MARKS = ['TAG', 'ID3', 'APETAGEX', 'LYRICSBEGIN']
const LOOK_BYTES = 256
/** Fewer bytes look like text by chance. */
const MIN_TEXT_BYTES = 32

/** True for text, such as XMP, and for a tag that is damaged or cut off: bytes that were never sound. */
export function looksForeign(bytes: Bytes, at: number): boolean {
  const head = bytes.subarray(at, at + LOOK_BYTES)
  return (
    (head.length >= MIN_TEXT_BYTES && isText(head)) ||
    TAG_MARKS.some((mark) => textAt(head, 0, mark.length) === mark)
  )
}

/** Where the zeros end that begin at `at`. */
export function skipZeros(bytes: Bytes, at: number): number {
  for (let start = at; start < bytes.length; start += ZERO_BLOCK) {
    const block = bytes.subarray(start, start + ZERO_BLOCK)
    const found = block.findIndex((byte) => byte !== 0)
    if (found >= 0) return start + found
  }
  return bytes.length
}

/**
 * Where the tags end that begin at `at`, one behind the other. A tag that claims more than the file has is none.
 * @throws DecodeRefusal for a file of nothing but tags
 */
export function skipTags(bytes: Bytes, at: number): number {
  let end = at
  for (let n = 0; ; n++) {
    const length = tagLength(bytes, end)
    if (length === 0 || end + length > bytes.length) return end
    if (n === MAX_TAGS)
      throw damaged('the file begins with too many tags', { expected: `at most ${MAX_TAGS}` })
    end += length
  }
}

/** As `skipTags`, with zeros between them and behind them. */
export function skipTagsAndZeros(bytes: Bytes, at: number): number {
  for (let end = at; ; ) {
    const next = skipZeros(bytes, skipTags(bytes, end))
    if (next === end) return end
    end = next
  }
}

/** Length of the tag that ends at `end`. */
function tagLengthBefore(bytes: Bytes, end: number): number {
  if (textAt(bytes, end - ID3V1_BYTES, 3) === 'TAG') return ID3V1_BYTES
  if (textAt(bytes, end - ENHANCED_BYTES, 4) === 'TAG+') return ENHANCED_BYTES
  if (textAt(bytes, end - 10, 3) === '3DI') return 20 + (syncsafe(bytes, end - 4) ?? 0)
  if (textAt(bytes, end - APE_BYTES, 8) === 'APETAGEX') {
    const view = viewOf(bytes, end - APE_BYTES, end)
    return view.getUint32(12, true) + (view.getUint32(20, true) & APE_HAS_HEADER ? APE_BYTES : 0)
  }
  const lyrics = textAt(bytes, end - 9, 9)
  if (lyrics === 'LYRICS200') return 15 + Number(textAt(bytes, end - 15, 6))
  if (lyrics === 'LYRICSEND') {
    // version 1 has no size; its text has at most 5,100 bytes
    const part = textAt(bytes, Math.max(0, end - 5120), 5120)
    const found = part.lastIndexOf('LYRICSBEGIN')
    return found < 0 ? 0 : Math.min(5120, end) - found
  }
  return 0
}

/** Where the tags begin that end with the file. */
export function trailingTags(bytes: Bytes): number {
  let end = bytes.length
  for (let n = 0; n < MAX_TAGS; n++) {
    const length = end >= ID3V1_BYTES ? tagLengthBefore(bytes, end) : 0
    if (!(length > 0 && length <= end)) break
    end -= length
  }
  return end
}
