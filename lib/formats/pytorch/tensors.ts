/** Reads the bytes of a tensor from its description (storage, offset, size, stride); every number is checked first. */
import { DTYPE_BYTES, type DType, elementCount, type FileTensor } from '../tensor.js'
import {
  PickleGlobal,
  PickleStorage,
  type PickleTensor,
  PickleTuple,
  type PickleValue,
  type StorageReference,
} from './values.js'

/** The largest tensor that may repeat its elements (stride 0); beyond this it may be no larger than its storage. */
const MAX_EXPANDED_BYTES = 64 << 20

const STORAGES: Record<string, DType> = {
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
}

/** Element types of storages without one, which came with torch 2.3. */
const TORCH_DTYPES: Record<string, DType> = {
  'torch.float32': 'F32',
  'torch.float64': 'F64',
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.int64': 'I64',
  'torch.uint64': 'U64',
  'torch.int32': 'I32',
  'torch.uint32': 'U32',
  'torch.int16': 'I16',
  'torch.uint16': 'U16',
  'torch.int8': 'I8',
  'torch.uint8': 'U8',
  'torch.bool': 'BOOL',
}

const UNTYPED = new Set(['torch.storage.UntypedStorage', 'torch.UntypedStorage'])

function lookUp(table: Record<string, DType>, value: PickleValue | undefined): DType | undefined {
  return value instanceof PickleGlobal && Object.hasOwn(table, value.path) ? table[value.path] : undefined
}

function size(value: PickleValue | undefined): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Error('a tensor has a size, stride or offset that is not a whole number from 0 to 2^53')
  return value
}

function sizes(value: PickleValue): number[] {
  if (!(value instanceof PickleTuple)) throw new Error('a tensor has no tuple of sizes')
  if (value.items.length > 64) throw new Error(`a tensor has ${value.items.length} dimensions`)
  return value.items.map(size)
}

/**
 * ('storage', class, key, location, count) and, in the legacy format, a view (key, offset, count) or None.
 * @throws Error for any other persistent id
 */
export function storageFromId(id: PickleValue): PickleStorage {
  const items = id instanceof PickleTuple ? id.items : []
  const [kind, type, key, location, count, view] = items
  const known =
    kind === 'storage' &&
    type instanceof PickleGlobal &&
    typeof key === 'string' &&
    typeof location === 'string'
  if (!known || items.length > 6)
    throw new Error('its pickle refers to something outside that is not a storage')
  let offset = 0
  if (view instanceof PickleTuple) offset = size(view.items[1])
  else if (view !== undefined && view !== null) throw new Error('a storage has a view that is not understood')
  return new PickleStorage({ type, key, count: size(count), offset })
}

/** Bytes of an element and of the whole storage, according to its reference. */
export function storageBytes({ type, count }: StorageReference): { element: number; total: number } {
  const dtype = lookUp(STORAGES, type)
  if (!dtype && !UNTYPED.has(type.path)) throw new Error(`tensors of the type ${type.path} are not read here`)
  const element = dtype ? DTYPE_BYTES[dtype] : 1
  const total = count * element
  if (!Number.isSafeInteger(total)) throw new Error('a storage is larger than 2^53 bytes')
  return { element, total }
}

/** A tensor whose every element lies within its storage. */
export interface CheckedTensor {
  dtype: DType
  shape: number[]
  stride: number[]
  storage: StorageReference
  /** element of the storage that is the first of the tensor */
  offset: number
  /** elements from the first to the last one, both included; 0 for an empty tensor */
  span: number
  count: number
}

/** @throws Error in words */
export function checkTensor(tensor: PickleTensor): CheckedTensor {
  if (!(tensor.storage instanceof PickleStorage)) throw new Error('a tensor has no storage')
  const storage = tensor.storage.reference
  const dtype =
    tensor.dtype === undefined ? lookUp(STORAGES, storage.type) : lookUp(TORCH_DTYPES, tensor.dtype)
  const { total } = storageBytes(storage)
  if (!dtype) throw new Error('a tensor has an element type that is not read here')
  const [shape, stride] = [sizes(tensor.size), sizes(tensor.stride)]
  const offset = size(tensor.offset) + storage.offset
  if (shape.length !== stride.length) throw new Error('a tensor has more sizes than strides, or fewer')
  const count = elementCount(shape)
  if (count === undefined) throw new Error('a tensor has more than 2^53 elements')
  let last = 0
  for (let d = 0; d < shape.length; d++) last += Math.max(0, shape[d]! - 1) * stride[d]!
  const span = count === 0 ? 0 : last + 1
  const end = (offset + span) * DTYPE_BYTES[dtype]
  if (!Number.isSafeInteger(end) || end > total)
    throw new Error(`a tensor reaches byte ${end} of a storage of ${total} bytes`)
  const bytes = count * DTYPE_BYTES[dtype]
  if (bytes > Math.max(total, MAX_EXPANDED_BYTES))
    throw new Error(`a tensor of ${bytes} bytes stands on a storage of ${total} bytes`)
  return { dtype, shape, stride, storage, offset, span, count }
}

function isContiguous({ shape, stride, count }: CheckedTensor): boolean {
  let expected = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && stride[d] !== expected) return count === 0
    expected *= shape[d]!
  }
  return true
}

/** Elements at their strides → C order. `source` starts at the first element. */
function gather(source: Uint8Array, tensor: CheckedTensor): Uint8Array {
  const { shape, stride, count } = tensor
  const width = DTYPE_BYTES[tensor.dtype]
  const out = new Uint8Array(count * width)
  const index = shape.map(() => 0)
  let from = 0
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < width; b++) out[i * width + b] = source[from * width + b]!
    for (let d = shape.length - 1; d >= 0; d--) {
      from += stride[d]!
      if (++index[d]! < shape[d]!) break
      from -= shape[d]! * stride[d]!
      index[d] = 0
    }
  }
  return out
}

function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  const swapped = Buffer.from(bytes)
  if (width === 2) swapped.swap16()
  if (width === 4) swapped.swap32()
  if (width === 8) swapped.swap64()
  return swapped
}

/**
 * Reads a tensor. `readBytes(from, length)` gives bytes of its storage.
 * @param bigEndian how the storage was written; the result is little-endian
 */
export async function materialise(
  tensor: CheckedTensor,
  readBytes: (from: number, length: number) => Promise<Uint8Array>,
  bigEndian: boolean,
): Promise<FileTensor> {
  const { dtype, shape, offset, span } = tensor
  const width = DTYPE_BYTES[dtype]
  const stored = span === 0 ? new Uint8Array(0) : await readBytes(offset * width, span * width)
  const ordered = isContiguous(tensor) ? stored : gather(stored, tensor)
  return { dtype, shape, bytes: bigEndian && width > 1 ? swapBytes(ordered, width) : ordered }
}
