/** Numbers for what is drawn in JavaScript; what is drawn in the native part comes from its own generator. */

/**
 * mulberry32, a 32-bit generator of T. Ettinger, public domain.
 * @param seed any whole number; both halves of it count
 * @returns a function that gives the next number, uniform in [0, 1)
 */
export function uniform(seed: number): () => number {
  let state = (Math.floor(seed / 2 ** 32) ^ seed) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}
