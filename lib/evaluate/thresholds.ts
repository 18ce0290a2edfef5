/** From which probability on a class counts as present. */
import { type Matrix, matrix } from '../matrix.js'
import { f1 } from './decisions.js'
import type { ClassProbability } from './types.js'

/** Where nothing is known. */
const HALF = 0.5

/**
 * The threshold of a class with the highest F1 on some tracks: one of their probabilities, and the highest of equally
 * good ones; 0.5 where no track has the class.
 */
function bestThreshold(scores: readonly number[], has: readonly boolean[]): number {
  const positives = has.filter(Boolean).length
  if (positives === 0) return HALF
  const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!)
  let [right, best, threshold] = [0, 0, HALF]
  for (const [i, track] of order.entries()) {
    right += Number(has[track])
    const next = order[i + 1]
    if (next !== undefined && scores[next] === scores[track]) continue
    const f1 = (2 * right) / (i + 1 + positives)
    if (f1 > best) [best, threshold] = [f1, scores[track]!]
  }
  return threshold
}

/** probabilities and labels of tracks [tracks, K] → K thresholds */
export function bestThresholds(probabilities: Matrix, labels: Matrix): number[] {
  return Array.from({ length: labels.cols }, (_, k) =>
    bestThreshold(
      Array.from(probabilities, (row) => row[k]!),
      Array.from(labels, (row) => row[k] === 1),
    ),
  )
}

/** Macro-averaged F1 of decisions at one threshold per class. */
export function f1At({ data, rows, cols }: Matrix, labels: Matrix, thresholds: readonly number[]): number {
  return f1(
    matrix(
      Float32Array.from(data, (p, i) => Number(p >= thresholds[i % cols]!)),
      rows,
      cols,
    ),
    labels,
  )
}

/** What of a probe decides. */
interface Decider {
  readonly task: 'multilabel' | 'multiclass'
  readonly classes: readonly string[]
  readonly thresholds: readonly number[] | undefined
}

/**
 * Which classes a file has. One class a file: the likeliest. Otherwise those at their threshold.
 * @param ranked the likeliest first
 * @param threshold one for all classes, in place of those of the probe
 */
export function decisionsOf(
  { task, classes, thresholds }: Decider,
  ranked: readonly ClassProbability[],
  threshold?: number,
): boolean[] {
  const own = (name: string) => threshold ?? thresholds?.[classes.indexOf(name)] ?? HALF
  return ranked.map(({ class: name, probability }, place) =>
    task === 'multiclass' ? place === 0 : probability >= own(name),
  )
}
