/** Samples that are not compressed, of any container: a plain WAV file of the same samples is made, and `wav-decoder` reads it. */
import wavDecoder from 'wav-decoder'
import type { Bytes } from '../formats/bytes.js'
import { WAV_HEADER_BYTES, wavHeader } from '../formats/wav/writer.js'
import type { Ledger } from './ledger.js'
import type { PcmLayout, PcmRun } from './types.js'

/** Samples, all channels together, that wav-decoder gets at a time: its input is a copy, so this bounds what is held twice. */
const BLOCK_VALUES = 1 << 19

/** Widths that wav-decoder reads. 8 and 24 bits get a byte of zeros below, which is exact. */
const canonicalWidth = ({ width }: PcmLayout) => (width === 1 ? 2 : width === 3 ? 4 : width)

/** Interleaved samples → little-endian, signed, of the canonical width. */
function canonicalSamples(bytes: Uint8Array, layout: PcmLayout): Uint8Array {
  const { width, stride = width, littleEndian, unsigned } = layout
  const target = canonicalWidth(layout)
  if (littleEndian && !unsigned && width === target && stride === width) return bytes
  const count = Math.floor(bytes.length / stride)
  const out = new Uint8Array(count * target)
  for (let k = 0; k < width; k++) {
    const to = target - width + k
    const from = littleEndian ? k : width - 1 - k
    // the top bit tells unsigned from two's complement
    const flip = unsigned && k === width - 1 ? 0x80 : 0
    for (let i = 0; i < count; i++) out[i * target + to] = bytes[i * stride + from]! ^ flip
  }
  return out
}

/** A plain 44-byte header and the samples of frames `from` to `to`. */
export function canonicalWav(bytes: Bytes, layout: PcmLayout, from: number, to: number): ArrayBuffer {
  const { channels, sampleRate, dataOffset } = layout
  const frameBytes = (layout.stride ?? layout.width) * channels
  const part = bytes.subarray(dataOffset + from * frameBytes, dataOffset + to * frameBytes)
  const samples = canonicalSamples(part, layout)
  const width = canonicalWidth(layout)
  const float = layout.encoding === 'float'
  const out = new Uint8Array(WAV_HEADER_BYTES + samples.length)
  out.set(wavHeader({ frames: to - from, sampleRate, channels, width, float }))
  out.set(samples, WAV_HEADER_BYTES)
  return out.buffer
}

/** in: where the samples lie; out: runs of frames as floats, full scale 2^(bits − 1). */
export function* decodePcm(bytes: Bytes, layout: PcmLayout, ledger: Ledger): Generator<PcmRun, void, void> {
  const { sampleRate, frames } = layout
  ledger.begin(sampleRate)
  ledger.promise(frames)
  const block = Math.floor(BLOCK_VALUES / layout.channels)
  for (let from = 0; from < frames; from += block) {
    const wav = canonicalWav(bytes, layout, from, Math.min(frames, from + block))
    // symmetric: one scale for both signs, 32,768 for 16 bits
    const { channelData } = wavDecoder.decode.sync(wav, { symmetric: true })
    yield { channels: channelData, sampleRate }
  }
}
