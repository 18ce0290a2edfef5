import { isTypedArray } from './arrays.js'

/**
 * A result with typed arrays. It is plain data, which `structuredClone` and `postMessage` take. `JSON.stringify`
 * would write a typed array as an object with numbered keys; `toJSON` makes it an array of numbers.
 */
export class Result {
  private constructor() {}

  static of<T extends object>(fields: T): T {
    return Object.assign(new Result(), fields)
  }

  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this).map(([name, value]) => [name, isTypedArray(value) ? Array.from(value) : value]),
    )
  }
}
