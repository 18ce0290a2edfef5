/** What metrics are given, of any form, as columns of numbers; and what is wrong with it. */
import { ArgumentError, describe, NonFiniteError, ShapeError } from '../errors.js'
import type { MatrixData } from '../matrix.js'

/** Numbers, one per example. Booleans count as 0 and 1. */
export type Vector = ArrayLike<number | boolean>
/** One row per example, one column per class: a Matrix, or an array of rows. */
export type Table = MatrixData | readonly Vector[]

export interface Columns {
  rows: number
  cols: number
  at(row: number, col: number): number
}

function isMatrix(value: unknown): value is MatrixData {
  const m = value as MatrixData | null
  return typeof m === 'object' && m !== null && 'data' in m && 'rows' in m && 'cols' in m
}

export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function wrongType(name: string, value: unknown): ArgumentError {
  return new ArgumentError({
    what: `${name} has the wrong type`,
    given: describe(value),
    expected: 'a list of numbers, a Matrix or a list of rows',
    remedy: 'Pass one row per example; with several classes, one column per class',
  })
}

function matrixColumns(m: MatrixData, name: string): Columns {
  if (m.data.length !== m.rows * m.cols)
    throw new ShapeError({
      what: `${name} does not hold rows × cols values`,
      given: `${m.data.length}`,
      expected: `${m.rows} × ${m.cols}`,
      remedy: 'Pass a whole Matrix',
    })
  return { rows: m.rows, cols: m.cols, at: (row, col) => m.data[row * m.cols + col]! }
}

/** A cell that is no number counts as NaN; an object is not asked, since its valueOf may throw. */
const numberOf = (value: unknown) =>
  typeof value === 'object' || typeof value === 'symbol' ? Number.NaN : Number(value)

function listColumns(rows: readonly Vector[], name: string): Columns {
  const cols = rows[0]!.length
  const odd = rows.findIndex((row) => !isList(row) || row.length !== cols)
  if (odd >= 0)
    throw new ShapeError({
      what: `the rows of ${name} differ in length`,
      given: isList(rows[odd]) ? `${rows[odd].length} values in row ${odd + 1}` : describe(rows[odd]),
      expected: `${cols}`,
      remedy: 'Give every row one value per class',
    })
  return { rows: rows.length, cols, at: (row, col) => numberOf(rows[row]![col]) }
}

/** A vector is a table of one column. */
export function columnsOf(value: Vector | Table, name: string): Columns {
  if (isMatrix(value)) return matrixColumns(value, name)
  if (!isList(value)) throw wrongType(name, value)
  if (isList(value[0])) return listColumns(value as readonly Vector[], name)
  return { rows: value.length, cols: 1, at: (row) => numberOf((value as Vector)[row]) }
}

export function checkSameShape(scores: Columns, labels: Columns): void {
  if (scores.rows === 0 || scores.cols === 0)
    throw new ArgumentError({ what: 'there are no examples', remedy: 'Pass at least one' })
  if (scores.rows !== labels.rows || scores.cols !== labels.cols)
    throw new ShapeError({
      what: 'scores and labels do not fit',
      given: `scores of ${scores.rows} × ${scores.cols}, labels of ${labels.rows} × ${labels.cols}`,
      expected: 'the same shape, or labels that are one class index per example',
      remedy: 'Pass one label for each score',
    })
}

export function checkFinite(scores: Columns): void {
  for (let row = 0; row < scores.rows; row++)
    for (let col = 0; col < scores.cols; col++)
      if (!Number.isFinite(scores.at(row, col)))
        throw new NonFiniteError({
          what: 'the scores cannot be ranked',
          given: `${scores.at(row, col)} in row ${row + 1}, column ${col + 1}`,
          expected: 'finite numbers',
          remedy: 'Find out why its score is not a number',
        })
}

export function checkBinary(labels: Columns): void {
  for (let row = 0; row < labels.rows; row++)
    for (let col = 0; col < labels.cols; col++) {
      const label = labels.at(row, col)
      if (label !== 0 && label !== 1)
        throw new ArgumentError({
          what: `the label in row ${row + 1}, column ${col + 1} is not binary`,
          given: describe(label),
          expected: '0 or 1',
          remedy: 'Pass 1 where the class is present and 0 elsewhere',
        })
    }
}

export function checkClassIndices(labels: Columns, classes: number): void {
  for (let row = 0; row < labels.rows; row++) {
    const label = labels.at(row, 0)
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new ArgumentError({
        what: `the label in row ${row + 1} is not a class index`,
        given: describe(label),
        expected: `an integer from 0 to ${classes - 1}`,
        remedy: 'Number the classes as the columns of the scores',
      })
  }
}

/** Checked scores and 0/1 labels of one shape; one class index per example becomes one column per class. */
export function binaryProblem(scores: Vector | Table, labels: Vector | Table): { s: Columns; y: Columns } {
  const s = columnsOf(scores, 'scores')
  const given = columnsOf(labels, 'labels')
  checkFinite(s)
  if (s.cols > 1 && given.cols === 1 && given.rows === s.rows) {
    checkClassIndices(given, s.cols)
    return { s, y: { ...s, at: (row, col) => (given.at(row, 0) === col ? 1 : 0) } }
  }
  checkSameShape(s, given)
  checkBinary(given)
  return { s, y: given }
}
