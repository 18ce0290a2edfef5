/** The linear evaluation of one encoder on one data set: every track is embedded once, whatever its split. */

import type { Dataset } from '../cache/dataset.js'
import { SPLITS, type Split } from '../datasets/tracks.js'
import { DatasetError } from '../errors.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { tracksOf } from './examples.js'
import type { ProbeOptions } from './option-types.js'
import { LinearProbe } from './probe.js'
import type { DatasetEmbeddings, Evaluation } from './types.js'

/** The embeddings of the tracks of one split. */
export function embeddingsOf(all: DatasetEmbeddings<Dataset>, split: Split): DatasetEmbeddings<Dataset> {
  const chosen = all.dataset.tracks.flatMap((track, i) => (track.split === split ? [i] : []))
  return tracksOf(all, chosen, all.dataset.subset(split))
}

/**
 * Checks that a probe can be fitted on a data set, before hours are spent on its embeddings.
 * @throws DatasetError if it has no labels, or where a split has no tracks
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
 * Fits a probe on the train split, and stops it by the valid split.
 * @param all what `embedDataset` made of a data set that `checkLabelled` accepts
 * @throws ConfigError, DatasetError, NonFiniteError, the signal's reason
 */
export function probeOfSplits(
  encoder: TrackEncoder,
  all: DatasetEmbeddings<Dataset>,
  options: ProbeOptions & { signal?: AbortSignal },
): Promise<LinearProbe> {
  const train = embeddingsOf(all, 'train')
  const validation = embeddingsOf(all, 'valid')
  return LinearProbe.fit({ encoder, train, validation, ...options })
}

/**
 * The same, measured on the test split.
 * @param options.save where to write the probe
 * @throws as probeOfSplits, IoError
 */
export async function linearEvaluation(
  encoder: TrackEncoder,
  all: DatasetEmbeddings<Dataset>,
  { save, ...options }: ProbeOptions & { save?: string; signal?: AbortSignal },
): Promise<Evaluation> {
  using probe = await probeOfSplits(encoder, all, options)
  if (save !== undefined) await probe.save(save)
  return await probe.evaluate(embeddingsOf(all, 'test'), { signal: options.signal })
}

/** A figure over several probes: its mean, the lowest, the highest. */
export interface Spread {
  mean: number
  lowest: number
  highest: number
}

/** What several probes reach with some of the labels. */
export interface RepeatedEvaluation {
  /** share of the training tracks whose labels were used */
  labelFraction: number
  seeds: number[]
  rocAuc: Spread
  prAuc: Spread
  accuracy: Spread
  f1: Spread
}

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, lowest: Math.min(...values), highest: Math.max(...values) }
}

/**
 * Probes with several seeds, which draw initial weights, order and, for a part of the labels, the tracks.
 * @throws as linearEvaluation
 */
async function repeatedEvaluation(
  encoder: TrackEncoder,
  all: DatasetEmbeddings<Dataset>,
  options: ProbeOptions & { signal?: AbortSignal },
  seeds: readonly number[],
): Promise<RepeatedEvaluation> {
  const found: Evaluation[] = []
  for (const seed of seeds) found.push(await linearEvaluation(encoder, all, { ...options, seed }))
  return {
    labelFraction: options.labelFraction ?? 1,
    seeds: [...seeds],
    rocAuc: spreadOf(found.map(({ rocAuc }) => rocAuc)),
    prAuc: spreadOf(found.map(({ prAuc }) => prAuc)),
    accuracy: spreadOf(found.map(({ accuracy }) => accuracy)),
    f1: spreadOf(found.map(({ f1 }) => f1)),
  }
}

/** Probes on a part of the labels, each on another one, where nobody says how many. */
const DRAWS = 3

/**
 * Probes with parts of the labels; their seeds are `seed`, `seed` + 1 and so on.
 * @param fractions of the training tracks
 * @param draws probes for each fraction; by default 3, and 1 for all tracks
 * @throws as linearEvaluation
 */
export async function evaluateFractions(
  encoder: TrackEncoder,
  all: DatasetEmbeddings<Dataset>,
  options: ProbeOptions & { seed: number; signal?: AbortSignal },
  fractions: readonly number[],
  draws?: number,
): Promise<RepeatedEvaluation[]> {
  const repeated: RepeatedEvaluation[] = []
  for (const labelFraction of fractions) {
    const count = draws ?? (labelFraction === 1 ? 1 : DRAWS)
    const seeds = Array.from({ length: count }, (_, i) => options.seed + i)
    repeated.push(await repeatedEvaluation(encoder, all, { ...options, labelFraction }, seeds))
  }
  return repeated
}
