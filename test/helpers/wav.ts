/** WAV files of any kind, right ones and wrong ones, byte by byte. */

export interface WavSpec {
  channels?: number
  sampleRate?: number
  bits?: number
  float?: boolean
  frames?: number
  /** value of a sample, ±1; default a 440 Hz tone of amplitude 0.5 */
  value?: (frame: number, channel: number) => number
}

const text = (name: string) => [...name].map((c) => c.charCodeAt(0))

export function chunk(name: string, body: Uint8Array, size = body.length, pad = true): Uint8Array {
  const padded = pad && body.length % 2 === 1 ? 1 : 0
  const out = new Uint8Array(8 + body.length + padded)
  out.set(text(name))
  new DataView(out.buffer).setUint32(4, size, true)
  out.set(body, 8)
  return out
}

export function format(fields: {
  tag?: number
  channels?: number
  sampleRate?: number
  block?: number
  bits?: number
}): Uint8Array {
  const { tag = 1, channels = 1, sampleRate = 22050, bits = 16, block = (channels * bits) >> 3 } = fields
  const body = new Uint8Array(16)
  const view = new DataView(body.buffer)
  view.setUint16(0, tag, true)
  view.setUint16(2, channels, true)
  view.setUint32(4, sampleRate, true)
  view.setUint32(8, sampleRate * block, true)
  view.setUint16(12, block, true)
  view.setUint16(14, bits, true)
  return body
}

/** WAVE_FORMAT_EXTENSIBLE: the tag goes into the GUID. */
export function extensible(fields: Parameters<typeof format>[0]): Uint8Array {
  const body = new Uint8Array(40)
  body.set(format({ ...fields, tag: 0xfffe }))
  const view = new DataView(body.buffer)
  view.setUint16(16, 22, true)
  view.setUint16(18, fields.bits ?? 16, true)
  view.setUint16(24, fields.tag ?? 1, true)
  body.set([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71], 26)
  return body
}

export function riff(chunks: Uint8Array[], outer = 'RIFF', size?: number): Uint8Array {
  const length = chunks.reduce((sum, c) => sum + c.length, 4)
  const out = new Uint8Array(8 + length)
  out.set(text(outer))
  new DataView(out.buffer).setUint32(4, size ?? length, true)
  out.set(text('WAVE'), 8)
  let at = 12
  for (const c of chunks) {
    out.set(c, at)
    at += c.length
  }
  return out
}

export const tone =
  (sampleRate: number, frequency = 440, amplitude = 0.5) =>
  (frame: number) =>
    amplitude * Math.sin((2 * Math.PI * frequency * frame) / sampleRate)

function put(view: DataView, at: number, bits: number, float: boolean, x: number): void {
  if (float && bits === 32) view.setFloat32(at, x, true)
  else if (float) view.setFloat64(at, x, true)
  else if (bits === 8) view.setUint8(at, Math.round(x * 127) + 128)
  else if (bits === 16) view.setInt16(at, Math.round(x * 32767), true)
  else if (bits === 24) {
    const n = Math.round(x * 8388607)
    view.setUint8(at, n & 255)
    view.setUint8(at + 1, (n >> 8) & 255)
    view.setUint8(at + 2, (n >> 16) & 255)
  } else view.setInt32(at, Math.round(x * 2147483647), true)
}

/** The samples of a file, interleaved. */
export function pcm(spec: WavSpec): Uint8Array {
  const {
    channels = 1,
    sampleRate = 22050,
    bits = 16,
    float = false,
    frames = 2205,
    value = tone(sampleRate),
  } = spec
  const width = bits / 8
  const body = new Uint8Array(frames * channels * width)
  const view = new DataView(body.buffer)
  for (let i = 0; i < frames; i++)
    for (let c = 0; c < channels; c++) put(view, (i * channels + c) * width, bits, float, value(i, c))
  return body
}

export function wav(spec: WavSpec = {}): Uint8Array {
  return riff([chunk('fmt ', format({ ...spec, tag: spec.float ? 3 : 1 })), chunk('data', pcm(spec))])
}
