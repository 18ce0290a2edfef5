/** What a file is, told by its bytes. The name of a file is never asked. */
import { type Bytes, textAt } from '../formats/bytes.js'
import { isWav } from '../formats/wav/reader.js'
import { isAdts } from './adts.js'
import { STREAM_MARK } from './flac-frames.js'
import { findFirstFrame } from './mp3-header.js'
import { skipTags, skipTagsAndZeros } from './tags.js'
import type { OwnFormat } from './types.js'

/** `start`: where the format begins, behind tags and padding; `strange`: bytes in front of it that are neither */
export type Sniffed = { start: number; strange?: number } & (
  | { own: OwnFormat }
  | { foreign: { demuxer: string; name: string } }
)

const ASF = '\x30\x26\xb2\x75\x8e\x66\xcf\x11'
const EBML = '\x1a\x45\xdf\xa3'

/** Containers that ffmpeg reads: the text that stands at an offset, what ffmpeg calls its reader, and a name. */
const FOREIGN: [number, string, string, string][] = [
  [4, 'ftyp', 'mov', 'MPEG-4 (m4a, mp4)'],
  [4, 'moov', 'mov', 'QuickTime'],
  [0, 'caff', 'caf', 'Core Audio'],
  [0, 'wvpk', 'wv', 'WavPack'],
  [0, 'MAC ', 'ape', "Monkey's Audio"],
  [0, 'TTA1', 'tta', 'True Audio'],
  [0, 'tBaK', 'tak', 'TAK'],
  [0, 'MPCK', 'mpc8', 'Musepack'],
  [0, 'MP+', 'mpc', 'Musepack'],
  [0, 'DSD ', 'dsf', 'DSF'],
  [0, '#!AMR', 'amr', 'AMR'],
  [0, 'Creative Voice File', 'voc', 'Creative Voice'],
  [0, 'FLV\x01', 'flv', 'Flash video'],
  [8, 'AVI ', 'avi', 'AVI'],
  [8, '8SVX', 'iff', '8SVX'],
  [0, EBML, 'matroska', 'Matroska or WebM'],
  [0, ASF, 'asf', 'Windows Media'],
]

/** The formats that have a mark at their beginning. */
function sniffMark(bytes: Bytes, start: number): Sniffed | undefined {
  const head = bytes.subarray(start, start + 64)
  const four = textAt(head, 0, 4)
  const form = textAt(head, 8, 4)
  if (isWav(head)) return { start, own: 'wav' }
  if (four === 'OggS') return { start, own: 'ogg' }
  if (four === STREAM_MARK) return { start, own: 'flac' }
  if (four === 'FORM' && (form === 'AIFF' || form === 'AIFC')) return { start, own: 'aiff' }
  if (four === '.snd') return { start, own: 'au' }
  for (const [at, text, demuxer, name] of FOREIGN)
    if (textAt(head, at, text.length) === text) return { start, foreign: { demuxer, name } }
  if (isAdts(bytes, start)) return { start, foreign: { demuxer: 'aac', name: 'AAC (ADTS)' } }
  return undefined
}

/** The mark of FLAC and the head of its first block, but for the bit that says that no other one follows. */
const FLAC_HEAD = Buffer.from(`${STREAM_MARK}\0\0\0\x22`, 'latin1')
const SEARCH_BYTES = 1 << 16

/** Where a FLAC stream begins behind bytes that belong to no format. */
function findFlac(bytes: Bytes, from: number, end: number): number | undefined {
  for (let start = from; start < end; start += SEARCH_BYTES) {
    const part = bytes.subarray(start, Math.min(end, start + SEARCH_BYTES + FLAC_HEAD.length - 1))
    const text = Buffer.from(part.buffer, part.byteOffset, part.length)
    for (let i = text.indexOf(STREAM_MARK); i >= 0; i = text.indexOf(STREAM_MARK, i + 1))
      if (FLAC_HEAD.every((byte, k) => text[i + k] === byte || (k === 4 && text[i + k] === 0x80)))
        return start + i
  }
  return undefined
}

/** in: a file; out: which decoder reads it, or undefined: not audio as far as this package can tell. */
export function sniff(bytes: Bytes): Sniffed | undefined {
  const behindTags = skipTags(bytes, 0)
  const marked = sniffMark(bytes, behindTags)
  if (marked) return marked
  const behindZeros = skipTagsAndZeros(bytes, behindTags)
  const padded = behindZeros > behindTags ? sniffMark(bytes, behindZeros) : undefined
  if (padded) return padded
  const frame = findFirstFrame(bytes, behindTags)
  const mark = findFlac(bytes, behindTags, frame ?? bytes.length)
  if (mark !== undefined) return { start: mark, strange: mark - behindZeros, own: 'flac' }
  // the walk through an mp3 leaves out its own tags, those behind the frames too
  return frame === undefined ? undefined : { start: behindTags, own: 'mp3' }
}
