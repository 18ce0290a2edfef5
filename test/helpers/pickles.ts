/** Pickles and torch archives made by hand, byte by byte, for what no honest writer writes. */
import { zipSync } from 'fflate'

export type Bytes = Uint8Array

const utf8 = (text: string) => new TextEncoder().encode(text)
export const concat = (...parts: (Bytes | string | number[])[]): Bytes =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part))),
    ),
  )

/** Protocol 2 pieces: each leaves one value on the stack. */
export const text = (value: string): Bytes => {
  const bytes = utf8(value)
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length, true)
  return concat('X', length, bytes)
}

export const whole = (value: number | bigint): Bytes => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true)
  return concat([0x8a, 8], bytes)
}

export const tuple = (...items: Bytes[]): Bytes => concat('(', ...items, 't')
export const global = (path: string): Bytes => {
  const dot = path.lastIndexOf('.')
  return concat(`c${path.slice(0, dot)}\n${path.slice(dot + 1)}\n`)
}
export const call = (path: string, ...args: Bytes[]): Bytes => concat(global(path), tuple(...args), 'R')
export const dict = (...pairs: [Bytes, Bytes][]): Bytes => concat('}(', ...pairs.flat(), 'u')
export const pickle = (...parts: (Bytes | string | number[])[]): Bytes => concat([0x80, 2], ...parts, '.')

export const storage = (key: string, count: number | bigint, type = 'torch.FloatStorage'): Bytes =>
  concat(tuple(text('storage'), global(type), text(key), text('cpu'), whole(count)), 'Q')

export interface TensorParts {
  key?: string
  count?: number | bigint
  type?: string
  offset?: number | bigint
  size?: (number | bigint)[]
  stride?: (number | bigint)[]
}

export const tensor = (parts: TensorParts = {}): Bytes => {
  const { key = '0', count = 4, type, offset = 0, size = [4], stride = [1] } = parts
  const hooks = call('collections.OrderedDict')
  return call(
    'torch._utils._rebuild_tensor_v2',
    storage(key, count, type),
    whole(offset),
    tuple(...size.map(whole)),
    tuple(...stride.map(whole)),
    concat([0x89]),
    hooks,
  )
}

/** Four floats: 1, 2, 3, 4 */
export const FOUR = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)

/** A zip archive of stored members, written by fflate. */
export function archive(members: Record<string, Bytes>, level: 0 | 6 = 0): Bytes {
  const named = Object.entries(members).map(
    ([name, bytes]) => [name, [bytes, { level }]] as [string, [Bytes, { level: 0 | 6 }]],
  )
  return zipSync(Object.fromEntries(named))
}

export const torchZip = (data: Bytes, more: Record<string, Bytes> = {}): Bytes =>
  archive({
    'm/data.pkl': data,
    'm/byteorder': utf8('little'),
    'm/data/0': FOUR,
    'm/version': utf8('3\n'),
    ...more,
  })

const MAGIC = concat([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e])

/** The legacy format around a pickle, with one storage '0' of four floats. */
export function torchLegacy(
  data: Bytes,
  { little = true, keys = ['0'], count = 4n, rest = FOUR } = {},
): Bytes {
  const system = pickle(dict([text('little_endian'), concat([little ? 0x88 : 0x89])]))
  const list = pickle(']', '(', ...keys.map(text), 'e')
  const head = Buffer.alloc(8)
  if (little) head.writeBigInt64LE(count)
  else head.writeBigInt64BE(count)
  return concat(
    MAGIC,
    pickle(whole(1001)),
    system,
    data,
    list,
    keys.length ? head : '',
    keys.length ? rest : '',
  )
}
