/** Checks of the Float32Arrays that native code reads or fills in place. */
import { isFloats } from '../arrays.js'
import { ArgumentError, describe, ShapeError } from '../errors.js'

type Buffer = ArrayBufferLike & { resizable?: boolean; growable?: boolean }

/**
 * Any Float32Array will do, views and SharedArrayBuffers included, but not one whose memory can move: resizable
 * buffers are refused.
 */
export function checkFloats(array: unknown, name: string): asserts array is Float32Array {
  if (!isFloats(array))
    throw new ArgumentError({
      what: `${name} has the wrong type`,
      given: describe(array),
      expected: 'a Float32Array',
      remedy: 'Convert it with Float32Array.from()',
    })
  const buffer = array.buffer as Buffer
  if (buffer.resizable || buffer.growable)
    throw new ArgumentError({
      what: `${name} lies in a resizable buffer`,
      given: describe(array),
      expected: 'a buffer of fixed size',
      remedy: 'Copy it with slice()',
    })
}

/** Checks that `array` is whole rows of `rowLength`. @returns their number */
export function checkRows(array: unknown, rowLength: number, name: string): number {
  checkFloats(array, name)
  if (array.length === 0 || array.length % rowLength !== 0)
    throw new ShapeError({
      what: `${name} does not hold whole rows`,
      given: `${array.length} values`,
      expected: `a multiple of ${rowLength}`,
      remedy: 'Pad it with zeros to whole rows',
    })
  return array.length / rowLength
}

/** The caller's array for the result, if there is one. */
export function checkOut(out: unknown, length: number): asserts out is Float32Array | undefined {
  if (out === undefined) return
  checkFloats(out, 'out')
  if (out.length !== length)
    throw new ShapeError({
      what: 'out has the wrong length',
      given: `${out.length} values`,
      expected: `${length}`,
      remedy: 'Leave it out: the result then has memory of its own',
    })
}
