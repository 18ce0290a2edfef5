/** Finds tracks that sound alike, by the cosine similarity of their mean embeddings. */
import { z } from 'zod'
import { ArgumentError, describe, ShapeError } from '../errors.js'
import { type Matrix, matrix } from '../matrix.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import type { DatasetEmbeddings } from './embed.js'

const searchOptions = z.strictObject({ k: z.unknown().optional() })

export interface SimilarTrack {
  /** index into the tracks of the data set */
  track: number
  path: string
  /** cosine similarity, −1 to 1 */
  score: number
}

function checkK(k: unknown): asserts k is number {
  if (!Number.isInteger(k) || (k as number) < 1)
    throw new ArgumentError({
      what: 'k is not a number of tracks',
      given: describe(k),
      expected: 'an integer from 1',
      remedy: 'Pass how many neighbours are wanted',
    })
}

/**
 * The k rows of the largest cosine similarity to every query: exact, not approximate. Rows of equal similarity come
 * in their own order; a row of zeros has similarity 0.
 * @param queries [q, E]
 * @param rows [n, E]
 * @param k where it exceeds n, n
 * @returns indices and scores [q, min(k, n)], best first
 * @throws ShapeError, ArgumentError, NonFiniteError
 */
export async function nearest(
  queries: Matrix,
  rows: Matrix,
  k: number,
): Promise<{ indices: Int32Array; scores: Matrix }> {
  checkK(k)
  if (queries.cols !== rows.cols || rows.rows === 0)
    throw new ShapeError({
      what: 'queries and rows do not fit',
      given: `queries of ${queries.cols} columns, ${rows.rows} rows of ${rows.cols}`,
      expected: 'the same number of columns, at least one row',
      remedy: 'Pass embeddings of one encoder',
    })
  const found = Math.min(k, rows.rows)
  const { indices, scores } = await callNative(undefined, () =>
    native().topK(queries.data, rows.data, rows.cols, found),
  )
  return { indices, scores: matrix(scores, queries.rows, found) }
}

/**
 * The tracks most similar to a track of the data set, or to any embedding.
 * @param embedded what `embedDataset` returned
 * @param query the index of a track, which is then left out of the answer; or an embedding [E]
 * @param options.k how many, default 10; fewer where there are fewer
 * @throws ArgumentError, ConfigError, ShapeError, NonFiniteError
 */
export async function similarTracks(
  embedded: DatasetEmbeddings,
  query: number | Float32Array,
  options: { k?: number } = {},
): Promise<SimilarTrack[]> {
  const { k = 10 } = parseOptions(searchOptions, options, 'similarTracks')
  checkK(k)
  const { trackMeans, dataset } = embedded
  const self = typeof query === 'number' ? query : undefined
  if (self !== undefined && !(Number.isInteger(self) && self >= 0 && self < trackMeans.rows))
    throw new ArgumentError({
      what: 'there is no such track',
      given: describe(query),
      expected: `an index from 0 to ${trackMeans.rows - 1}`,
      remedy: 'Pass the index of a track, or an embedding',
    })
  const vector = typeof query === 'number' ? trackMeans.row(query) : query
  const { indices, scores } = await nearest(matrix(vector, 1, vector.length), trackMeans, k + 1)
  return [...indices]
    .map((track, i) => ({ track, path: dataset.tracks[track]!.path, score: scores.data[i]! }))
    .filter(({ track }) => track !== self)
    .slice(0, k)
}
