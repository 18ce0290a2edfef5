/** NumPy's .npy files, written by npyjs. Format: numpy.lib.format, version 1.0. */
import { dump } from 'npyjs'
import { ArgumentError } from '../errors.js'

/**
 * A matrix [rows, cols] of float32 → the bytes of a file (`<f4`, C order).
 * @throws ArgumentError if data.length is not rows · cols
 */
export function npyBytes(data: Float32Array, rows: number, cols: number): Uint8Array {
  if (data.length !== rows * cols)
    throw new ArgumentError({
      what: 'the array does not have the shape that it is to be written with',
      given: `${data.length} values`,
      expected: `${rows} × ${cols}`,
      remedy: 'Pass rows and cols whose product is the length',
    })
  return new Uint8Array(dump(data, [rows, cols]))
}
