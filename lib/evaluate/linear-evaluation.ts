/** The linear evaluation of one encoder on one data set: every track is embedded once, whatever its split. */

import type { Dataset } from '../cache/dataset.js'
import { SPLITS, type Split } from '../datasets/tracks.js'
import { DatasetError } from '../errors.js'
import { type Matrix, matrix } from '../matrix.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import type { ProbeOptions } from './option-types.js'
import { LinearProbe } from './probe.js'
import type { DatasetEmbeddings, Evaluation } from './types.js'

/** Some rows of a matrix, in the order of `rows`. */
function rowsOf(from: Matrix, rows: readonly number[]): Matrix {
  const data = new Float32Array(rows.length * from.cols)
  for (const [i, row] of rows.entries()) data.set(from.row(row), i * from.cols)
  return matrix(data, rows.length, from.cols)
}

/** The embeddings of the tracks of one split. */
export function embeddingsOf(all: DatasetEmbeddings<Dataset>, split: Split): DatasetEmbeddings<Dataset> {
  const chosen = all.dataset.tracks.flatMap((track, i) => (track.split === split ? [i] : []))
  const placeOf = new Map(chosen.map((track, place) => [track, place]))
  const clips = [...all.trackOf.keys()].filter((clip) => placeOf.has(all.trackOf[clip]!))
  return {
    dataset: all.dataset.subset(split),
    embeddings: rowsOf(all.embeddings, clips),
    trackOf: Int32Array.from(clips, (clip) => placeOf.get(all.trackOf[clip]!)!),
    trackMeans: rowsOf(all.trackMeans, chosen),
  }
}

/**
 * Checks that a probe can be fitted on a data set, before hours are spent on its embeddings.
 * @throws DatasetError where it has no labels, or where a split has no tracks
 */
export function checkLabelled(dataset: Dataset): void {
  if (dataset.task === 'none')
    throw new DatasetError({
      what: 'the cache has no labels, so there is nothing to evaluate against',
      path: dataset.cache,
      remedy: 'Prepare it again with `--labels folders|FILE.csv`',
    })
  for (const split of SPLITS)
    if (!dataset.tracks.some((track) => track.split === split))
      throw new DatasetError({
        what: `the cache has no ${split} tracks`,
        path: dataset.cache,
        given: `${dataset.length} tracks in all`,
        remedy: 'Prepare more music',
      })
}

/**
 * Fits a probe on the train split, stops it by the valid split, and measures it on the test split.
 * @param options.save where to write the probe
 * @param all what `embedDataset` made of a data set that `checkLabelled` accepts
 * @throws ConfigError, DatasetError, NonFiniteError, the signal's reason
 */
export async function linearEvaluation(
  encoder: TrackEncoder,
  all: DatasetEmbeddings<Dataset>,
  { save, ...options }: ProbeOptions & { save?: string; signal?: AbortSignal },
): Promise<Evaluation> {
  const train = embeddingsOf(all, 'train')
  const validation = embeddingsOf(all, 'valid')
  using probe = await LinearProbe.fit({ encoder, train, validation, ...options })
  if (save !== undefined) await probe.save(save)
  return await probe.evaluate(embeddingsOf(all, 'test'), { signal: options.signal })
}
