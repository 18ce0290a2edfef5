/** Writes WAV files: RIFF with a plain 44-byte header, PCM of 8 to 32 bits or IEEE floats. */

export const WAV_HEADER_BYTES = 44

/** The size fields of a WAV file have 32 bits: 27 hours of 16-bit mono at 22,050 Hz. */
export const MAX_WAV_DATA_BYTES = 2 ** 32 - 1 - 36

export interface WavHeader {
  frames: number
  sampleRate: number
  /** default 1 */
  channels?: number
  /** bytes of one sample of one channel; default 2 */
  width?: number
  /** IEEE floats instead of integers; default false */
  float?: boolean
}

/** The 44 bytes that stand before the samples. */
export function wavHeader(header: WavHeader): Uint8Array {
  const { frames, sampleRate, channels = 1, width = 2, float = false } = header
  const block = width * channels
  const size = frames * block
  const bytes = new Uint8Array(WAV_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  const text = (at: number, s: string) => {
    for (let i = 0; i < s.length; i++) bytes[at + i] = s.charCodeAt(i)
  }
  text(0, 'RIFF')
  view.setUint32(4, 36 + size + (size % 2), true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, float ? 3 : 1, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * block, true)
  view.setUint16(32, block, true)
  view.setUint16(34, 8 * width, true)
  text(36, 'data')
  view.setUint32(40, size, true)
  return bytes
}

export type WavEncoding = 'u8' | 's16' | 's24' | 's32' | 'f32'

const WIDTHS: Record<WavEncoding, number> = { u8: 1, s16: 2, s24: 3, s32: 4, f32: 4 }

/** ±1 as an integer of so many bits; +1, one step too far, becomes the highest. */
function toInteger(x: number, bits: number): number {
  const full = 2 ** (bits - 1)
  return Math.max(-full, Math.min(full - 1, Math.round(x * full)))
}

const WRITERS: Record<WavEncoding, (view: DataView, at: number, x: number) => void> = {
  u8: (view, at, x) => view.setUint8(at, toInteger(x, 8) + 128),
  s16: (view, at, x) => view.setInt16(at, toInteger(x, 16), true),
  s24: (view, at, x) => {
    const value = toInteger(x, 24)
    view.setInt16(at + 1, value >> 8, true)
    view.setUint8(at, value & 0xff)
  },
  s32: (view, at, x) => view.setInt32(at, toInteger(x, 32), true),
  f32: (view, at, x) => view.setFloat32(at, x, true),
}

export interface Recording {
  /** one array a channel, ±1, equally long */
  channels: Float32Array[]
  /** Hz */
  rate: number
}

/** The bytes of a WAV file; full scale is 2^(bits − 1). */
export function encodeWav({ channels, rate }: Recording, encoding: WavEncoding): Uint8Array {
  const width = WIDTHS[encoding]
  const write = WRITERS[encoding]
  const frames = channels[0]!.length
  const block = width * channels.length
  const size = frames * block
  const bytes = new Uint8Array(WAV_HEADER_BYTES + size + (size % 2))
  bytes.set(
    wavHeader({ frames, sampleRate: rate, channels: channels.length, width, float: encoding === 'f32' }),
  )
  const view = new DataView(bytes.buffer)
  for (const [c, channel] of channels.entries())
    for (let i = 0; i < frames; i++) write(view, WAV_HEADER_BYTES + i * block + c * width, channel[i]!)
  return bytes
}
