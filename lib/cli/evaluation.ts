/** The linear evaluation of one encoder on one cache, with every track embedded once. */
import type { Dataset } from '../datasets/index.js'
import { DatasetError } from '../errors.js'
import { type DatasetEmbeddings, type Evaluation, LinearProbe } from '../evaluate/index.js'
import type { ProbeOptions } from '../evaluate/probe-options.js'
import { matrix } from '../matrix.js'
import type { Encoder } from '../model/index.js'

type Split = 'train' | 'valid' | 'test'
const SPLITS: readonly Split[] = ['train', 'valid', 'test']

/** The embeddings of the tracks of one split. */
export function subsetOf(all: DatasetEmbeddings<Dataset>, split: Split): DatasetEmbeddings<Dataset> {
  const chosen = all.dataset.tracks.flatMap((track, i) => (track.split === split ? [i] : []))
  const placeOf = new Map(chosen.map((track, place) => [track, place]))
  const clips = [...all.trackOf.keys()].filter((clip) => placeOf.has(all.trackOf[clip]!))
  const dim = all.embeddings.cols
  const rowsOf = (from: DatasetEmbeddings['embeddings'], rows: readonly number[]) => {
    const data = new Float32Array(rows.length * dim)
    for (const [i, row] of rows.entries()) data.set(from.row(row), i * dim)
    return matrix(data, rows.length, dim)
  }
  return {
    dataset: all.dataset.subset(split),
    embeddings: rowsOf(all.embeddings, clips),
    trackOf: Int32Array.from(clips, (clip) => placeOf.get(all.trackOf[clip]!)!),
    trackMeans: rowsOf(all.trackMeans, chosen),
  }
}

/** Refuses a cache that a probe cannot be fitted on, before an hour is spent on its embeddings. */
export function checkLabelled(dataset: Dataset): void {
  if (dataset.task === 'none')
    throw new DatasetError({
      what: 'the cache has no labels, so there is nothing to evaluate against',
      path: dataset.cache,
      remedy: 'Prepare it again with --labels folders or --labels FILE.csv',
    })
  for (const split of SPLITS)
    if (!dataset.tracks.some((track) => track.split === split))
      throw new DatasetError({
        what: `the cache has no ${split} tracks`,
        path: dataset.cache,
        given: `${dataset.length} tracks in all`,
        remedy: 'Prepare more music, or name the splits in a CSV file',
      })
}

/** Fits a probe on the train split, stops by the valid split, measures on the test split. */
export async function probe(
  encoder: Encoder,
  all: DatasetEmbeddings<Dataset>,
  settings: ProbeOptions & { signal?: AbortSignal },
): Promise<Evaluation> {
  const { signal } = settings
  const [train, validation, test] = SPLITS.map((split) => subsetOf(all, split))
  using fitted = await LinearProbe.fit({ encoder, train: train!, validation: validation!, ...settings })
  return await fitted.evaluate(test!, { signal })
}
