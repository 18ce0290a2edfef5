/** Converts embeddings of data sets to the inputs of the native probe, and its outputs back. */
import { DatasetError } from '../errors.js'
import { Matrix, type MatrixData, matrix } from '../matrix.js'
import type { NamedTensor, StateDict } from '../native/binding.js'
import type { EmbeddedTracks, TrackLabels } from './types.js'

/** @throws DatasetError where there is nothing to learn */
export function checkTask(train: TrackLabels): 'multilabel' | 'multiclass' {
  if (train.task === 'none')
    throw new DatasetError({
      what: 'the data set has no labels',
      remedy: 'Prepare it with `--labels folders`, or with a CSV file of labels',
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
      remedy: 'Prepare tracks of more classes, or another split',
    })
  return 'multiclass'
}

/** @throws DatasetError where another data set has other classes, or has them in another order */
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

/** [clips, K]: every clip has the labels of its track */
export function clipLabels({ dataset, trackOf }: EmbeddedTracks): Float32Array {
  const labels = Matrix.from(dataset.labels)
  const y = new Float32Array(trackOf.length * labels.cols)
  for (const [clip, track] of trackOf.entries()) y.set(labels.row(track), clip * labels.cols)
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

/** Mean and deviation of every column; the deviation of a constant column counts as 1. */
export interface Scaling {
  mean: Float64Array
  deviation: Float64Array
}

export function scalingOf({ data, rows, cols }: MatrixData): Scaling {
  const mean = new Float64Array(cols)
  const square = new Float64Array(cols)
  for (let i = 0; i < data.length; i++) mean[i % cols]! += data[i]! / rows
  for (let i = 0; i < data.length; i++) square[i % cols]! += (data[i]! - mean[i % cols]!) ** 2 / rows
  return { mean, deviation: square.map((v) => Math.sqrt(v) || 1) }
}

export function standardized({ data, cols }: MatrixData, { mean, deviation }: Scaling): Float32Array {
  return data.map((value, i) => (value - mean[i % cols]!) / deviation[i % cols]!)
}

/** W·(x − μ)/σ + b = (W/σ)·x + (b − (W/σ)·μ): the first layer on raw features. */
export function foldScaling(state: StateDict, { mean, deviation }: Scaling): StateDict {
  const weight = state['0.weight']!
  const [out, cols] = weight.shape as [number, number]
  const folded: NamedTensor = {
    shape: weight.shape,
    data: weight.data.map((w, i) => w / deviation[i % cols]!),
  }
  const bias = Float32Array.from({ length: out }, (_, row) => {
    let value = state['0.bias']!.data[row]!
    for (let c = 0; c < cols; c++) value -= (weight.data[row * cols + c]! / deviation[c]!) * mean[c]!
    return value
  })
  return { ...state, '0.weight': folded, '0.bias': { shape: [out], data: bias } }
}
