import { MADE_HERE, refuseNew } from './arguments.js'
import { isFloats, isTypedArray } from './arrays.js'
import { ArgumentError, describe, ShapeError } from './errors.js'

/**
 * The numbers of a matrix without its class, as `structuredClone` and `postMessage` leave them. Every call that takes
 * a `Matrix` takes these too.
 */
export interface MatrixData {
  /** rows · cols numbers, row after row */
  readonly data: Float32Array
  /** number of rows */
  readonly rows: number
  /** number of columns */
  readonly cols: number
}

const isCount = (n: unknown) => Number.isInteger(n) && (n as number) >= 0

function checkData({ data, rows, cols }: MatrixData): void {
  if (!isFloats(data))
    throw new ArgumentError({
      what: 'the data of a matrix has the wrong type',
      given: describe(data),
      expected: 'a Float32Array',
      remedy: 'Convert it with Float32Array.from()',
    })
  if (isCount(rows) && isCount(cols) && data.length === rows * cols) return
  throw new ShapeError({
    what: 'the data of a matrix does not fit its rows and columns',
    given: `${data.length} values, ${describe(rows)} rows, ${describe(cols)} columns`,
    expected: 'rows × columns values',
    remedy: 'Pass the rows and columns that the data has',
  })
}

/** @throws ShapeError if the row, the `number`-th, is not a list of `cols` numbers */
function checkRow(row: unknown, number: number, cols: number): void {
  if ((Array.isArray(row) || isTypedArray(row)) && (row as ArrayLike<unknown>).length === cols) return
  throw new ShapeError({
    what: 'the rows of a matrix differ in length',
    given: `row ${number} is ${describe(row)}`,
    expected: `${cols} numbers, as many as the first row`,
    remedy: 'Pass rows of numbers, all of one length',
  })
}

/**
 * A row-major matrix of 32-bit floats, such as embeddings [n, 512]. Iterating over it gives its rows.
 *
 * `structuredClone` and `postMessage` keep its numbers but lose the class; `Matrix.from` restores it.
 */
export class Matrix implements MatrixData, Iterable<Float32Array> {
  /** rows · cols numbers, row after row */
  readonly data: Float32Array
  /** number of rows */
  readonly rows: number
  /** number of columns */
  readonly cols: number

  private constructor(token: typeof MADE_HERE, numbers: MatrixData) {
    refuseNew(token, 'Matrix', 'Matrix.from() or Matrix.fromRows()')
    const { data, rows, cols } = numbers
    this.data = data
    this.rows = rows
    this.cols = cols
  }

  /**
   * A matrix that uses `data` without copying it.
   * @throws ShapeError if `data` does not hold rows · cols values; ArgumentError if it is not a Float32Array
   */
  static from(numbers: MatrixData): Matrix {
    if (numbers instanceof Matrix) return numbers
    if (typeof numbers !== 'object' || numbers === null)
      throw new ArgumentError({
        what: 'this is not a matrix',
        given: describe(numbers),
        expected: 'a Matrix, or { data, rows, cols }',
        remedy: 'Make a matrix with Matrix.fromRows()',
      })
    checkData(numbers)
    return new Matrix(MADE_HERE, numbers)
  }

  /**
   * A new matrix, into which the rows are copied.
   * @throws ShapeError if they differ in length
   */
  static fromRows(rows: Iterable<ArrayLike<number>>): Matrix {
    if (typeof rows !== 'object' || typeof rows?.[Symbol.iterator] !== 'function' || isTypedArray(rows))
      throw new ArgumentError({
        what: 'these are not rows',
        given: describe(rows),
        expected: 'an array of Float32Arrays, or another iterable of rows',
        remedy: 'Pass an array of the rows',
      })
    const list = [...rows]
    const cols = list[0]?.length ?? 0
    const data = new Float32Array(list.length * cols)
    for (const [i, row] of list.entries()) {
      checkRow(row, i + 1, cols)
      if (cols > 0) data.set(row, i * cols) // a detached row has no length, and cannot be read
    }
    return new Matrix(MADE_HERE, { data, rows: list.length, cols })
  }

  /**
   * Row `i`, as a view of `data`. Copy it with `slice()` before you post it to a worker: posting a view sends the
   * whole matrix.
   * @throws ArgumentError for a row that is not there
   */
  row(i: number): Float32Array {
    if (isCount(i) && i < this.rows) return this.data.subarray(i * this.cols, (i + 1) * this.cols)
    throw new ArgumentError({
      what: 'the matrix has no such row',
      given: describe(i),
      expected: this.rows === 0 ? 'none: it is empty' : `0 to ${this.rows - 1}`,
      remedy: 'Pass the index of a row',
    })
  }

  /** Its rows, as views of `data`. */
  *[Symbol.iterator](): Generator<Float32Array, void, void> {
    for (let i = 0; i < this.rows; i++) yield this.row(i)
  }

  /** Its rows as arrays of numbers. */
  toJSON(): number[][] {
    return Array.from(this, (row) => Array.from(row))
  }
}

/** @internal `Matrix.from`, shorter. */
export function matrix(data: Float32Array, rows: number, cols: number): Matrix {
  return Matrix.from({ data, rows, cols })
}
