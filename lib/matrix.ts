import { ArgumentError, describe, ShapeError } from './errors.js'

/** A row-major matrix of 32-bit floats; rows are views on `data`, not copies. */
export interface Matrix {
  readonly data: Float32Array
  readonly rows: number
  readonly cols: number
  /** @throws ArgumentError for a row that is not there */
  row(i: number): Float32Array
}

const isCount = (n: unknown) => Number.isInteger(n) && (n as number) >= 0

/**
 * Wraps `data` of rows × cols values.
 * @throws ShapeError where it holds more or fewer
 */
export function matrix(data: Float32Array, rows: number, cols: number): Matrix {
  if (!isCount(rows) || !isCount(cols) || data.length !== rows * cols)
    throw new ShapeError({
      what: 'the data of a matrix does not fit its rows and columns',
      given: `${data.length} values, ${describe(rows)} rows, ${describe(cols)} columns`,
      expected: 'rows × columns values',
      remedy: 'Pass the rows and columns that the data has',
    })
  return {
    data,
    rows,
    cols,
    row(i) {
      if (!isCount(i) || i >= rows)
        throw new ArgumentError({
          what: 'the matrix has no such row',
          given: describe(i),
          expected: rows === 0 ? 'none: it is empty' : `0 to ${rows - 1}`,
          remedy: 'Pass the index of a row',
        })
      return data.subarray(i * cols, (i + 1) * cols)
    },
  }
}
