/**
 * Reads the chunks of RIFF, RF64 and BW64 WAVE files and hands `wav-decoder` a plain file of the same samples.
 * Chunk layout: Microsoft "Multimedia Programming Interface" (1991), EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64).
 */
import { type Bytes, viewOf } from './bytes.js'
import { damaged, unsupported } from './failure.js'

export interface WavLayout {
  encoding: 'int' | 'float'
  channels: number
  sampleRate: number
  /** bytes of one sample of one channel */
  width: number
  dataOffset: number
  frames: number
  warnings: string[]
}

const MAX_CHANNELS = 256

const CODECS: Record<number, string> = {
  2: 'Microsoft ADPCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  64: 'G.721 ADPCM',
  80: 'MPEG layer II',
  85: 'MP3',
  353: 'Windows Media Audio',
  255: 'AAC',
}

interface Chunk {
  id: string
  offset: number
  /** as the header says */
  declared: number
  /** as the file has them */
  present: number
}

/** Size that the ds64 chunk gives for the data chunk of an RF64 file. */
function dataSize64(bytes: Bytes, chunk: Chunk): number | undefined {
  if (chunk.present < 16) return undefined
  return Number(viewOf(bytes, chunk.offset + 8, chunk.offset + 16).getBigUint64(0, true))
}

const idAt = (bytes: Bytes, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4))

function* walkChunks(bytes: Bytes): Generator<Chunk> {
  let size64: number | undefined
  let at = 12
  while (at + 8 <= bytes.length) {
    const id = idAt(bytes, at)
    const size = viewOf(bytes, at + 4, at + 8).getUint32(0, true)
    const declared = id === 'data' && size === 0xffffffff && size64 !== undefined ? size64 : size
    const offset = at + 8
    const present = Math.min(declared, bytes.length - offset)
    const chunk = { id, offset, declared, present }
    if (id === 'ds64') size64 = dataSize64(bytes, chunk)
    yield chunk
    at = offset + declared + (declared % 2)
    // some writers leave out the pad byte: a chunk name then stands one byte earlier
    if (declared % 2 === 1 && !isKnownChunk(bytes, at) && isKnownChunk(bytes, at - 1)) at -= 1
  }
}

const KNOWN_CHUNKS = new Set([
  'fmt ',
  'data',
  'fact',
  'LIST',
  'bext',
  'cue ',
  'smpl',
  'inst',
  'junk',
  'JUNK',
  'id3 ',
])

function isKnownChunk(bytes: Bytes, at: number): boolean {
  return at + 8 <= bytes.length && KNOWN_CHUNKS.has(idAt(bytes, at))
}

function looksLikeChunk(bytes: Bytes, at: number): boolean {
  return at + 8 <= bytes.length && bytes.subarray(at, at + 4).every((c) => c >= 0x20 && c <= 0x7e)
}

/** The four fields of `fmt ` that count; the tag of an extensible format is the start of its GUID. */
function readFormat(bytes: Bytes, chunk: Chunk): Omit<WavLayout, 'dataOffset' | 'frames' | 'warnings'> {
  if (chunk.present < 16)
    throw damaged('the fmt chunk is too short', { given: `${chunk.present} bytes`, expected: '16 or more' })
  const view = viewOf(bytes, chunk.offset, chunk.offset + Math.min(chunk.present, 26))
  const outer = view.getUint16(0, true)
  const tag = outer === 0xfffe && chunk.present >= 26 ? view.getUint16(24, true) : outer
  const channels = view.getUint16(2, true)
  const sampleRate = view.getUint32(4, true)
  const block = view.getUint16(12, true)
  const bits = view.getUint16(14, true)
  if (tag !== 1 && tag !== 3) {
    const name = CODECS[tag]
    throw unsupported(
      name ? `the samples are coded as ${name}` : 'the samples are coded in a way that is not known here',
      {
        given: `WAVE format tag 0x${tag.toString(16).padStart(4, '0')}`,
        expected: 'PCM (0x0001) or IEEE float (0x0003)',
      },
    )
  }
  if (channels < 1 || channels > MAX_CHANNELS)
    throw damaged('the number of channels cannot be right', {
      given: `${channels}`,
      expected: `1 to ${MAX_CHANNELS}`,
    })
  if (sampleRate < 1000 || sampleRate > 768000)
    throw damaged('the sample rate cannot be right', {
      given: `${sampleRate} Hz`,
      expected: '1,000 to 768,000 Hz',
    })
  const widths = tag === 1 ? [8, 16, 24, 32] : [32, 64]
  if (!widths.includes(bits))
    throw unsupported('the bit depth is not one that is read here', {
      given: `${bits} bits`,
      expected: widths.join(', '),
    })
  const width = bits / 8
  if (block !== width * channels)
    throw damaged('the fmt chunk contradicts itself', {
      given: `block size ${block}`,
      expected: `${width * channels}`,
    })
  return { encoding: tag === 1 ? 'int' : 'float', channels, sampleRate, width }
}

/** Sizes that writers to a pipe leave behind: ffmpeg 0xFFFFFFFF, sox 0x7FFFFFFF less its header, and others. */
const isOpenEnded = (size: number) => size >= 0x7ffff000 && size <= 0xffffffff

/**
 * in: the bytes of a file; out: where its samples lie. Sizes in the header are believed only as far as there are
 * bytes: nothing is allocated by them. A file that declares more data than it has is refused as truncated, unless
 * the size is one that a writer to a pipe leaves open, or 0 with bytes behind it.
 */
export function readWavLayout(bytes: Bytes): WavLayout {
  let format: ReturnType<typeof readFormat> | undefined
  for (const chunk of walkChunks(bytes)) {
    if (chunk.id === 'fmt ' && !format) format = readFormat(bytes, chunk)
    if (chunk.id !== 'data') continue
    if (!format) throw damaged('the data chunk comes before any fmt chunk')
    return layOut(bytes, chunk, format)
  }
  throw damaged(format ? 'there is no data chunk' : 'there is neither a fmt nor a data chunk')
}

function layOut(bytes: Bytes, data: Chunk, format: ReturnType<typeof readFormat>): WavLayout {
  const warnings: string[] = []
  const rest = bytes.length - data.offset
  const frameBytes = format.width * format.channels
  const unfinished = data.declared === 0 && rest > 0 && !looksLikeChunk(bytes, data.offset)
  let present = data.present
  if (unfinished || (isOpenEnded(data.declared) && data.declared > rest)) {
    present = rest
    warnings.push('the header leaves the length open: all bytes to the end of the file were read')
  } else if (data.declared > rest) {
    throw damaged('the file is truncated', {
      given: `${rest} bytes of samples`,
      expected: `the ${data.declared} bytes that its header promises`,
    })
  }
  const frames = Math.floor(present / frameBytes)
  if (present % frameBytes) warnings.push(`${present % frameBytes} bytes at the end make no whole frame`)
  return { ...format, dataOffset: data.offset, frames, warnings }
}

/** 8 → 16 and 24 → 32 bits by appending zeros: exact, and it leaves wav-decoder two integer formats to read. */
function widen(bytes: Uint8Array, width: number): Uint8Array {
  if (width !== 1 && width !== 3) return bytes
  const count = Math.floor(bytes.length / width)
  const out = new Uint8Array(count * (width + 1))
  for (let i = 0; i < count; i++) {
    // 8-bit samples are unsigned: flipping the top bit makes them two's complement
    if (width === 1) out[2 * i + 1] = bytes[i]! ^ 0x80
    else for (let k = 0; k < 3; k++) out[4 * i + 1 + k] = bytes[3 * i + k]!
  }
  return out
}

/** A plain 44-byte header and the samples of frames `from` to `to`, as wav-decoder reads them. */
export function canonicalWav(bytes: Bytes, layout: WavLayout, from: number, to: number): ArrayBuffer {
  const frameBytes = layout.width * layout.channels
  const start = layout.dataOffset + from * frameBytes
  const samples = widen(bytes.subarray(start, start + (to - from) * frameBytes), layout.width)
  const width = layout.encoding === 'int' && layout.width !== 2 ? (layout.width === 1 ? 2 : 4) : layout.width
  const out = new Uint8Array(44 + samples.length)
  const view = new DataView(out.buffer)
  const name = (at: number, id: string) =>
    out.set(
      [...id].map((c) => c.charCodeAt(0)),
      at,
    )
  name(0, 'RIFF')
  view.setUint32(4, 36 + samples.length, true)
  name(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, layout.encoding === 'int' ? 1 : 3, true)
  view.setUint16(22, layout.channels, true)
  view.setUint32(24, layout.sampleRate, true)
  view.setUint32(28, layout.sampleRate * layout.channels * width, true)
  view.setUint16(32, layout.channels * width, true)
  view.setUint16(34, width * 8, true)
  name(36, 'data')
  view.setUint32(40, samples.length, true)
  out.set(samples, 44)
  return out.buffer
}
