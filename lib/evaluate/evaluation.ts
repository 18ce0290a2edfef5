/** The figures of a linear evaluation, from the probabilities of tracks. */
import { type Matrix, matrix } from '../matrix.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { bootstrapOptions } from './bootstrap-options.js'
import { accuracy, confusionMatrix, f1, f1PerClass } from './decisions.js'
import { classMetrics } from './metrics.js'
import type { Bounds, Evaluation, EvaluationIntervals, EvaluationScores, WorstTrack } from './types.js'

/** Tracks that `worst` names. */
const WORST = 10

const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length

function classAccuracy(probabilities: Matrix, labels: Matrix, k: number, multilabel: boolean): number {
  let right = 0
  let counted = 0
  for (let i = 0; i < labels.rows; i++) {
    const p = probabilities.row(i)
    const has = labels.row(i)[k] === 1
    if (!multilabel && !has) continue
    counted++
    if (multilabel ? p[k]! >= 0.5 === has : p.indexOf(Math.max(...p)) === k) right++
  }
  return right / counted
}

/** Probabilities and labels of tracks [tracks, K] → the figures of the linear evaluation. */
export function evaluateProbabilities(
  probabilities: Matrix,
  labels: Matrix,
  classes: readonly string[],
  multilabel: boolean,
): Omit<Evaluation, 'clips' | 'worst' | 'intervals'> {
  const { data, rows, cols } = probabilities
  const decisions = multilabel
    ? matrix(
        data.map((p) => Number(p >= 0.5)),
        rows,
        cols,
      )
    : probabilities
  // as class indices: probabilities that are all 0 or 1 would pass for decisions
  const truth = multilabel ? labels : Array.from(labels, (row) => row.indexOf(1))
  const perClass = classMetrics(probabilities, labels).map((m, k) => ({
    class: classes[k]!,
    rocAuc: m.rocAuc,
    prAuc: Number.isNaN(m.rocAuc) ? Number.NaN : m.averagePrecision,
    accuracy: classAccuracy(probabilities, labels, k, multilabel),
    tracks: m.positives,
  }))
  const defined = perClass.filter((c) => !Number.isNaN(c.rocAuc))
  return {
    rocAuc: mean(defined.map((c) => c.rocAuc)),
    prAuc: mean(defined.map((c) => c.prAuc)),
    accuracy: accuracy(decisions, truth),
    f1: f1(decisions, truth),
    f1PerClass: f1PerClass(decisions, truth),
    perClass,
    ...(!multilabel && { confusion: confusionMatrix(probabilities, truth).counts }),
    tracks: labels.rows,
  }
}

/** The intervals of the figures that `evaluateProbabilities` gives. */
export async function intervalsOf(
  { data, cols }: Matrix,
  labels: Matrix,
  multilabel: boolean,
  signal?: AbortSignal,
): Promise<EvaluationIntervals> {
  const bootstrap = parseOptions(bootstrapOptions, {}, 'LinearProbe.evaluate')
  const spec = { classes: cols, multilabel, bootstrap }
  const figures = await callNative(signal, (abort) => native().probeFigures(spec, data, labels.data, abort))
  const bounds = (of: typeof figures.all): EvaluationScores<Bounds> => {
    const pick = (name: keyof typeof of) => ({ low: of[name].low, high: of[name].high })
    return { rocAuc: pick('rocAuc'), prAuc: pick('prAuc'), accuracy: pick('accuracy'), f1: pick('f1') }
  }
  return { ...bounds(figures.all), perClass: figures.classes.map(bounds) }
}

/** The tracks whose right answer got the least probability. */
export function worstTracks(
  probabilities: Matrix,
  labels: Matrix,
  classes: readonly string[],
  multilabel: boolean,
  tracks: readonly { readonly path: string }[],
): WorstTrack[] {
  const judged = tracks.map(({ path }, i): WorstTrack => {
    const [p, y] = [[...probabilities.row(i)], labels.row(i)]
    const right = p.map((value, k) => (y[k] === 1 ? value : 1 - value))
    const said = (value: number, k: number) => (multilabel ? value >= 0.5 : p.indexOf(Math.max(...p)) === k)
    return {
      path,
      labels: classes.filter((_, k) => y[k] === 1),
      predicted: classes.filter((_, k) => said(p[k]!, k)),
      probability: multilabel ? Math.exp(mean(right.map(Math.log))) : p[y.indexOf(1)]!,
    }
  })
  return judged.sort((a, b) => a.probability - b.probability).slice(0, WORST)
}
