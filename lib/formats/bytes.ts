/** What the readers of a file format need of a `Uint8Array`: it may be in memory or read from disk as it is asked for. */
export interface Bytes {
  readonly length: number
  /** as `Uint8Array.subarray`; the result stays valid */
  subarray(start: number, end?: number): Uint8Array
}

/** A view on some bytes, for numbers in them. */
export function viewOf(bytes: Bytes, start: number, end?: number): DataView {
  const part = bytes.subarray(start, end)
  return new DataView(part.buffer, part.byteOffset, part.byteLength)
}

/** Up to `length` bytes from `at` on, as Latin-1 text. */
export function textAt(bytes: Bytes, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}
