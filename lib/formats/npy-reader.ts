/** Reads NumPy's .npy files with numbers or text. Format: numpy.lib.format, versions 1.0 to 3.0. */

export interface NpyArray {
  shape: number[]
  /** in C order */
  values: (number | string)[]
}

type ReadValue = (view: DataView, at: number) => number

const NUMBERS: Record<string, [bytes: number, read: ReadValue]> = {
  b1: [1, (v, at) => v.getUint8(at)],
  u1: [1, (v, at) => v.getUint8(at)],
  i1: [1, (v, at) => v.getInt8(at)],
  u2: [2, (v, at) => v.getUint16(at, true)],
  i2: [2, (v, at) => v.getInt16(at, true)],
  u4: [4, (v, at) => v.getUint32(at, true)],
  i4: [4, (v, at) => v.getInt32(at, true)],
  u8: [8, (v, at) => Number(v.getBigUint64(at, true))],
  i8: [8, (v, at) => Number(v.getBigInt64(at, true))],
  f4: [4, (v, at) => v.getFloat32(at, true)],
  f8: [8, (v, at) => v.getFloat64(at, true)],
}

interface Header {
  type: string
  shape: number[]
  dataAt: number
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 12 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== '\x93NUMPY')
    throw new Error('it is no .npy file')
  const start = view.getUint8(6) === 1 ? 10 : 12
  const dataAt = start + (start === 10 ? view.getUint16(8, true) : view.getUint32(8, true))
  const text = Buffer.from(bytes.subarray(start, dataAt)).toString('latin1')
  const type = /'descr':\s*'([^']+)'/.exec(text)?.[1]
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1]
  if (type === undefined || shape === undefined || dataAt > bytes.length)
    throw new Error('its header is damaged')
  if (/'fortran_order':\s*True/.test(text)) throw new Error('it is in Fortran order, which is not read here')
  return { type, shape: (shape.match(/\d+/g) ?? []).map(Number), dataAt }
}

const trimmed = (text: string) => text.replace(/\0+$/, '')

/** `<U12`: UTF-32 · `|S12`: bytes */
function textReader(kind: string, length: number, bytes: Uint8Array, view: DataView) {
  const codes = (at: number) => Array.from({ length }, (_, i) => view.getUint32(at + 4 * i, true))
  return kind === 'U'
    ? (at: number) => trimmed(String.fromCodePoint(...codes(at)))
    : (at: number) => trimmed(Buffer.from(bytes.subarray(at, at + length)).toString('utf8'))
}

/**
 * Numbers (little-endian) and text; arrays of Python objects are refused.
 * @throws Error in words, without the path
 */
export function readNpy(bytes: Uint8Array): NpyArray {
  const { type, shape, dataAt } = readHeader(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = /^[<|=]([US])(\d{1,6})$/.exec(type)
  const number = /^[<|=]/.test(type) ? NUMBERS[type.slice(1)] : undefined
  const size = text ? Number(text[2]) * (text[1] === 'U' ? 4 : 1) : number?.[0]
  if (size === undefined) throw new Error(`it holds values of the type ${type}, which are not read here`)
  const read = text
    ? textReader(text[1]!, Number(text[2]), bytes, view)
    : (at: number) => number![1](view, at)
  const count = shape.reduce((product, length) => product * length, 1)
  if (dataAt + count * size > bytes.length) throw new Error('it breaks off')
  return { shape, values: Array.from({ length: count }, (_, i) => read(dataAt + i * size)) }
}
