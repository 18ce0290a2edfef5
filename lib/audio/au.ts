/** Sun and NeXT audio files (.au, .snd): samples that are not compressed. */
import { type Bytes, viewOf } from '../formats/bytes.js'
import { checkFormat, damaged, isShort, MISSING_SECONDS, unsupported } from './failure.js'
import type { Ledger, Notes } from './ledger.js'
import { decodePcm } from './pcm.js'
import type { PcmLayout, PcmRun } from './types.js'

const HEADER_BYTES = 24
/** in the place of the size, where a writer to a pipe does not know it */
const OPEN = 0xffffffff

const CODINGS: Record<number, { encoding: 'int' | 'float'; width: number }> = {
  2: { encoding: 'int', width: 1 },
  3: { encoding: 'int', width: 2 },
  4: { encoding: 'int', width: 3 },
  5: { encoding: 'int', width: 4 },
  6: { encoding: 'float', width: 4 },
  7: { encoding: 'float', width: 8 },
}
const OTHERS: Record<number, string> = { 1: 'mu-law', 23: 'G.721 ADPCM', 27: 'A-law' }

/** Magic, offset of the samples, their size, coding, rate, channels: six numbers of 32 bits, big-endian. */
export function readAuLayout(bytes: Bytes, notes: Notes): PcmLayout {
  const view = viewOf(bytes, 0, HEADER_BYTES)
  if (view.byteLength < HEADER_BYTES) throw damaged('the header is cut off')
  const [dataOffset, size, tag, sampleRate, channels] = [4, 8, 12, 16, 20].map((at) =>
    view.getUint32(at),
  ) as [number, number, number, number, number]
  const coding = CODINGS[tag]
  if (!coding)
    throw unsupported(`the samples of this Sun audio file are coded as ${OTHERS[tag] ?? `number ${tag}`}`, {
      ffmpeg: 'au',
    })
  checkFormat(sampleRate, channels)
  const block = coding.width * channels
  const rest = Math.max(0, bytes.length - dataOffset)
  const open = size === OPEN || (size === 0 && rest > 0)
  const missing = open ? 0 : size - rest
  if (open) notes.note('the header leaves the length open: all bytes to the end of the file were read')
  if (missing > 0 && isShort(missing, size, block * sampleRate))
    throw damaged('the file is truncated', {
      given: `${rest} bytes of samples`,
      expected: `the ${size} bytes that its header promises`,
    })
  if (missing > 0) notes.note(`the header promises ${missing} bytes of samples more than the file has`)
  // nothing can follow the samples
  const longer = -missing > MISSING_SECONDS * block * sampleRate
  if (!open && longer)
    notes.note(`${-missing} bytes lie behind those that the header promises: they were read as samples too`)
  const present = open || longer ? rest : Math.min(size, rest)
  return {
    ...coding,
    littleEndian: false,
    unsigned: false,
    channels,
    sampleRate,
    dataOffset,
    frames: Math.floor(present / block),
  }
}

export function* decodeAu(bytes: Bytes, ledger: Ledger): Generator<PcmRun, void, void> {
  yield* decodePcm(bytes, readAuLayout(bytes, ledger), ledger)
}
