/** Judges what the header of a WAVE file says: which samples there are, and where they end. */
import type { Bytes } from '../formats/bytes.js'
import {
  type Chunk,
  FORMAT_BYTES,
  looksLikeChunk,
  readWav,
  type WavContents,
  type WavFormat,
} from '../formats/wav/reader.js'
import { checkFormat, damaged, isShort, MISSING_SECONDS, unsupported } from './failure.js'
import type { Ledger } from './ledger.js'
import { decodePcm } from './pcm.js'
import type { PcmLayout, PcmRun } from './types.js'

export interface WavLayout extends PcmLayout {
  warnings: string[]
}

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

type Encoding = Pick<PcmLayout, 'encoding' | 'width' | 'stride' | 'unsigned'>

/** 24 bits in 32: in the upper bytes or in the lower ones, which the samples tell; undefined if it is neither. */
function readWider(samples: Uint8Array): Encoding | undefined {
  let [upper, lower] = [true, true]
  for (let i = 0; i + 4 <= samples.length; i += 4) {
    if (samples[i] !== 0) upper = false
    if (samples[i + 3] !== (samples[i + 2]! & 0x80 ? 0xff : 0)) lower = false
  }
  if (lower) return { encoding: 'int', width: 3, stride: 4, unsigned: false }
  return upper ? { encoding: 'int', width: 4, unsigned: false } : undefined
}

/** The samples that wav-decoder can be given. @throws DecodeRefusal */
function readEncoding(format: WavFormat, samples: Uint8Array, ffmpeg: string, notes: string[]): Encoding {
  const { tag, channels, block, bits } = format
  if (tag !== 1 && tag !== 3) {
    const name = CODECS[tag]
    throw unsupported(
      name ? `the samples are coded as ${name}` : 'the samples are coded in a way that is not known here',
      {
        given: `WAVE format tag 0x${tag.toString(16).padStart(4, '0')}`,
        expected: 'PCM (0x0001) or IEEE float (0x0003)',
        ffmpeg,
        notes,
      },
    )
  }
  checkFormat(format.sampleRate, channels)
  const widths = tag === 1 ? [8, 16, 24, 32] : [32, 64]
  const width = bits / 8
  const isWider = block % channels === 0 && block / channels > width && block / channels <= 8
  const wider = tag === 1 && isWider && bits === 24 && block === 4 * channels && readWider(samples)
  if (wider) return wider
  if (!widths.includes(bits) || isWider)
    throw unsupported('the bit depth is not one that is read here', {
      given: isWider ? `${bits} bits in ${(8 * block) / channels}` : `${bits} bits`,
      expected: widths.join(', '),
      ffmpeg,
      notes,
    })
  if (block !== width * channels)
    throw damaged('the fmt chunk contradicts itself', {
      given: `block size ${block}`,
      expected: `${width * channels}`,
    })
  return { encoding: tag === 1 ? 'int' : 'float', width, unsigned: bits === 8 }
}

/** Bytes of samples that are looked at where their form is in doubt. */
export const WAV_LOOK_BYTES = 1 << 18

/** Sizes that writers to a pipe leave behind: ffmpeg 0xFFFFFFFF, sox 0x7FFFFFFF less its header, and others. */
const isOpenEnded = (size: number) => size >= 0x7ffff000 && size <= 0xffffffff

const SIZES = 2 ** 32

/** The size of more than 4 GiB that a 32-bit field has kept the lower half of, if there is one that fits. */
function unwrapped(bytes: Bytes, data: Chunk, rest: number): number | undefined {
  for (let wraps = Math.floor((rest - data.declared) / SIZES); wraps > 0; wraps--) {
    const size = data.declared + wraps * SIZES
    const end = data.offset + size + (size % 2)
    if (end >= bytes.length || looksLikeChunk(bytes, end)) return Math.min(size, rest)
  }
  return undefined
}

/**
 * Bytes of samples. Sizes in the header are believed only as far as there are bytes, and not where they cannot be
 * right: those that a writer to a pipe leaves open, those of more than 4 GiB, those of a recorder that was cut off.
 * @throws DecodeRefusal for a file that is truncated
 */
function dataBytes(
  bytes: Bytes,
  data: Chunk,
  isChunk: (at: number) => boolean,
  bytesPerSecond: number,
  warnings: string[],
): number {
  const rest = bytes.length - data.offset
  const { declared } = data
  const behind = data.next
  const unfinished = declared === 0 && rest > 0 && !isChunk(data.offset)
  const open = isOpenEnded(declared) && (declared > rest || (declared === 0xffffffff && rest > declared))
  if (unfinished || open) {
    warnings.push('the header leaves the length open: all bytes to the end of the file were read')
    return rest
  }
  if (declared > rest) {
    if (isShort(declared - rest, declared, bytesPerSecond))
      throw damaged('the file is truncated', {
        given: `${rest} bytes of samples`,
        expected: `the ${declared} bytes that its header promises`,
      })
    warnings.push(`the header promises ${declared - rest} bytes of samples more than the file has`)
    return rest
  }
  const size = unwrapped(bytes, data, rest)
  if (size !== undefined) {
    warnings.push('the size in the header is one of less than 4 GiB: all samples were read')
    return size
  }
  if (behind >= bytes.length || isChunk(behind)) return declared
  const left = `${bytes.length - behind} bytes lie behind the ${declared} bytes of samples that the header promises`
  const reads = bytes.length - behind > MISSING_SECONDS * bytesPerSecond
  warnings.push(`${left}: they were ${reads ? 'read as samples too' : 'left out'}`)
  return reads ? rest : declared
}

function checkContents({ format, shortFormat, data }: WavContents): { format: WavFormat; data: Chunk } {
  if (shortFormat !== undefined)
    throw damaged('the fmt chunk is too short', {
      given: `${shortFormat} bytes`,
      expected: `${FORMAT_BYTES} or more`,
    })
  if (!format)
    throw damaged(
      data ? 'the data chunk comes before any fmt chunk' : 'there is neither a fmt nor a data chunk',
    )
  if (!data) throw damaged('there is no data chunk')
  return { format, data }
}

type Checked = ReturnType<typeof checkContents> & WavContents

/** The layout of so many bytes of samples, of which the file has the first. @throws DecodeRefusal */
function layoutOf(
  bytes: Bytes,
  { format, data, ...rest }: Checked,
  size: number,
  notes: string[],
): PcmLayout {
  const { channels, sampleRate, block } = format
  const samples = bytes.subarray(data.offset, data.offset + Math.min(size, WAV_LOOK_BYTES))
  return {
    ...readEncoding(format, samples, rest.demuxer, notes),
    channels,
    sampleRate,
    littleEndian: rest.littleEndian,
    dataOffset: data.offset,
    frames: Math.floor(size / block),
  }
}

/**
 * in: the beginning of a file; out: how its samples lie, as many as its header says, or infinitely many where it leaves
 * that open.
 * @throws DecodeRefusal
 */
export function readWavStart(bytes: Bytes): PcmLayout {
  const contents = readWav(bytes)
  const { format, data } = checkContents(contents)
  return layoutOf(bytes, { ...contents, format, data }, data.declared || Number.POSITIVE_INFINITY, [])
}

/** in: the bytes of a file; out: where its samples lie. @throws DecodeRefusal */
export function readWavLayout(bytes: Bytes): WavLayout {
  const contents = readWav(bytes)
  const { format, data } = checkContents(contents)
  const { tag, sampleRate, block, byteRate } = format
  const isPcm = tag === 1 || tag === 3
  const warnings: string[] = []
  const isChunk = (at: number) => looksLikeChunk(bytes, at, contents.littleEndian)
  const present = dataBytes(bytes, data, isChunk, isPcm ? sampleRate * block : byteRate, warnings)
  if (contents.moreBytes > 0 && present === data.declared)
    warnings.push(
      `${contents.moreBytes} bytes of samples lie in another data chunk behind the first one: they were left out`,
    )
  const layout = layoutOf(bytes, { ...contents, format, data }, present, warnings)
  if (present % block) warnings.push(`${present % block} bytes at the end make no whole frame`)
  return { ...layout, warnings }
}

/** in: a WAVE file; out: its samples */
export function* decodeWav(bytes: Bytes, ledger: Ledger): Generator<PcmRun, void, void> {
  const layout = readWavLayout(bytes)
  for (const warning of layout.warnings) ledger.note(warning)
  yield* decodePcm(bytes, layout, ledger)
}
