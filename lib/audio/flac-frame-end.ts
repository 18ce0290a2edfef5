/** Where a FLAC frame ends, told by its own bits (RFC 9639, 9.2 and 9.3): for a frame that nothing known follows. */

/** What stands behind a frame: its checksum. */
const CHECKSUM_BYTES = 2
/** A partition of which every sample has as many bits as five bits behind its parameter say. */
const ESCAPE_BITS = 5

/** Reads numbers of any width, and passes over those that do not matter. Past the end it gives zeros. */
class BitReader {
  /** of the next bit */
  at: number

  constructor(
    private readonly b: Uint8Array,
    byte: number,
  ) {
    this.at = 8 * byte
  }

  get isPast(): boolean {
    return this.at > 8 * this.b.length
  }

  bits(count: number): number {
    let value = 0
    for (let k = 0; k < count; k++, this.at++)
      value = 2 * value + (((this.b[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1)
    return value
  }

  /** The zeros in front of the next 1, which is passed over too. */
  zeros(): number {
    const start = this.at
    while (!this.isPast && this.bits(1) === 0);
    return this.at - start - 1
  }
}

/** False where the residual cannot be one. `order`: samples of the first partition that a predictor needs. */
function skipResidual(bits: BitReader, length: number, order: number): boolean {
  const method = bits.bits(2)
  if (method > 1) return false
  const width = method === 0 ? 4 : 5
  const partitions = 2 ** bits.bits(4)
  if (length % partitions !== 0) return false
  for (let p = 0; p < partitions && !bits.isPast; p++) {
    const count = length / partitions - (p === 0 ? order : 0)
    const parameter = bits.bits(width)
    if (parameter === 2 ** width - 1) bits.at += count * bits.bits(ESCAPE_BITS)
    else
      for (let i = 0; i < count && !bits.isPast; i++) {
        bits.zeros()
        bits.at += parameter
      }
  }
  return true
}

/** `depth`: bits of a sample. False where it cannot be a subframe. */
function skipSubframe(bits: BitReader, length: number, depth: number): boolean {
  if (bits.bits(1) !== 0) return false
  const type = bits.bits(6)
  const wasted = bits.bits(1) === 1 ? bits.zeros() + 1 : 0
  const width = depth - wasted
  if (type === 0) bits.at += width
  else if (type === 1) bits.at += width * length
  else if (type >= 8 && type <= 12) {
    bits.at += (type - 8) * width
    return skipResidual(bits, length, type - 8)
  } else if (type >= 32) {
    const order = type - 31
    bits.at += order * width
    const precision = bits.bits(4) + 1
    bits.at += 5 + order * precision
    return skipResidual(bits, length, order)
  } else return false
  return true
}

/** The channel of the four ways to code two that takes one bit more: the difference of both. */
const SIDE_CHANNEL: Record<number, number> = { 8: 1, 9: 0, 10: 1 }

/** in: a frame and what follows it; out: its length with its checksum, or undefined if it is damaged or cut off */
export function frameEnd(
  b: Uint8Array,
  header: { bytes: number; channels: number; bits: number; length: number },
): number | undefined {
  const bits = new BitReader(b, header.bytes)
  const side = SIDE_CHANNEL[b[3]! >> 4]
  for (let c = 0; c < header.channels; c++)
    if (!skipSubframe(bits, header.length, header.bits + (c === side ? 1 : 0)) || bits.isPast)
      return undefined
  const end = Math.ceil(bits.at / 8) + CHECKSUM_BYTES
  return end <= b.length ? end : undefined
}
