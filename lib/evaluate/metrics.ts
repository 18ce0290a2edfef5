/**
 * The ranking metrics of music tagging and classification, equal to scikit-learn's (`roc_auc_score`,
 * `average_precision_score`): computed in double precision, ties included.
 */
import { binaryProblem, type Columns, type Table, type Vector } from './tables.js'

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

/** Both ranking metrics of one class, and the number of its examples. */
export interface ClassMetrics {
  /** NaN if all examples have the class, or none */
  rocAuc: number
  /** 0 if no example has the class, as in scikit-learn */
  averagePrecision: number
  /** examples that have the class */
  positives: number
}

/** Both ranking metrics of every class; the scores are sorted only once. It takes the arguments of {@link rocAuc}. */
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
 * Area under the receiver operating characteristic, macro-averaged: scikit-learn's `roc_auc_score`. Ties count half.
 * @param scores one number per example, or [n, K]: a Matrix or a list of rows
 * @param labels 0 or 1, in the shape of the scores; or, for scores [n, K], n class indices (one class against the
 *        rest)
 * @returns 0 to 1; NaN if a class has no positive or no negative example (scikit-learn: NaN and a warning).
 *        `classMetrics` shows which one; `LinearProbe.evaluate` leaves such classes out of its mean
 * @throws ShapeError, ArgumentError (labels), NonFiniteError (scores)
 */
export function rocAuc(scores: Vector | Table, labels: Vector | Table): number {
  return mean(classMetrics(scores, labels).map((c) => c.rocAuc))
}

/**
 * Average precision (PR-AUC without interpolation), macro-averaged: scikit-learn's `average_precision_score`.
 * @param scores as for {@link rocAuc}
 * @param labels as for {@link rocAuc}
 * @returns 0 to 1; a class without positive examples counts 0 (scikit-learn: 0 and a warning)
 * @throws ShapeError, ArgumentError (labels), NonFiniteError (scores)
 */
export function averagePrecision(scores: Vector | Table, labels: Vector | Table): number {
  return mean(classMetrics(scores, labels).map((c) => c.averagePrecision))
}
