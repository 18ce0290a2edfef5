/** What an encoder is worth while it is trained: one number a measure, cheap enough for every epoch. */
import type { Dataset } from '../cache/dataset.js'
import { Matrix, matrix } from '../matrix.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { readCrops } from './crops.js'
import { readAhead } from './embed.js'
import { evaluateProbabilities } from './evaluation.js'
import { LinearProbe } from './probe.js'
import { meanOverClips } from './probe-data.js'
import { retrievalVectors } from './retrieval-vectors.js'
import type { EmbeddedTracks } from './types.js'

/** A measure of `monitor`. */
export type MonitorMeasure = 'retrieval' | 'knn' | 'probe'
export const MEASURES = ['retrieval', 'knn', 'probe'] as const satisfies readonly MonitorMeasure[]
/** The figure of each chosen measure, 0 to 1; higher is better. */
export type MonitorFigures = Partial<Record<MonitorMeasure, number>>

/** Tracks of a data set that are embedded, and clips of each. */
const TRACKS = 512
const CLIPS = 4
/** Neighbours that vote. */
const NEIGHBOURS = 10

export interface MonitorSettings {
  /** what labels are learned from, for `knn` and `probe` */
  train: Dataset
  /** what is measured */
  valid: Dataset
  measures: readonly MonitorMeasure[]
  seed: number
  signal?: AbortSignal
}

/** Up to so many numbers from 0 to n − 1, evenly spread. */
const spread = (n: number, most: number) =>
  Array.from({ length: Math.min(n, most) }, (_, i) => Math.floor((i * n) / Math.min(n, most)))

/** Up to four clips of each of up to 512 tracks, evenly spread. */
async function sample(
  encoder: TrackEncoder,
  dataset: Dataset,
  signal?: AbortSignal,
): Promise<EmbeddedTracks> {
  const { clipLength, dim } = encoder
  const chosen = spread(dataset.length, TRACKS)
  const clips: Float32Array[] = []
  const trackOf: number[] = []
  const startsOf = (samples: number) =>
    spread(Math.max(1, Math.floor(samples / clipLength)), CLIPS).map((place) => place * clipLength)
  const read = (track: number) => readCrops(dataset, track, { length: clipLength, startsOf, signal })
  let track = 0
  for await (const batch of readAhead(chosen, read, signal)) {
    for (const row of Matrix.from(await encoder.encode(batch, { signal }))) {
      clips.push(row)
      trackOf.push(track)
    }
    track++
  }
  const embeddings = Matrix.fromRows(clips)
  const { classes, task } = dataset
  const labels = Matrix.fromRows(chosen.map((track) => dataset.labels.row(track)))
  return {
    dataset: { tracks: chosen.map((track) => dataset.tracks[track]!), labels, classes, task },
    embeddings,
    trackOf: Int32Array.from(trackOf),
    trackMeans: meanOverClips(embeddings.data, Int32Array.from(trackOf), chosen.length, dim),
  }
}

/** Accuracy, or the macro-averaged ROC-AUC if a track may have several classes. */
function figureOf(probabilities: Matrix, { dataset }: EmbeddedTracks): number {
  const multilabel = dataset.task === 'multilabel'
  const labels = Matrix.from(dataset.labels)
  const figures = evaluateProbabilities(probabilities, labels, dataset.classes, multilabel)
  return multilabel ? figures.rocAuc : figures.accuracy
}

/** Every track of `valid` gets the classes of its nearest tracks of `train`, by the cosine of their means. */
async function nearestFigure(train: EmbeddedTracks, valid: EmbeddedTracks, signal?: AbortSignal) {
  const { rows, cols } = Matrix.from(train.trackMeans)
  const k = Math.min(NEIGHBOURS, rows)
  const { indices } = await callNative(signal, () =>
    native().topK(valid.trackMeans.data, train.trackMeans.data, cols, k),
  )
  const labels = Matrix.from(train.dataset.labels)
  const votes = new Float32Array(valid.trackMeans.rows * labels.cols)
  for (const [i, neighbour] of indices.entries())
    for (const [label, has] of labels.row(neighbour).entries())
      votes[Math.floor(i / k) * labels.cols + label]! += has / k
  return figureOf(matrix(votes, valid.trackMeans.rows, labels.cols), valid)
}

/** A linear probe on standardised features. It stops by the tracks that it is judged on, which flatters it a little. */
async function probeFigure(
  encoder: TrackEncoder,
  train: EmbeddedTracks,
  valid: EmbeddedTracks,
  { seed, signal }: MonitorSettings,
): Promise<number> {
  const fitted = await LinearProbe.fit({ encoder, train, validation: valid, standardise: true, seed, signal })
  using probe = fitted
  const { data, cols } = await probe.predict(valid.embeddings)
  return figureOf(meanOverClips(data, valid.trackOf, valid.dataset.tracks.length, cols), valid)
}

/** The mean reciprocal rank of a track among all, asked for by another crop of it; vectors are standardised. */
async function retrievalFigure(
  encoder: TrackEncoder,
  { valid, seed, signal }: MonitorSettings,
): Promise<number> {
  const settings = { crops: 2, seed, cache: false, signal }
  const clean = () => [{ name: 'none' }]
  const [vectors] = await retrievalVectors([encoder], valid, clean, settings)
  const { library, queries } = vectors!
  const bootstrap = { resamples: 1, seed }
  const { standardised } = await callNative(signal, (abort) =>
    native().retrieval(
      { dim: encoder.dim, conditions: 1, k: 1, bootstrap },
      library,
      queries,
      undefined,
      abort,
    ),
  )
  return standardised.conditions[0]!.mrr.value
}

/**
 * Measures an encoder on the tracks of `valid`, which it was not trained on:
 * - `retrieval`: whether a crop finds its track again, as in `evaluateRetrieval`
 * - `knn`: whether the nearest tracks of `train` have the label
 * - `probe`: what a linear probe reads from the embeddings
 * Nothing is kept in the cache: the next step has other weights.
 * @throws CacheError, NonFiniteError, the signal's reason
 */
export async function measureEncoder(
  encoder: TrackEncoder,
  settings: MonitorSettings,
): Promise<MonitorFigures> {
  const { train, valid, measures, signal } = settings
  const figures: MonitorFigures = {}
  const labelled = measures.some((measure) => measure !== 'retrieval')
  const known = labelled ? await sample(encoder, train, signal) : undefined
  const asked = labelled ? await sample(encoder, valid, signal) : undefined
  for (const measure of measures) {
    if (measure === 'retrieval') figures.retrieval = await retrievalFigure(encoder, settings)
    if (measure === 'knn') figures.knn = await nearestFigure(known!, asked!, signal)
    if (measure === 'probe') figures.probe = await probeFigure(encoder, known!, asked!, settings)
  }
  return figures
}
