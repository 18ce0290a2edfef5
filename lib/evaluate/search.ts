/** Finds tracks that sound alike, by the cosine similarity of their mean embeddings. */
import { z } from 'zod'
import { ArgumentError, describe, ShapeError } from '../errors.js'
import { Matrix, type MatrixData } from '../matrix.js'
import { checkFloats } from '../native/buffers.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions, typed } from '../options.js'
import { Result } from '../result.js'
import { checkEmbedded } from './checks.js'
import type { SimilarTracksOptions } from './option-types.js'
import type { EmbeddedTracks } from './types.js'

/** @internal Of `similarTracks`. */
export const searchOptions = z.strictObject({
  k: z
    .unknown()
    .optional()
    .describe('Number of tracks to find, 1 or more. Default: 10.')
    .meta(typed('number')),
})

/** A row that was found. */
export interface Neighbour {
  /** index of the row, or of the track in the data set */
  index: number
  /** cosine similarity, −1 to 1 */
  score: number
}

/** The nearest rows of some queries, best first: as objects, and as arrays. */
export interface Neighbours {
  /** the neighbours of each query */
  rows: Neighbour[][]
  /** [q, k], query after query */
  indices: Int32Array
  /** [q, k] */
  scores: Matrix
}

/** A track that was found. */
export interface SimilarTrack extends Neighbour {
  /** path of the track in its data set */
  path: string
}

/** The tracks most similar to a given track, best first: as objects, and as arrays. */
export interface SimilarTracks {
  /** the tracks, best first */
  rows: SimilarTrack[]
  /** indices of tracks in the data set, [k] */
  indices: Int32Array
  /** [k] */
  scores: Float32Array
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
 * The k rows with the highest cosine similarity to each query: exact, not approximate. Rows of equal similarity keep
 * their order; a row of zeros has similarity 0.
 * @param queries [q, E]
 * @param rows [n, E]
 * @param k number of rows to find for each query, 1 or more; if it exceeds n, all rows are returned
 * @returns the min(k, n) nearest rows of each query, best first
 * @throws ShapeError, ArgumentError, NonFiniteError
 */
export async function nearest(queries: MatrixData, rows: MatrixData, k: number): Promise<Neighbours> {
  checkK(k)
  const [asked, among] = [Matrix.from(queries), Matrix.from(rows)]
  if (asked.cols !== among.cols || among.rows === 0)
    throw new ShapeError({
      what: 'queries and rows do not fit',
      given: `queries of ${asked.cols} columns, ${among.rows} rows of ${among.cols}`,
      expected: 'the same number of columns, at least one row',
      remedy: 'Pass embeddings of one encoder',
    })
  const found = Math.min(k, among.rows)
  const { indices, scores } = await callNative(undefined, () =>
    native().topK(asked.data, among.data, among.cols, found),
  )
  const table = Matrix.from({ data: scores, rows: asked.rows, cols: found })
  return Result.of({
    rows: Array.from(table, (row, i) =>
      Array.from(row, (score, j) => ({ index: indices[i * found + j]!, score })),
    ),
    indices,
    scores: table,
  })
}

/**
 * The tracks most similar to a track of the data set, or to any embedding.
 * @param embedded what `embedDataset` returned
 * @param query the index of a track, which is left out of the result; or an embedding [E]
 * @param options.k number of tracks to find, default 10; if there are fewer, all of them
 * @throws ArgumentError, ConfigError, ShapeError, NonFiniteError
 */
export async function similarTracks(
  embedded: EmbeddedTracks,
  query: number | Float32Array,
  options: SimilarTracksOptions = {},
): Promise<SimilarTracks> {
  const { k = 10 } = parseOptions(searchOptions, options, 'similarTracks')
  checkK(k)
  checkEmbedded(embedded, 'similarTracks')
  const trackMeans = Matrix.from(embedded.trackMeans)
  const self = typeof query === 'number' ? query : undefined
  if (self !== undefined && !(Number.isInteger(self) && self >= 0 && self < trackMeans.rows))
    throw new ArgumentError({
      what: 'there is no such track',
      given: describe(query),
      expected: `an index from 0 to ${trackMeans.rows - 1}`,
      remedy: 'Pass the index of a track',
    })
  const vector = typeof query === 'number' ? trackMeans.row(query) : query
  checkFloats(vector, 'query')
  const { rows } = await nearest({ data: vector, rows: 1, cols: vector.length }, trackMeans, k + 1)
  const found = rows[0]!.filter(({ index }) => index !== self).slice(0, k)
  return Result.of({
    rows: found.map(({ index, score }) => ({ index, path: embedded.dataset.tracks[index]!.path, score })),
    indices: Int32Array.from(found, ({ index }) => index),
    scores: Float32Array.from(found, ({ score }) => score),
  })
}
