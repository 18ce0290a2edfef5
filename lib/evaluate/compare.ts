/** Two models on the same tracks: what the first has more than the second, with intervals of the difference. */
import { Augmenter } from '../augment/augmenter.js'
import { ArgumentError, describe } from '../errors.js'
import { Matrix } from '../matrix.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { callNative } from '../native/call.js'
import type { ClassFigures } from '../native/figures.js'
import { native } from '../native/load.js'
import { parseOptions, signalOption } from '../options.js'
import type { Estimate } from './bootstrap.js'
import { bootstrapOptions } from './bootstrap-options.js'
import { checkSet, checkTrackEncoder, checkTracks } from './checks.js'
import { checkAnyTracks, isEmbedded } from './embed.js'
import type { CompareProbesOptions, RetrievalOptions } from './option-types.js'
import type { LinearProbe } from './probe.js'
import { checkSameClasses } from './probe-data.js'
import { labelsOf, measureOf, retrievalOptions } from './retrieval.js'
import { conditionsOf } from './retrieval-conditions.js'
import { retrievalVectors } from './retrieval-vectors.js'
import type { EvaluationScores, EvaluationSet, LabelledTracks, Retrieval } from './types.js'
import { cacheOption } from './vector-store.js'

/** @internal Of `compareProbes`. */
export const compareProbesOptions = bootstrapOptions.extend({ cache: cacheOption, signal: signalOption })

/** The figures of `evaluateRetrieval`: first encoder minus second. */
export type RetrievalDifference = Omit<Retrieval, 'trainedOn'>

/** The figures of `LinearProbe.evaluate`: first probe minus second. */
export interface ProbeDifference extends EvaluationScores<Estimate> {
  /** each class by itself, in the order of the classes */
  perClass: EvaluationScores<Estimate>[]
  /** number of tracks that were evaluated */
  tracks: number
}

/**
 * Compares two encoders by retrieval. Both get the same crops, alterations and resampled tracks. If the whole
 * interval of a difference lies above 0, or below it, the difference is unlikely to come from the choice of tracks.
 * The interval of a difference can exclude 0 even if the encoders' own, wider intervals overlap.
 * @param options those of `evaluateRetrieval`
 * @returns the figures of the first encoder minus those of the second. A positive difference favours the first
 *        encoder; for `medianRank`, a negative one does
 * @throws the errors of `evaluateRetrieval`
 */
export async function compareRetrieval(
  first: TrackEncoder,
  second: TrackEncoder,
  dataset: LabelledTracks,
  options: RetrievalOptions = {},
): Promise<RetrievalDifference> {
  const settings = parseOptions(retrievalOptions, options, 'compareRetrieval')
  for (const encoder of [first, second]) checkTrackEncoder(encoder, 'compareRetrieval')
  checkTracks(dataset, 'compareRetrieval')
  checkAnyTracks(dataset)
  const { crops, k, seed, signal } = settings
  const augmenter = settings.augmenter ?? new Augmenter({ seed })
  const conditions = (encoder: TrackEncoder) => conditionsOf(augmenter, encoder)
  const [a, b] = await retrievalVectors([first, second], dataset, conditions, settings)
  const names = conditions(first).map(({ name }) => name)
  const bootstrap = parseOptions(bootstrapOptions, { seed }, 'compareRetrieval')
  const spec = { dim: first.dim, conditions: names.length, k, bootstrap }
  const labels = labelsOf(dataset)
  const { raw, standardised, whitened } = await callNative(signal, (abort) =>
    native().retrievalDifferences(
      spec,
      a!.library,
      a!.queries,
      second.dim,
      b!.library,
      b!.queries,
      labels,
      abort,
    ),
  )
  return {
    tracks: dataset.tracks.length,
    queriesPerTrack: crops - 1,
    k,
    raw: measureOf(raw, names),
    standardised: measureOf(standardised, names),
    whitened: measureOf(whitened, names),
  }
}

const scoresOf = ({ rocAuc, prAuc, accuracy, f1 }: ClassFigures) => ({ rocAuc, prAuc, accuracy, f1 })

const known = (set: EvaluationSet) => (isEmbedded(set) ? set.dataset : set)

/** @throws ArgumentError */
function checkProbe(probe: unknown): void {
  const value = probe as Partial<LinearProbe> | undefined
  if (typeof value?.predictTracks === 'function' && Array.isArray(value.classes)) return
  throw new ArgumentError({
    what: 'compareProbes needs two probes',
    given: describe(probe),
    expected: 'a LinearProbe',
    remedy: 'Pass what LinearProbe.fit() or LinearProbe.load() returned',
  })
}

/**
 * Compares two probes, of one encoder or of two, on the same tracks, which are resampled in the same way for both.
 * @param set the tracks; or embeddings of the same tracks for each of the two probes
 * @returns the figures of the first probe minus those of the second
 * @throws ArgumentError for probes with different classes or sets with different tracks; and the errors of
 *        `LinearProbe.evaluate`
 */
export async function compareProbes(
  first: LinearProbe,
  second: LinearProbe,
  set: EvaluationSet | readonly [EvaluationSet, EvaluationSet],
  options: CompareProbesOptions = {},
): Promise<ProbeDifference> {
  const { cache, signal, ...bootstrap } = parseOptions(compareProbesOptions, options, 'compareProbes')
  for (const probe of [first, second]) checkProbe(probe)
  const [a, b] = (Array.isArray(set) ? set : [set, set]) as [EvaluationSet, EvaluationSet]
  checkSet(a, 'compared')
  checkSet(b, 'compared')
  const { tracks, labels } = known(a)
  const same = first.task === second.task && first.classes.length === second.classes.length
  if (!same || first.classes.some((name, i) => name !== second.classes[i]))
    throw new ArgumentError({
      what: 'the two probes have different classes',
      remedy: 'Fit both on the same data set',
    })
  if (
    known(b).tracks.some(({ path }, i) => path !== tracks[i]?.path) ||
    known(b).tracks.length !== tracks.length
  )
    throw new ArgumentError({
      what: 'the two sets hold different tracks',
      given: `${tracks.length} and ${known(b).tracks.length} tracks`,
      expected: 'the same tracks in the same order',
      remedy: 'Embed one data set with both encoders',
    })
  for (const set of [a, b]) checkSameClasses(first, known(set), 'compared')
  const ofFirst = await first.predictTracks(a, { cache, signal })
  const ofSecond = await second.predictTracks(b, { cache, signal })
  const spec = { classes: first.classes.length, multilabel: first.task === 'multilabel', bootstrap }
  const truth = Matrix.from(labels).data
  const { all, classes } = await callNative(signal, (abort) =>
    native().probeDifferences(spec, ofFirst.data, ofSecond.data, truth, abort),
  )
  return { ...scoresOf(all), perClass: classes.map(scoresOf), tracks: tracks.length }
}
