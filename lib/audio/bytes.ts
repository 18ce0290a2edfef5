/** The bytes of a file, in memory or read page by page, so that a recording of ten hours takes no more than a song. */
import { readSync } from 'node:fs'
import type { Bytes } from '../formats/bytes.js'
import { damaged } from './failure.js'

const PAGE_BYTES = 1 << 20

/** An open file as `Bytes`, read synchronously: for decoding threads. */
export class FileBytes implements Bytes {
  readonly #fd: number
  #page = new Uint8Array(0)
  #pageStart = 0

  constructor(
    fd: number,
    readonly length: number,
  ) {
    this.#fd = fd
  }

  subarray(start: number, end = this.length): Uint8Array {
    const to = Math.min(end, this.length)
    const from = Math.min(start, to)
    if (from < this.#pageStart || to > this.#pageStart + this.#page.length) this.#load(from, to)
    return this.#page.subarray(from - this.#pageStart, to - this.#pageStart)
  }

  /** A new page each time: what was handed out before keeps its bytes. */
  #load(from: number, to: number): void {
    const page = new Uint8Array(Math.max(to, Math.min(from + PAGE_BYTES, this.length)) - from)
    for (let filled = 0; filled < page.length; ) {
      const read = readSync(this.#fd, page, filled, page.length - filled, from + filled)
      if (read === 0) throw damaged('the file became shorter while it was read')
      filled += read
    }
    this.#page = page
    this.#pageStart = from
  }
}

/** The bytes from `start` on. */
export function tail(bytes: Bytes, start: number): Bytes {
  if (start === 0) return bytes
  const length = bytes.length - start
  return {
    length,
    subarray: (from, to = length) => bytes.subarray(start + from, start + Math.min(to, length)),
  }
}
