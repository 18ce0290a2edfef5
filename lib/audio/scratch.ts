/**
 * Memory that is used again and again, by one piece of work after the other: what is made anew for each keeps the garbage
 * collector busy. What is taken holds old values, and is valid until the same name is asked for again.
 */
export class Scratch {
  readonly #held = new Map<string, ArrayBuffer>()

  floats(name: string, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#buffer(name, 4 * length), 0, length)
  }

  int16s(name: string, length: number): Int16Array<ArrayBuffer> {
    return new Int16Array(this.#buffer(name, 2 * length), 0, length)
  }

  bytes(name: string, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer(name, length), 0, length)
  }

  #buffer(name: string, bytes: number): ArrayBuffer {
    const held = this.#held.get(name)
    if (held && held.byteLength >= bytes) return held
    const buffer = new ArrayBuffer(bytes)
    this.#held.set(name, buffer)
    return buffer
  }
}
