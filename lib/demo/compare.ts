/** What the demo compares: its encoder and three baselines, asked the same questions on the same tracks. */
import type { Dataset } from '../cache/index.js'
import {
  type DatasetEmbeddings,
  type Evaluation,
  embedDataset,
  type LabelledTracks,
  type Retrieval,
  similarTracks,
} from '../evaluate/index.js'
import { linearEvaluation } from '../evaluate/linear-evaluation.js'
import { evaluateRetrievals } from '../evaluate/retrieval.js'
import { Matrix } from '../matrix.js'
import type { TrackEncoder } from '../model/track-encoder.js'

/** Crops of a track: one is the library, the others ask. More do not fit side by side into eleven seconds. */
const CROPS = 3

export interface DemoMeasure {
  /** among the tracks that were not trained on */
  retrieval: Retrieval
  evaluation: Evaluation
  /** the same with features of mean 0 and deviation 1, so that the scale of the embeddings does not matter */
  standardised: Evaluation
  /** share of tracks whose nearest neighbour is of their class */
  sameClass: number
}

interface Asked {
  seed: number
  signal?: AbortSignal
  onProgress: (progress: { done: number; total: number }) => void
}

/** The tracks of the valid and the test split. */
function unseen(dataset: Dataset): LabelledTracks {
  const { tracks, labels, classes, task } = dataset
  const chosen = [...tracks.keys()].filter((i) => tracks[i]!.split !== 'train')
  return {
    tracks: chosen.map((i) => tracks[i]!),
    labels: Matrix.fromRows(chosen.map((i) => labels.row(i))),
    classes,
    task,
    readTrack: (i, options) => dataset.readTrack(chosen[i]!, options),
  }
}

/** The share of tracks whose nearest neighbour is of their class. */
async function sameClassShare(embeddings: DatasetEmbeddings<Dataset>): Promise<number> {
  const { tracks } = embeddings.dataset
  let same = 0
  for (const [i, track] of tracks.entries()) {
    const [nearest] = (await similarTracks(embeddings, i, { k: 1 })).rows
    if (nearest && tracks[nearest.index]!.labels[0] === track.labels[0]) same++
  }
  return same / tracks.length
}

/**
 * Retrieval of all encoders together: they hear the same crops.
 * @throws CacheError, NonFiniteError, the signal's reason
 */
export function compareRetrievals(
  encoders: readonly TrackEncoder[],
  dataset: Dataset,
  asked: Asked,
): Promise<Retrieval[]> {
  const queried = unseen(dataset)
  asked.onProgress({ done: 0, total: queried.tracks.length })
  return evaluateRetrievals(encoders, queried, { crops: CROPS, ...asked })
}

/** The rest, of one encoder. @throws CacheError, NonFiniteError, the signal's reason */
export async function evaluateEncoder(
  encoder: TrackEncoder,
  dataset: Dataset,
  { seed, signal, onProgress }: Asked,
): Promise<Omit<DemoMeasure, 'retrieval'> & { embeddings: DatasetEmbeddings<Dataset> }> {
  const embeddings = await embedDataset(encoder, dataset, { signal, onProgress })
  return {
    embeddings,
    evaluation: await linearEvaluation(encoder, embeddings, { seed, signal }),
    standardised: await linearEvaluation(encoder, embeddings, { seed, signal, standardise: true }),
    sameClass: await sameClassShare(embeddings),
  }
}
