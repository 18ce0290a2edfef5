/** The WAV files of the corpus: RIFF with PCM of 8 to 32 bits or IEEE floats. */
import type { Recording } from './mixdown.js'

export type Encoding = 'u8' | 's16' | 's24' | 's32' | 'f32'

const BYTES: Record<Encoding, number> = { u8: 1, s16: 2, s24: 3, s32: 4, f32: 4 }

const WRITERS: Record<Encoding, (view: DataView, at: number, x: number) => void> = {
  u8: (view, at, x) => view.setUint8(at, Math.round(128 + 127 * x)),
  s16: (view, at, x) => view.setInt16(at, Math.round(32767 * x), true),
  s24: (view, at, x) => {
    const value = Math.round(8388607 * x)
    view.setInt16(at + 1, value >> 8, true)
    view.setUint8(at, value & 0xff)
  },
  s32: (view, at, x) => view.setInt32(at, Math.round(2147483647 * x), true),
  f32: (view, at, x) => view.setFloat32(at, x, true),
}

/** The bytes of a WAV file. */
export function encodeWav({ channels, rate }: Recording, encoding: Encoding): Uint8Array {
  const width = BYTES[encoding]
  const write = WRITERS[encoding]
  const frames = channels[0]!.length
  const block = width * channels.length
  const size = frames * block
  const bytes = new Uint8Array(44 + size + (size % 2))
  const view = new DataView(bytes.buffer)
  const text = (at: number, s: string) => {
    for (let i = 0; i < s.length; i++) bytes[at + i] = s.charCodeAt(i)
  }
  text(0, 'RIFF')
  view.setUint32(4, bytes.length - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, encoding === 'f32' ? 3 : 1, true)
  view.setUint16(22, channels.length, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate * block, true)
  view.setUint16(32, block, true)
  view.setUint16(34, 8 * width, true)
  text(36, 'data')
  view.setUint32(40, size, true)
  channels.forEach((channel, c) => {
    for (let i = 0; i < frames; i++) write(view, 44 + i * block + c * width, channel[i]!)
  })
  return bytes
}
