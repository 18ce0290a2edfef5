/** A cursor over the bytes of a pickle: every read is checked against the end. */

/** Longer whole numbers than any tensor needs; long ones cost quadratic time. */
const MAX_NUMBER_BYTES = 1024
const MAX_LINE_BYTES = 1 << 20

export class PickleBytes {
  private readonly view: DataView
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  private advance(length: number): number {
    const start = this.at
    if (length > this.bytes.byteLength - start) throw new Error('its pickle breaks off')
    this.at += length
    return start
  }

  u8(): number {
    return this.bytes[this.advance(1)]!
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true)
  }

  i32(): number {
    return this.view.getInt32(this.advance(4), true)
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true)
  }

  u64(): number {
    const value = this.view.getBigUint64(this.advance(8), true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error('its pickle has a length beyond 2^53')
    return Number(value)
  }

  /** big-endian, as pickles have it */
  f64(): number {
    return this.view.getFloat64(this.advance(8), false)
  }

  slice(length: number): Uint8Array {
    const start = this.advance(length)
    return this.bytes.subarray(start, start + length)
  }

  text(length: number): string {
    return this.utf8.decode(this.slice(length))
  }

  latin1(length: number): string {
    return Buffer.from(this.slice(length)).toString('latin1')
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.at)
    if (end < 0 || end - this.at > MAX_LINE_BYTES) throw new Error('its pickle has a line without end')
    const text = this.text(end - this.at)
    this.at++
    return text
  }

  /** two's complement, little-endian, of any length */
  long(length: number): number | bigint {
    if (length < 0 || length > MAX_NUMBER_BYTES) throw new Error(`its pickle has a number of ${length} bytes`)
    const bytes = this.slice(length)
    if (length === 0) return 0
    const hex = Buffer.from(bytes).reverse().toString('hex')
    const value = BigInt.asIntN(8 * length, BigInt(`0x${hex}`))
    return smallest(value)
  }

  /** `I01`, `123`, `123L` */
  decimal(text: string): number | bigint {
    if (!/^[+-]?\d{1,1024}L?$/.test(text)) throw new Error('its pickle has a malformed number')
    return smallest(BigInt(text.replace('+', '').replace('L', '')))
  }
}

function smallest(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
