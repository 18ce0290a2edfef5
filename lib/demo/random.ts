/** A small generator for the synthesiser (sfc32, Doty-Humphrey): a track's sound follows from its seed and its name. */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number, name: string) {
    let hash = 0x811c9dc5 // FNV-1a
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    this.a = seed | 0
    this.b = hash
    this.c = Math.floor(seed / 2 ** 32) ^ 0x9e3779b9
    for (let i = 0; i < 16; i++) this.next()
  }

  /** [0, 1) */
  next(): number {
    const t = (((this.a + this.b) | 0) + this.counter++) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0
    return (t >>> 0) / 4294967296
  }

  /** [low, high) */
  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  /** Evenly on a logarithmic scale: for frequencies and times. */
  logBetween(low: number, high: number): number {
    return low * (high / low) ** this.next()
  }

  /** low … high, both possible */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(p: number): boolean {
    return this.next() < p
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)]!
  }
}
