/** AIFF and AIFF-C (Apple, "Audio Interchange File Format" 1.3, 1989, and "AIFF-C", 1991): samples that are not compressed. */
import { type Bytes, textAt, viewOf } from '../formats/bytes.js'
import { looksLikeChunk } from '../formats/wav/reader.js'
import { checkFormat, damaged, isShort, MISSING_SECONDS, unsupported } from './failure.js'
import type { Ledger, Notes } from './ledger.js'
import { decodePcm } from './pcm.js'
import type { PcmLayout, PcmRun } from './types.js'

interface Chunk {
  offset: number
  declared: number
}

/** Name and place of the chunks that count. A size may be odd; a pad byte follows then. */
function readChunks(bytes: Bytes): { common?: Chunk; sound?: Chunk } {
  const found: { common?: Chunk; sound?: Chunk } = {}
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = textAt(bytes, at, 4)
    const declared = viewOf(bytes, at + 4, at + 8).getUint32(0)
    const chunk = { offset: at + 8, declared }
    if (id === 'COMM') found.common ??= chunk
    if (id === 'SSND') found.sound ??= chunk
    at += 8 + declared + (declared % 2)
  }
  return found
}

/** A number of 80 bits: sign and exponent, and a mantissa that has its first 1 written out. */
function readExtended(view: DataView, at: number): number {
  const sign = view.getUint16(at) & 0x8000 ? -1 : 1
  const exponent = view.getUint16(at) & 0x7fff
  return sign * (view.getUint32(at + 2) * 2 ** 32 + view.getUint32(at + 6)) * 2 ** (exponent - 16383 - 63)
}

/** What the names of AIFF-C say about samples that are not compressed. */
const CODINGS: Record<
  string,
  { encoding: 'int' | 'float'; littleEndian?: boolean; unsigned?: boolean; bits?: number }
> = {
  NONE: { encoding: 'int' },
  twos: { encoding: 'int' },
  sowt: { encoding: 'int', littleEndian: true },
  'raw ': { encoding: 'int', unsigned: true },
  in24: { encoding: 'int', bits: 24 },
  in32: { encoding: 'int', bits: 32 },
  fl32: { encoding: 'float', bits: 32 },
  FL32: { encoding: 'float', bits: 32 },
  fl64: { encoding: 'float', bits: 64 },
  FL64: { encoding: 'float', bits: 64 },
}

type Common = Omit<PcmLayout, 'dataOffset'>

/** COMM: channels, frames, bits, rate, and in AIFF-C the name of a coding. */
function readCommon(bytes: Bytes, { offset, declared }: Chunk): Common {
  const view = viewOf(bytes, offset, offset + Math.min(declared, 22))
  if (view.byteLength < 18)
    throw damaged('the COMM chunk is too short', { given: `${view.byteLength} bytes` })
  const coding =
    textAt(bytes, 8, 4) === 'AIFC' && view.byteLength >= 22 ? textAt(bytes, offset + 18, 4) : 'NONE'
  const known = CODINGS[coding]
  if (!known)
    throw unsupported(`the samples of this AIFF-C file are coded as ${JSON.stringify(coding.trim())}`, {
      expected: Object.keys(CODINGS).join(', '),
      ffmpeg: 'aiff',
    })
  const bits = known.bits ?? view.getUint16(6)
  // samples of 12 bits, say, have 16 each, the lowest of them 0
  const width = Math.ceil(bits / 8)
  if (known.encoding === 'int' && (width < 1 || width > 4))
    throw unsupported('the bit depth is not one that is read here', { given: `${bits} bits`, ffmpeg: 'aiff' })
  const channels = view.getUint16(0)
  const sampleRate = Math.round(readExtended(view, 8))
  checkFormat(sampleRate, channels)
  const { encoding, littleEndian = false, unsigned = false } = known
  return { encoding, littleEndian, unsigned, width, channels, sampleRate, frames: view.getUint32(2) }
}

/** in: the bytes of a file; out: where its samples lie. @throws DecodeRefusal */
export function readAiffLayout(bytes: Bytes, notes: Notes): PcmLayout {
  const { common, sound } = readChunks(bytes)
  if (!common) throw damaged('there is no COMM chunk')
  const layout = readCommon(bytes, common)
  if (!sound || sound.offset + 8 > bytes.length) throw damaged('there is no SSND chunk')
  const dataOffset = sound.offset + 8 + viewOf(bytes, sound.offset, sound.offset + 4).getUint32(0)
  const block = layout.width * layout.channels
  const there = Math.max(0, Math.floor((bytes.length - dataOffset) / block))
  const promised = layout.frames
  // a recorder that was cut off leaves 0
  const open = promised === 0 && there > 0
  if (open) notes.note('the header leaves the length open: all bytes to the end of the file were read')
  const missing = promised - there
  if (missing > 0 && isShort(missing, promised, layout.sampleRate))
    throw damaged('the file is truncated', {
      given: `${there} frames of samples`,
      expected: `the ${promised} frames that its header promises`,
    })
  if (missing > 0) notes.note(`the header promises ${missing} frames of samples more than the file has`)
  const longer = framesBehind(bytes, sound, layout, there)
  if (!open && longer > promised) {
    const reads = longer - promised > MISSING_SECONDS * layout.sampleRate
    const what = reads ? 'read too' : 'left out'
    notes.note(
      `${longer - promised} frames lie behind the ${promised} that the header promises: they were ${what}`,
    )
    if (reads) return { ...layout, dataOffset, frames: longer }
  }
  return { ...layout, dataOffset, frames: open ? there : Math.min(promised, there) }
}

/** Frames to the end of the sound, whatever COMM counts: that of its chunk, or of the file where no chunk follows. */
function framesBehind(bytes: Bytes, sound: Chunk, { width, channels }: Common, there: number): number {
  const end = sound.offset + sound.declared + (sound.declared % 2)
  if (end < bytes.length && !looksLikeChunk(bytes, end, false)) return there
  return Math.min(there, Math.floor((sound.declared - 8) / (width * channels)))
}

export function* decodeAiff(bytes: Bytes, ledger: Ledger): Generator<PcmRun, void, void> {
  yield* decodePcm(bytes, readAiffLayout(bytes, ledger), ledger)
}
