/** FLAC frames of 65,535 equal samples, which take some bytes each. */

function crc(bytes: number[], bits: 8 | 16, polynomial: number): number {
  const top = 1 << (bits - 1)
  let value = 0
  for (const byte of bytes) {
    value ^= byte << (bits - 8)
    for (let k = 0; k < 8; k++) value = ((value << 1) ^ (value & top ? polynomial : 0)) & (2 ** bits - 1)
  }
  return value
}

/** @param numbers of the frames; by default they follow each other */
export function flacBomb(frames: number, channels: number, numbers?: number[]): Uint8Array {
  const info = new Uint8Array(34)
  const view = new DataView(info.buffer)
  view.setUint16(0, 65535)
  view.setUint16(2, 65535)
  view.setBigUint64(
    10,
    (44100n << 44n) | (BigInt(channels - 1) << 41n) | (15n << 36n) | BigInt(frames * 65535),
  )
  const out = [0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, 34, ...info]
  for (let i = 0; i < frames; i++) {
    const number = [...Buffer.from(String.fromCodePoint(numbers?.[i] ?? i))]
    const header = [0xff, 0xf8, 0x79, ((channels - 1) << 4) | (4 << 1), ...number, 0xff, 0xfe]
    header.push(crc(header, 8, 0x07))
    const frame = [...header, ...Array.from({ length: channels }, () => [0, 0, 0]).flat()]
    const check = crc(frame, 16, 0x8005)
    out.push(...frame, check >> 8, check & 0xff)
  }
  return Uint8Array.from(out)
}
