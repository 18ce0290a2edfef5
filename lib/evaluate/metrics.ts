/**
 * The metrics of music tagging and classification, equal to scikit-learn's (`roc_auc_score`,
 * `average_precision_score`, `accuracy_score`): computed in double precision, ties included.
 */
import { ArgumentError, describe, NonFiniteError, ShapeError } from '../errors.js'
import type { MatrixData } from '../matrix.js'

/** Numbers, one an example. Booleans count as 0 and 1. */
export type Vector = ArrayLike<number | boolean>
/** One row an example, one column a class: a Matrix, or an array of rows. */
export type Table = MatrixData | readonly Vector[]

interface Columns {
  rows: number
  cols: number
  at(row: number, col: number): number
}

function isMatrix(value: unknown): value is MatrixData {
  const m = value as MatrixData | null
  return typeof m === 'object' && m !== null && 'data' in m && 'rows' in m && 'cols' in m
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function wrongType(name: string, value: unknown): ArgumentError {
  return new ArgumentError({
    what: `${name} has the wrong type`,
    given: describe(value),
    expected: 'a list of numbers, a Matrix or a list of rows',
    remedy: 'Pass one number an example, or one row an example and one column a class',
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

function listColumns(rows: readonly Vector[], name: string): Columns {
  const cols = rows[0]!.length
  const odd = rows.findIndex((row) => !isList(row) || row.length !== cols)
  if (odd >= 0)
    throw new ShapeError({
      what: `the rows of ${name} differ in length`,
      given: isList(rows[odd]) ? `${rows[odd].length} values in row ${odd}` : describe(rows[odd]),
      expected: `${cols}`,
      remedy: 'Give every row one value a class',
    })
  return { rows: rows.length, cols, at: (row, col) => Number(rows[row]![col]) }
}

/** A vector is a table of one column. */
function columnsOf(value: Vector | Table, name: string): Columns {
  if (isMatrix(value)) return matrixColumns(value, name)
  if (!isList(value)) throw wrongType(name, value)
  if (isList(value[0])) return listColumns(value as readonly Vector[], name)
  return { rows: value.length, cols: 1, at: (row) => Number((value as Vector)[row]) }
}

function checkSameShape(scores: Columns, labels: Columns): void {
  if (scores.rows === 0 || scores.cols === 0)
    throw new ArgumentError({ what: 'there are no examples', remedy: 'Pass at least one' })
  if (scores.rows !== labels.rows || scores.cols !== labels.cols)
    throw new ShapeError({
      what: 'scores and labels do not fit',
      given: `scores of ${scores.rows} × ${scores.cols}, labels of ${labels.rows} × ${labels.cols}`,
      expected: 'the same shape, or one class index an example as labels',
      remedy: 'Pass one label for each score',
    })
}

function checkFinite(scores: Columns): void {
  for (let row = 0; row < scores.rows; row++)
    for (let col = 0; col < scores.cols; col++)
      if (!Number.isFinite(scores.at(row, col)))
        throw new NonFiniteError({
          what: 'the scores cannot be ranked',
          given: `${scores.at(row, col)} in row ${row}, column ${col}`,
          expected: 'finite numbers',
          remedy: 'Remove the example, or find out why its score is not a number',
        })
}

function checkBinary(labels: Columns): void {
  for (let row = 0; row < labels.rows; row++)
    for (let col = 0; col < labels.cols; col++) {
      const label = labels.at(row, col)
      if (label !== 0 && label !== 1)
        throw new ArgumentError({
          what: `the label in row ${row}, column ${col} is not binary`,
          given: describe(label),
          expected: '0 or 1',
          remedy: 'Pass 1 where the class is present and 0 elsewhere',
        })
    }
}

function checkClassIndices(labels: Columns, classes: number): void {
  for (let row = 0; row < labels.rows; row++) {
    const label = labels.at(row, 0)
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new ArgumentError({
        what: `the label of row ${row} is no class index`,
        given: describe(label),
        expected: `an integer from 0 to ${classes - 1}`,
        remedy: 'Number the classes as the columns of the scores',
      })
  }
}

/** Checked scores and 0/1 labels of one shape; one class index an example becomes one column a class. */
function binaryProblem(scores: Vector | Table, labels: Vector | Table): { s: Columns; y: Columns } {
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

/** Of one class: at every distinct score, in falling order, how many examples have at least that score. */
interface Cuts {
  positives: number
  negatives: number
  /** running counts of positives and negatives */
  steps: [truePositives: number, falsePositives: number][]
}

function cutsOf(s: Columns, y: Columns, col: number): Cuts {
  const values = Float64Array.from({ length: s.rows }, (_, row) => s.at(row, col))
  const order = Uint32Array.from({ length: s.rows }, (_, row) => row).sort((a, b) => values[b]! - values[a]!)
  const steps: Cuts['steps'] = []
  let positives = 0
  for (let i = 0; i < order.length; i++) {
    positives += y.at(order[i]!, col)
    if (i + 1 === order.length || values[order[i + 1]!] !== values[order[i]!])
      steps.push([positives, i + 1 - positives])
  }
  return { positives, negatives: order.length - positives, steps }
}

/** Trapezoids under the curve of true against false positives. */
function rocAucOf({ positives, negatives, steps }: Cuts): number {
  if (positives === 0 || negatives === 0) return Number.NaN
  let area = 0
  let before: [number, number] = [0, 0]
  for (const at of steps) {
    area += ((at[1] - before[1]) * (at[0] + before[0])) / 2
    before = at
  }
  return area / positives / negatives
}

/** Σ (recall step) · precision, without interpolation. */
function averagePrecisionOf({ positives, steps }: Cuts): number {
  if (positives === 0) return 0
  let sum = 0
  let before = 0
  for (const [hits, misses] of steps) {
    sum += ((hits - before) * hits) / (hits + misses)
    before = hits
  }
  return sum / positives
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** What is known of one class: both metrics, and how many examples have it. */
export interface ClassMetrics {
  /** NaN where all examples have the class, or none */
  rocAuc: number
  /** 0 where no example has the class, as scikit-learn says */
  averagePrecision: number
  /** examples that have the class */
  positives: number
}

/** Both ranking metrics of every class, sorted once. For the arguments see {@link rocAuc}. */
export function classMetrics(scores: Vector | Table, labels: Vector | Table): ClassMetrics[] {
  const { s, y } = binaryProblem(scores, labels)
  return Array.from({ length: s.cols }, (_, col) => {
    const cuts = cutsOf(s, y, col)
    return {
      rocAuc: rocAucOf(cuts),
      averagePrecision: averagePrecisionOf(cuts),
      positives: cuts.positives,
    }
  })
}

/**
 * Area under the receiver operating characteristic, macro-averaged: scikit-learn's `roc_auc_score`. Equal scores
 * count half.
 * @param scores one number an example, or [n, K]: a Matrix or a list of rows
 * @param labels 0 or 1, of the shape of the scores; for scores [n, K] also n class indices (one class against the rest)
 * @returns 0 to 1; NaN where a class has no positive or no negative example (scikit-learn: NaN and a warning).
 *          {@link classMetrics} shows which, `LinearProbe.evaluate` leaves such classes out of its mean
 * @throws ShapeError, ArgumentError (labels), NonFiniteError (scores)
 */
export function rocAuc(scores: Vector | Table, labels: Vector | Table): number {
  return mean(classMetrics(scores, labels).map((c) => c.rocAuc))
}

/**
 * Average precision (PR-AUC without interpolation), macro-averaged: scikit-learn's `average_precision_score`.
 * @param scores as {@link rocAuc}
 * @param labels as {@link rocAuc}
 * @returns 0 to 1; a class without positive examples counts 0 (scikit-learn: 0 and a warning)
 * @throws ShapeError, ArgumentError (labels), NonFiniteError (scores)
 */
export function averagePrecision(scores: Vector | Table, labels: Vector | Table): number {
  return mean(classMetrics(scores, labels).map((c) => c.averagePrecision))
}

/** The column of the largest value; the first of equal ones, as numpy.argmax. */
function argmax(table: Columns, row: number): number {
  let best = 0
  for (let col = 1; col < table.cols; col++) if (table.at(row, col) > table.at(row, best)) best = col
  return best
}

function isOneHot(table: Columns): boolean {
  for (let row = 0; row < table.rows; row++) {
    let ones = 0
    for (let col = 0; col < table.cols; col++) ones += table.at(row, col)
    if (ones !== 1) return false
  }
  return true
}

function isIndicator(table: Columns): boolean {
  for (let row = 0; row < table.rows; row++)
    for (let col = 0; col < table.cols; col++)
      if (table.at(row, col) !== 0 && table.at(row, col) !== 1) return false
  return true
}

/** The share of the rows for which `right` says true. */
function share(rows: number, right: (row: number) => boolean): number {
  let count = 0
  for (let row = 0; row < rows; row++) if (right(row)) count++
  return count / rows
}

function vectorAccuracy(predicted: ArrayLike<unknown>, labels: ArrayLike<unknown>): number {
  if (predicted.length !== labels.length || predicted.length === 0)
    throw new ShapeError({
      what: 'predictions and labels do not fit',
      given: `${predicted.length} predictions, ${labels.length} labels`,
      expected: 'as many of each, at least one',
      remedy: 'Pass one prediction and one label an example',
    })
  for (const [i, value] of Array.from(predicted).entries())
    if (typeof value === 'number' && !Number.isInteger(value))
      throw new ArgumentError({
        what: `prediction ${i} is a score, not a class`,
        given: describe(value),
        expected: 'a class index or name',
        remedy: 'Round the scores, or pass scores as [n, K] with one column a class',
      })
  const plain = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value)
  return share(predicted.length, (i) => plain(predicted[i]) === plain(labels[i]))
}

/**
 * The share of right answers: scikit-learn's `accuracy_score`.
 * @param predicted class indices or names, n of them; or scores [n, K], of which the largest of a row is the answer
 *        (the first of equal ones). For multi-label problems [n, K] of 0 and 1, or of probabilities, cut at 0.5: a row is
 *        right where all of its classes are (subset accuracy)
 * @param labels class indices or names, n of them; or [n, K] of 0 and 1
 * @throws ShapeError, ArgumentError, NonFiniteError
 */
export function accuracy(
  predicted: ArrayLike<number | boolean | string> | Table,
  labels: ArrayLike<number | boolean | string> | Table,
): number {
  const isVector = (value: unknown) => isList(value) && !isList(value[0])
  if (isVector(predicted) && isVector(labels))
    return vectorAccuracy(predicted as ArrayLike<unknown>, labels as ArrayLike<unknown>)
  const p = columnsOf(predicted as Vector | Table, 'predicted')
  const y = columnsOf(labels as Vector | Table, 'labels')
  checkFinite(p)
  if (p.cols > 1 && y.cols === 1 && p.rows === y.rows) {
    checkClassIndices(y, p.cols)
    return share(p.rows, (row) => argmax(p, row) === y.at(row, 0))
  }
  checkSameShape(p, y)
  checkBinary(y)
  if (p.cols > 1 && !isIndicator(p) && isOneHot(y))
    return share(p.rows, (row) => y.at(row, argmax(p, row)) === 1)
  const sameRow = (row: number) => {
    for (let col = 0; col < p.cols; col++) if (Number(p.at(row, col) >= 0.5) !== y.at(row, col)) return false
    return true
  }
  return share(p.rows, sameRow)
}
