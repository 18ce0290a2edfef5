/**
 * The metrics of decisions, equal to scikit-learn's (`accuracy_score`, `f1_score`, `confusion_matrix`).
 */
import { ArgumentError, describe, ShapeError } from '../errors.js'
import {
  type Columns,
  checkBinary,
  checkClassIndices,
  checkFinite,
  checkSameShape,
  columnsOf,
  isList,
  type Table,
  type Vector,
} from './tables.js'

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

/** A class in predictions and labels: an index, a boolean or a name. */
export type Answer = number | boolean | string
const plain = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value) as number | string

/** @throws ShapeError, ArgumentError for scores in the place of classes */
function checkVectors(predicted: ArrayLike<unknown>, labels: ArrayLike<unknown>): void {
  if (predicted.length !== labels.length || predicted.length === 0)
    throw new ShapeError({
      what: 'predictions and labels do not fit',
      given: `${predicted.length} predictions, ${labels.length} labels`,
      expected: 'equal numbers of both, at least one of each',
      remedy: 'Pass one prediction and one label per example',
    })
  for (const [i, value] of Array.from(predicted).entries())
    if (typeof value === 'number' && !Number.isInteger(value))
      throw new ArgumentError({
        what: `prediction ${i + 1} is a score, not a class`,
        given: describe(value),
        expected: 'a class index or name',
        remedy: 'Pass scores as [n, K], with one column per class',
      })
}

function vectorAccuracy(predicted: ArrayLike<unknown>, labels: ArrayLike<unknown>): number {
  checkVectors(predicted, labels)
  return share(predicted.length, (i) => plain(predicted[i]) === plain(labels[i]))
}

const isVector = (value: unknown): value is ArrayLike<unknown> =>
  isList(value) && !isList((value as ArrayLike<unknown>)[0])

/**
 * The share of right answers: scikit-learn's `accuracy_score`.
 * @param predicted n class indices or names; or scores [n, K], of which the largest in each row is the answer (the
 *        first, if several are equal). For multi-label problems, [n, K] decisions (0 or 1) or probabilities (0.5 and
 *        above count as 1); a row is right if all its classes are (subset accuracy)
 * @param labels n class indices or names; or [n, K] of 0 and 1
 * @throws ShapeError, ArgumentError, NonFiniteError
 */
export function accuracy(predicted: ArrayLike<Answer> | Table, labels: ArrayLike<Answer> | Table): number {
  if (isVector(predicted) && isVector(labels)) return vectorAccuracy(predicted, labels)
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

/** Answers and labels as class indices, where each example has one class. */
interface Classified {
  classes: (number | string)[]
  predicted: number[]
  labels: number[]
}

function classifiedVectors(predicted: ArrayLike<unknown>, labels: ArrayLike<unknown>): Classified {
  checkVectors(predicted, labels)
  const [answers, truth] = [Array.from(predicted, plain), Array.from(labels, plain)]
  const classes = [...new Set([...truth, ...answers])].sort((a, b) => (a < b ? -1 : Number(a > b)))
  const place = new Map(classes.map((name, i) => [name, i]))
  const indices = (values: (number | string)[]) => values.map((value) => place.get(value)!)
  return { classes, predicted: indices(answers), labels: indices(truth) }
}

/** @returns undefined for a multi-label problem */
function classified(
  predicted: ArrayLike<Answer> | Table,
  labels: ArrayLike<Answer> | Table,
): Classified | undefined {
  if (isVector(predicted) && isVector(labels)) return classifiedVectors(predicted, labels)
  const p = columnsOf(predicted as Vector | Table, 'predicted')
  const y = columnsOf(labels as Vector | Table, 'labels')
  checkFinite(p)
  const rows = Array.from({ length: p.rows }, (_, row) => row)
  const classes = Array.from({ length: p.cols }, (_, k) => k)
  const answers = () => rows.map((row) => argmax(p, row))
  if (p.cols > 1 && y.cols === 1 && p.rows === y.rows) {
    checkClassIndices(y, p.cols)
    return { classes, predicted: answers(), labels: rows.map((row) => y.at(row, 0)) }
  }
  checkSameShape(p, y)
  checkBinary(y)
  if (p.cols === 1 || isIndicator(p) || !isOneHot(y)) return undefined
  return { classes, predicted: answers(), labels: rows.map((row) => argmax(y, row)) }
}

function countsOf({ classes, predicted, labels }: Classified): number[][] {
  const counts = classes.map(() => classes.map(() => 0))
  for (const [i, label] of labels.entries()) counts[label]![predicted[i]!]!++
  return counts
}

/** How often examples of one class were predicted to be of another. */
export interface Confusion {
  /** classes of the rows and of the columns */
  classes: (number | string)[]
  /** counts[i][j]: number of examples of class i that were predicted to be of class j */
  counts: number[][]
}

/**
 * Counts which classes are mistaken for which: scikit-learn's `confusion_matrix`.
 * @param predicted n class indices or names; or scores [n, K], of which the largest in each row is the answer
 * @param labels n class indices or names; or [n, K] of 0 and 1 with a single 1 in each row
 * @returns counts for the classes that occur, sorted; for scores, for all K classes
 * @throws ShapeError, ArgumentError (also if an example has several classes), NonFiniteError
 */
export function confusionMatrix(
  predicted: ArrayLike<Answer> | Table,
  labels: ArrayLike<Answer> | Table,
): Confusion {
  const problem = classified(predicted, labels)
  if (problem) return { classes: problem.classes, counts: countsOf(problem) }
  throw new ArgumentError({
    what: 'there is no confusion where an example may have several classes',
    expected: 'one class per example',
    remedy: 'Look at the F1 of every class instead',
  })
}

/** 2 · right / (said + there); NaN if a class was neither. */
const f1Of = (right: number, said: number, there: number) => (2 * right) / (said + there)

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * F1 of every class, in the order of the columns (of vectors: of the sorted classes). For the arguments see {@link f1}.
 * NaN of a class that neither occurs nor was said.
 */
export function f1PerClass(
  predicted: ArrayLike<Answer> | Table,
  labels: ArrayLike<Answer> | Table,
): number[] {
  const problem = classified(predicted, labels)
  if (problem) {
    const counts = countsOf(problem)
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
    return counts.map((row, k) => f1Of(row[k]!, sum(counts.map((of) => of[k]!)), sum(row)))
  }
  const p = columnsOf(predicted as Table, 'predicted')
  const y = columnsOf(labels as Table, 'labels')
  return Array.from({ length: p.cols }, (_, k) => {
    let [right, said, there] = [0, 0, 0]
    for (let row = 0; row < p.rows; row++) {
      const [answer, label] = [Number(p.at(row, k) >= 0.5), y.at(row, k)]
      right += answer * label
      said += answer
      there += label
    }
    return f1Of(right, said, there)
  })
}

/**
 * The harmonic mean of precision and recall: scikit-learn's `f1_score`. For the classes 0 and 1, it is the F1 of
 * class 1; for other classes, the mean over those that occur or are predicted; for multi-label problems, the mean
 * over all classes.
 * @param predicted as for {@link accuracy}: class indices or names, scores, or decisions
 * @param labels as for {@link accuracy}
 * @returns 0 to 1; in multi-label problems, a class that neither occurs nor is predicted counts as 0
 * @throws ShapeError, ArgumentError, NonFiniteError
 */
export function f1(predicted: ArrayLike<Answer> | Table, labels: ArrayLike<Answer> | Table): number {
  const problem = classified(predicted, labels)
  const ofClasses = f1PerClass(predicted, labels)
  if (!problem) return meanOf(ofClasses.map((value) => (Number.isNaN(value) ? 0 : value)))
  if (isVector(predicted) && problem.classes.every((name) => name === 0 || name === 1)) {
    const one = problem.classes.indexOf(1)
    return one < 0 ? 0 : ofClasses[one]!
  }
  return meanOf(ofClasses.filter((value) => !Number.isNaN(value)))
}
