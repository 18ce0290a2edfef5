import { isTypedArray } from './arrays.js'

/**
 * What calls return where typed arrays are in it: plain data, which `structuredClone` and `postMessage` take. JSON has
 * the typed arrays as arrays of numbers, where by itself it would write them as objects.
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
