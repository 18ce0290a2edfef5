/** A tensor as a file holds it, and the way from any element type to float32. */

/** Element types of tensors, as safetensors calls them. */
export type DType =
  | 'BOOL'
  | 'U8'
  | 'I8'
  | 'I16'
  | 'U16'
  | 'F16'
  | 'BF16'
  | 'I32'
  | 'U32'
  | 'F32'
  | 'I64'
  | 'U64'
  | 'F64'

/** Bytes of an element. */
/** Of a file: fifty times as many as the network has. */
export const MAX_TENSORS = 4000

export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
}

export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPE_BYTES, name)
}

/** C order, little-endian, without gaps: bytes.length = product(shape) · DTYPE_BYTES[dtype]. */
export interface FileTensor {
  dtype: DType
  shape: number[]
  bytes: Uint8Array
}

/** The product of a shape, or undefined if it is no exact integer any more. */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined
    count *= size
    if (!Number.isSafeInteger(count)) return undefined
  }
  return count
}

/** IEEE 754 binary16 → number; exact. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

type Reader = (view: DataView, at: number) => number

const READERS: Record<Exclude<DType, 'BF16' | 'F32'>, Reader> = {
  BOOL: (v, at) => (v.getUint8(at) ? 1 : 0),
  U8: (v, at) => v.getUint8(at),
  I8: (v, at) => v.getInt8(at),
  I16: (v, at) => v.getInt16(at, true),
  U16: (v, at) => v.getUint16(at, true),
  F16: (v, at) => fromFloat16(v.getUint16(at, true)),
  I32: (v, at) => v.getInt32(at, true),
  U32: (v, at) => v.getUint32(at, true),
  I64: (v, at) => Number(v.getBigInt64(at, true)),
  U64: (v, at) => Number(v.getBigUint64(at, true)),
  F64: (v, at) => v.getFloat64(at, true),
}

/** The bytes as a fresh float32 array; the source may start anywhere. */
function copyFloat32(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.byteLength / 4)
  new Uint8Array(out.buffer).set(bytes)
  return out
}

/** bfloat16 is the upper half of a float32: moved bit by bit, so NaN payloads stay. */
function widenBFloat16(view: DataView, count: number): Float32Array {
  const out = new Float32Array(count)
  const bits = new Uint32Array(out.buffer)
  for (let i = 0; i < count; i++) bits[i] = view.getUint16(2 * i, true) << 16
  return out
}

/** Any element type → float32 (rounded to nearest where it holds more). Always a copy. */
export function toFloat32(tensor: FileTensor): Float32Array {
  const { dtype, bytes } = tensor
  if (dtype === 'F32') return copyFloat32(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = bytes.byteLength / DTYPE_BYTES[dtype]
  if (dtype === 'BF16') return widenBFloat16(view, count)
  const read = READERS[dtype]
  const out = new Float32Array(count)
  for (let i = 0; i < count; i++) out[i] = read(view, i * DTYPE_BYTES[dtype])
  return out
}

function asBytes(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** Float32 values as a tensor of a file; `data` is not copied. */
export function float32Tensor(shape: number[], data: Float32Array): FileTensor {
  return { dtype: 'F32', shape, bytes: asBytes(data) }
}

/** Whole numbers as int64, the type that PyTorch gives to counters such as num_batches_tracked. */
export function int64Tensor(shape: number[], data: Float32Array): FileTensor {
  const whole = BigInt64Array.from(data, (value) => BigInt(Math.round(value)))
  return { dtype: 'I64', shape, bytes: new Uint8Array(whole.buffer) }
}
