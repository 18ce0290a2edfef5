/**
 * How long the sound of a fragmented MPEG-4 file should be (ISO 14496-12, 8.8 and 8.16): ffmpeg counts only the fragments
 * that it comes to, and stops at a hole.
 */
import { type Bytes, textAt, viewOf } from '../formats/bytes.js'

interface Box {
  type: string
  /** of its body */
  at: number
  end: number
}

const SEARCH_BYTES = 1 << 16
/** Boxes that a file may consist of, one behind the other. */
const OUTER =
  'ftyp|styp|moov|moof|mdat|free|skip|wide|uuid|sidx|ssix|mfra|prft|emsg|meta|pdin|udta|pnot|junk'.split('|')

/** The box at `at`, if a head is there. Its size may be in 64 bits, or 0: to the end. */
function readBox(bytes: Bytes, at: number, end: number): Box | undefined {
  const view = viewOf(bytes, at, Math.min(end, at + 16))
  if (view.byteLength < 8) return undefined
  const type = textAt(bytes, at + 4, 4)
  const size = view.getUint32(0)
  if (size === 0) return { type, at: at + 8, end }
  if (size === 1 && view.byteLength === 16)
    return { type, at: at + 16, end: at + Number(view.getBigUint64(8)) }
  return size < 8 ? undefined : { type, at: at + 8, end: at + size }
}

/** True where nothing speaks against a box: it is a known one, or something known follows it. */
function isOuter(bytes: Bytes, box: Box): boolean {
  if (box.end > bytes.length) return false
  return OUTER.includes(box.type) || OUTER.includes(readBox(bytes, box.end, bytes.length)?.type ?? '')
}

function* children(bytes: Bytes, { at, end }: Box): Generator<Box> {
  const limit = Math.min(end, bytes.length)
  for (let box = readBox(bytes, at, limit); box; box = readBox(bytes, box.end, limit)) yield box
}

/** The first box of a type within another one of which `fits` is true. */
function child(bytes: Bytes, box: Box, type: string, fits = (_: Box) => true): Box | undefined {
  for (const inner of children(bytes, box)) if (inner.type === type && fits(inner)) return inner
  return undefined
}

/** The first box of this way down. */
function find(bytes: Bytes, box: Box | undefined, ...way: string[]): Box | undefined {
  for (const type of way) box = box && child(bytes, box, type)
  return box
}

/** in: where a box should begin; out: where the next fragment does */
function findFragment(bytes: Bytes, from: number): number {
  for (let start = from; start < bytes.length; start += SEARCH_BYTES) {
    const part = bytes.subarray(start, start + SEARCH_BYTES + 16)
    const text = Buffer.from(part.buffer, part.byteOffset, part.length)
    for (let i = text.indexOf('moof'); i >= 4; i = text.indexOf('moof', i + 1))
      if (text.toString('latin1', i + 8, i + 12) === 'mfhd') return start + i - 4
  }
  return bytes.length
}

/** A number of 32 bits, or of 64 where the version of a box, its first byte, is not 0; 0 where the file ends before it. */
function numberAt(bytes: Bytes, at: number, version = 0): number {
  const view = viewOf(bytes, at, at + 8)
  if (version === 0) return view.byteLength < 4 ? 0 : view.getUint32(0)
  return view.byteLength < 8 ? 0 : Number(view.getBigUint64(0))
}
const versionOf = (bytes: Bytes, box: Box) => bytes.subarray(box.at, box.at + 1)[0] ?? 0

/** What the head says of the track of sound. */
interface Track {
  id: number
  /** units of a second */
  timescale: number
  /** of a sample, where its fragment does not say */
  duration: number
  /** of all fragments, s, where it is known */
  seconds: number
}

function readTrack(bytes: Bytes, moov: Box): Track | undefined {
  const extension = find(bytes, moov, 'mvex')
  const trak = child(bytes, moov, 'trak', (box) => {
    const handler = find(bytes, box, 'mdia', 'hdlr')
    return handler !== undefined && textAt(bytes, handler.at + 8, 4) === 'soun'
  })
  const [head, media, movie] = [
    find(bytes, trak, 'tkhd'),
    find(bytes, trak, 'mdia', 'mdhd'),
    find(bytes, moov, 'mvhd'),
  ]
  if (!extension || !head || !media || !movie) return undefined
  // two times stand in front of each of these numbers
  const behindTimes = (box: Box) => box.at + 4 + (versionOf(bytes, box) === 0 ? 8 : 16)
  const id = numberAt(bytes, behindTimes(head))
  const defaults = child(bytes, extension, 'trex', (box) => numberAt(bytes, box.at + 4) === id)
  const whole = find(bytes, extension, 'mehd')
  const length = whole ? numberAt(bytes, whole.at + 4, versionOf(bytes, whole)) : 0
  const timescale = numberAt(bytes, behindTimes(media))
  if (timescale === 0) return undefined
  const duration = defaults ? numberAt(bytes, defaults.at + 12) : 0
  return { id, timescale, duration, seconds: length / (numberAt(bytes, behindTimes(movie)) || 1) }
}

/** Sum over the samples of a run. Flags say which numbers it has of each. */
function runDuration(bytes: Bytes, box: Box, each: number): number {
  const view = viewOf(bytes, box.at, box.end)
  if (view.byteLength < 8) return 0
  const flags = view.getUint32(0) & 0xffffff
  const count = view.getUint32(4)
  if (!(flags & 0x100)) return count * each
  const stride = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length
  let sum = 0
  let at = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0)
  for (let i = 0; i < count && at + 4 <= view.byteLength; i++, at += stride) sum += view.getUint32(at)
  return sum
}

/** Where the sound of a fragment begins, if it says so, and how long it is. */
function readFragment(bytes: Bytes, moof: Box, track: Track): { start?: number; length: number } | undefined {
  const traf = child(bytes, moof, 'traf', (box) => {
    const head = find(bytes, box, 'tfhd')
    return head !== undefined && numberAt(bytes, head.at + 4) === track.id
  })
  const head = find(bytes, traf, 'tfhd')
  if (!traf || !head) return undefined
  const flags = numberAt(bytes, head.at) & 0xffffff
  const behind = head.at + 8 + (flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0)
  const each = flags & 8 ? numberAt(bytes, behind) : track.duration
  let length = 0
  for (const box of children(bytes, traf)) if (box.type === 'trun') length += runDuration(bytes, box, each)
  const time = find(bytes, traf, 'tfdt')
  return { start: time && numberAt(bytes, time.at + 4, versionOf(bytes, time)), length }
}

export interface FragmentedSound {
  /** from the first fragment to the end of the last one, whatever is missing between them */
  seconds: number
  /** the file ends within a box */
  isCut: boolean
}

/** in: an MPEG-4 file; out: undefined if it has no fragments of sound */
export function measureFragments(bytes: Bytes, start: number): FragmentedSound | undefined {
  let track: Track | undefined
  let [first, end] = [Number.NaN, 0]
  let [holed, isCut] = [false, false]
  for (let at = start; at < bytes.length; ) {
    const box = readBox(bytes, at, bytes.length)
    if (!box || !isOuter(bytes, box)) {
      isCut = box !== undefined && box.end > bytes.length
      at = findFragment(bytes, at + 8)
      holed ||= at < bytes.length
      continue
    }
    if (box.type === 'moov') {
      track = readTrack(bytes, box)
      if (!track) return undefined
    }
    const fragment = box.type === 'moof' && track ? readFragment(bytes, box, track) : undefined
    if (fragment) {
      const from = fragment.start ?? end
      // what begins in the middle of a broadcast lacks nothing; what lies behind a hole does
      if (Number.isNaN(first)) first = holed ? 0 : from
      end = Math.max(end, from + fragment.length)
    }
    at = box.end
  }
  if (!track || Number.isNaN(first)) return undefined
  return { seconds: Math.max(track.seconds, (end - first) / track.timescale), isCut }
}
