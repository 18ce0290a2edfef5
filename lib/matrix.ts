/** A row-major matrix of 32-bit floats; rows are views on `data`, not copies. */
export interface Matrix {
  readonly data: Float32Array
  readonly rows: number
  readonly cols: number
  row(i: number): Float32Array
}

/** Wraps `data` of rows × cols values. */
export function matrix(data: Float32Array, rows: number, cols: number): Matrix {
  return {
    data,
    rows,
    cols,
    row(i) {
      if (!Number.isInteger(i) || i < 0 || i >= rows)
        throw new RangeError(`expected a row from 0 to ${rows - 1} but received ${i}`)
      return data.subarray(i * cols, (i + 1) * cols)
    },
  }
}
