/** The wire format of Protocol Buffers, as far as ONNX needs it: https://protobuf.dev/programming-guides/encoding */

/** A field: a varint, or bytes, which are empty for a varint. */
export interface Field {
  number: number
  value?: bigint
  bytes: Uint8Array
}

const NO_BYTES = new Uint8Array()

class Cursor {
  at = 0
  constructor(private readonly bytes: Uint8Array) {}

  get atEnd(): boolean {
    return this.at >= this.bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new Error('it breaks off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new Error('it holds a number that does not end')
  }

  take(length: number): Uint8Array {
    const end = this.at + length
    if (!Number.isSafeInteger(end) || end > this.bytes.length) throw new Error('it breaks off')
    const part = this.bytes.subarray(this.at, end)
    this.at = end
    return part
  }
}

/** The fields of a message, one by one; nothing is copied. @throws Error in words */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const cursor = new Cursor(message)
  while (!cursor.atEnd) {
    const tag = Number(cursor.varint())
    const [number, wire] = [Math.floor(tag / 8), tag % 8]
    if (number === 0) throw new Error('it has a field without a number')
    if (wire === 0) yield { number, value: cursor.varint(), bytes: NO_BYTES }
    else if (wire === 2) yield { number, bytes: cursor.take(Number(cursor.varint())) }
    else if (wire === 5) yield { number, bytes: cursor.take(4) }
    else if (wire === 1) yield { number, bytes: cursor.take(8) }
    else throw new Error(`it has a field of the unknown wire type ${wire}`)
  }
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A repeated field of integers, packed into bytes or one by one. */
export function integersOf({ value, bytes }: Field): number[] {
  if (value !== undefined) return [Number(BigInt.asIntN(64, value))]
  const cursor = new Cursor(bytes)
  const values: number[] = []
  while (!cursor.atEnd) values.push(Number(BigInt.asIntN(64, cursor.varint())))
  return values
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}

/** A message in pieces, so that tensors need not be copied. */
export type Message = readonly Uint8Array[]

export const lengthOf = (message: Message): number => message.reduce((sum, { length }) => sum + length, 0)

export const integer = (number: number, value: number): Message => [
  varintBytes(number * 8),
  varintBytes(value),
]

export function bytesField(number: number, content: Message): Message {
  return [varintBytes(number * 8 + 2), varintBytes(lengthOf(content)), ...content]
}

export const text = (number: number, value: string): Message =>
  bytesField(number, [new TextEncoder().encode(value)])

export const messageOf = (...fields: readonly Message[]): Message => fields.flat()
