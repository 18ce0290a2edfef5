/** Retrieval: how often a crop of a track finds the track again, which needs no labels. */
import { z } from 'zod'
import { Augmenter } from '../augment/augmenter.js'
import type { Dataset } from '../cache/dataset.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { callNative } from '../native/call.js'
import type { Interval, RetrievalFigures as NativeFigures, RankFigures } from '../native/figures.js'
import { native } from '../native/load.js'
import { callbackOption, instanceOption, parseOptions, seedOption, signalOption } from '../options.js'
import { bootstrapOptions } from './bootstrap-options.js'
import { checkTrackEncoder, checkTracks } from './checks.js'
import { checkAnyTracks } from './embed.js'
import type { RetrievalOptions } from './option-types.js'
import { conditionsOf } from './retrieval-conditions.js'
import { type RetrievalVectors, retrievalVectors } from './retrieval-vectors.js'
import { seenTracks } from './trained-on.js'
import type { EmbedProgress, LabelledTracks, Retrieval, RetrievalFigures, RetrievalMeasure } from './types.js'
import { cacheOption } from './vector-store.js'

/** @internal Of `evaluateRetrieval`. */
export const retrievalOptions = z.strictObject({
  crops: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(2)
    .describe('Crops per track: the first one goes into the library, the others are queries.'),
  k: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(10)
    .describe('Number of nearest crops that count for topK and precisionAtK.'),
  augmenter: instanceOption(Augmenter, 'an Augmenter')
    .optional()
    .describe('Augmenter whose transforms alter the queries. Default: the published chain.'),
  seed: seedOption('Seed of the crops, their alterations and the intervals.'),
  cache: cacheOption,
  signal: signalOption,
  onProgress: callbackOption<EmbedProgress>(
    '(progress: EmbedProgress) => void',
    'Called after every 32 tracks.',
  ),
})

type Settings = z.output<typeof retrievalOptions> & { augmenter: Augmenter }

/** @internal */
export const labelsOf = ({ task, labels }: LabelledTracks) =>
  task !== 'none' && labels.cols > 0 ? labels.data : undefined

function scoresOf<T>(figures: RankFigures, pick: (interval: Interval) => T) {
  const { top1, topK, mrr } = figures
  return { top1: pick(top1), topK: pick(topK), mrr: pick(mrr) }
}

function figuresOf<T>(
  { conditions, labels }: NativeFigures,
  names: readonly string[],
  pick: (interval: Interval) => T,
): RetrievalFigures<T> {
  return {
    ...scoresOf(conditions[0]!, pick),
    medianRank: pick(conditions[0]!.medianRank),
    byTransform: Object.fromEntries(names.map((name, i) => [name, scoresOf(conditions[i]!, pick)])),
    ...(labels && { labels: { map: pick(labels.map), precisionAtK: pick(labels.precisionAtK) } }),
  }
}

/** @internal */
export function measureOf(figures: NativeFigures, names: readonly string[]): RetrievalMeasure {
  return {
    ...figuresOf(figures, names, ({ value }) => value),
    intervals: figuresOf(figures, names, ({ low, high }) => ({ low, high })),
  }
}

/**
 * Measures how well a track is found again by a crop of it. One crop of each track goes into the library; the other
 * crops of the track are queries, clean and altered. The crops of a track are seeded and come from different parts of
 * it. The library is ranked by cosine similarity; in a tie, the right track ranks last. The figures of altered
 * queries show how much an alteration disturbs the encoder.
 *
 * Vectors are compared in three forms: as they are, standardised and whitened. No form suits every encoder: compare
 * each encoder in its best one. Means, deviations and components are those of the library alone. The vectors are kept
 * in the cache, like those of `embedDataset`.
 * @param encoder an `Encoder`, a `LogMel`, or another `TrackEncoder`
 * @param dataset at least two tracks; if they have labels, neighbours with the same label are counted too
 * @returns plain data, with bootstrap intervals over the tracks
 * @throws ArgumentError, ConfigError, DatasetError (fewer than two tracks), CacheError, NonFiniteError, or the
 *        signal's reason
 */
export async function evaluateRetrieval(
  encoder: TrackEncoder,
  dataset: LabelledTracks,
  options: RetrievalOptions = {},
): Promise<Retrieval> {
  const [retrieval] = await evaluateRetrievals([encoder], dataset, options)
  return retrieval!
}

/** @internal The tracks to ask for: the test tracks, or all where these are too few or there are no labels. */
export const queriedOf = (dataset: Dataset, test: Dataset): Dataset =>
  dataset.task !== 'none' && test.length > 1 ? test : dataset

/**
 * @internal Several encoders by the same crops, which are read and altered once for all of them. Progress counts the
 * tracks that every encoder has heard.
 * @returns of each encoder what `evaluateRetrieval` returns
 */
export async function evaluateRetrievals(
  encoders: readonly TrackEncoder[],
  dataset: LabelledTracks,
  options: RetrievalOptions,
): Promise<Retrieval[]> {
  const settings = parseOptions(retrievalOptions, options, 'evaluateRetrieval')
  for (const encoder of encoders) checkTrackEncoder(encoder, 'evaluateRetrieval')
  checkTracks(dataset, 'evaluateRetrieval')
  checkAnyTracks(dataset)
  const { augmenter = new Augmenter({ seed: settings.seed }) } = settings
  const conditions = (encoder: TrackEncoder) => conditionsOf(augmenter, encoder)
  const vectors = await retrievalVectors(encoders, dataset, conditions, settings)
  const found: Retrieval[] = []
  for (const [i, encoder] of encoders.entries())
    found.push(await figuresOfVectors(encoder, dataset, vectors[i]!, { ...settings, augmenter }))
  return found
}

async function figuresOfVectors(
  encoder: TrackEncoder,
  dataset: LabelledTracks,
  { library, queries }: RetrievalVectors,
  { augmenter, crops, k, seed, signal }: Settings,
): Promise<Retrieval> {
  const names = conditionsOf(augmenter, encoder).map(({ name }) => name)
  const bootstrap = parseOptions(bootstrapOptions, { seed }, 'evaluateRetrieval')
  const spec = { dim: encoder.dim, conditions: names.length, k, bootstrap }
  const forms = await callNative(signal, (abort) =>
    native().retrieval(spec, library, queries, labelsOf(dataset), abort),
  )
  const trainedOn = seenTracks(encoder, dataset.tracks)
  return {
    tracks: dataset.tracks.length,
    queriesPerTrack: crops - 1,
    k,
    raw: measureOf(forms.raw, names),
    standardised: measureOf(forms.standardised, names),
    whitened: measureOf(forms.whitened, names),
    ...(trainedOn && { trainedOn }),
  }
}
