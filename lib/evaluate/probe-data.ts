/** Converts embeddings of data sets to the inputs of the native probe, and its outputs back. */
import { DatasetError } from '../errors.js'
import { Matrix, matrix } from '../matrix.js'
import type { TrackLabels } from './types.js'

/** @throws DatasetError if there is nothing to learn */
export function checkTask(train: TrackLabels): 'multilabel' | 'multiclass' {
  if (train.task === 'none')
    throw new DatasetError({
      what: 'the data set has no labels',
      remedy: 'Prepare it with `--labels folders|FILE.csv`',
    })
  if (train.task === 'multilabel') {
    if (train.classes.length > 0) return 'multilabel'
    throw new DatasetError({ what: 'the data set has no classes', remedy: 'Prepare it with labels' })
  }
  const { rows, cols, data } = train.labels
  const present = train.classes.filter((_, k) => data.some((v, i) => v === 1 && i % cols === k))
  if (rows > 0 && present.length < 2)
    throw new DatasetError({
      what: 'the training tracks are all of one class',
      given: `${present.length} of ${train.classes.length} classes`,
      expected: 'at least two',
      remedy: 'Prepare tracks of more classes',
    })
  return 'multiclass'
}

/** @throws DatasetError if another data set has other classes, or has them in another order */
export function checkSameClasses(
  expected: { classes: readonly string[]; task: string },
  other: TrackLabels,
  name: string,
): void {
  const same = other.task === expected.task && other.classes.length === expected.classes.length
  if (same && other.classes.every((name, i) => name === expected.classes[i])) return
  throw new DatasetError({
    what: `the ${name} data set has other classes than the training set`,
    given: `${other.classes.length} classes (${other.task}): ${other.classes.slice(0, 5).join(', ')} …`,
    expected: `${expected.classes.length} classes (${expected.task}): ${expected.classes.slice(0, 5).join(', ')} …`,
    remedy: 'Use subsets of one prepared data set',
  })
}

/** [n, K]: every example has the labels of its track */
export function labelsOfExamples(trackOf: Int32Array, { labels: given }: TrackLabels): Float32Array {
  const labels = Matrix.from(given)
  const y = new Float32Array(trackOf.length * labels.cols)
  for (const [example, track] of trackOf.entries()) y.set(labels.row(track), example * labels.cols)
  return y
}

/** Rows [clips, K] → their mean over the clips of each track [tracks, K] */
export function meanOverClips(
  clips: Float32Array,
  trackOf: Int32Array,
  tracks: number,
  cols: number,
): Matrix {
  const sums = new Float64Array(tracks * cols)
  const counts = new Float64Array(tracks)
  for (const [clip, track] of trackOf.entries()) {
    counts[track]!++
    for (let k = 0; k < cols; k++) sums[track * cols + k]! += clips[clip * cols + k]!
  }
  return matrix(
    Float32Array.from(sums, (sum, i) => sum / counts[Math.floor(i / cols)]!),
    tracks,
    cols,
  )
}
