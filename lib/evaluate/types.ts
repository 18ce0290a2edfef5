/** The nouns of stage evaluate. */
import type { Matrix, MatrixData } from '../matrix.js'

/** Tracks with their labels, without their audio. */
export interface TrackLabels {
  /**
   * `sourceSha256`, the SHA-256 of the source file, shows whether an encoder was trained on the track. `stretch` is the
   * length of each excerpt in samples, if only excerpts of the track are kept
   */
  readonly tracks: readonly {
    readonly path: string
    readonly sourceSha256?: string
    readonly stretch?: number
  }[]
  /** [tracks, K] of 0 and 1 */
  readonly labels: MatrixData
  /** names of the K classes */
  readonly classes: readonly string[]
  /**
   * whether a track has any number of classes (`multilabel`), exactly one (`multiclass`), or the tracks have no
   * labels (`none`)
   */
  readonly task: 'multilabel' | 'multiclass' | 'none'
}

/** What the evaluation needs of a `Dataset`. */
export interface LabelledTracks extends TrackLabels {
  /** The samples of a track: mono at 22,050 Hz. */
  readTrack(
    index: number,
    options?: {
      /** Aborts the call. */
      signal?: AbortSignal | undefined
    },
  ): Promise<Float32Array>
}

/** How far `embedDataset` is. */
export interface EmbedProgress {
  /** number of tracks that are embedded */
  done: number
  /** tracks in all */
  total: number
}

/** What `embedDataset` returned, or a structured clone of it. */
export interface EmbeddedTracks<D extends TrackLabels = TrackLabels> {
  /** the data set */
  readonly dataset: D
  /** [clips, E], track after track */
  readonly embeddings: MatrixData
  /** the track of every clip */
  readonly trackOf: Int32Array
  /** the mean over the clips of each track, [tracks, E] */
  readonly trackMeans: MatrixData
}

/** The embeddings of all clips of a data set, with the track of each. */
export interface DatasetEmbeddings<D extends LabelledTracks = LabelledTracks> extends EmbeddedTracks<D> {
  /** [clips, E], track after track */
  readonly embeddings: Matrix
  /** the mean over the clips of each track, [tracks, E] */
  readonly trackMeans: Matrix
}

/** A data set, or its embeddings by the same encoder: what `embedDataset` returned, or a structured clone of it. */
export type EvaluationSet = LabelledTracks | EmbeddedTracks

/** How far the work on a probe is. */
export interface ProbeProgress {
  /** which tracks are being embedded; `fit` while the head is being trained */
  phase: 'train' | 'valid' | 'test' | 'fit'
  /** number of tracks embedded; while fitting, 0 and then 1 */
  done: number
  /** number of tracks; while fitting, 1 */
  total: number
}

/** Results for one class; `rocAuc` and `prAuc` are NaN if all tracks of the data set have the class, or none. */
export interface ClassResult {
  /** name of the class */
  class: string
  /** area under the ROC curve */
  rocAuc: number
  /** average precision */
  prAuc: number
  /**
   * multi-class: share of its tracks that were recognised; multi-label: share of all tracks for which the decision on
   * this class, at threshold 0.5, is right
   */
  accuracy: number
  /** number of tracks that have the class */
  tracks: number
}

/** The 95 % interval over resampled tracks (bootstrap, 10,000 resamples). */
export interface Bounds {
  /** the 2.5th percentile */
  low: number
  /** the 97.5th percentile */
  high: number
}

/** The figures of a linear evaluation: numbers, or `Bounds` where they are intervals. */
export interface EvaluationScores<T = number> {
  /** area under the ROC curve, macro-averaged over the classes where it is defined */
  rocAuc: T
  /** average precision, macro-averaged over the same classes */
  prAuc: T
  /**
   * multi-class: share of tracks whose class is right; multi-label: share whose classes are all right (scikit-learn's
   * subset accuracy)
   */
  accuracy: T
  /** macro-averaged F1; multi-label: of decisions at threshold 0.5 */
  f1: T
}

/** A track that a probe predicted badly. */
export interface WorstTrack {
  /** path of the track in its data set */
  path: string
  /** its classes */
  labels: string[]
  /** the classes that the probe predicts */
  predicted: string[]
  /**
   * probability that the probe gives to the right answer. Multi-class: that of the class of the track; multi-label: the
   * geometric mean over all classes
   */
  probability: number
}

/** The intervals of all figures of an evaluation, over the test tracks. */
export interface EvaluationIntervals extends EvaluationScores<Bounds> {
  /** the intervals of each class, in the order of `perClass` of the evaluation */
  perClass: EvaluationScores<Bounds>[]
}

/** Results of a linear evaluation. */
export interface Evaluation extends EvaluationScores {
  /** the results of each class */
  perClass: ClassResult[]
  /** F1 in the order of `perClass`; NaN if no track has the class and none is predicted to have it */
  f1PerClass: number[]
  /** multi-class: confusion[i][j] is the number of tracks of class i that were predicted to be of class j */
  confusion?: number[][]
  /** multi-label: the threshold of each class that gives the highest F1 on the validation tracks of the probe */
  thresholds?: number[]
  /** multi-label: macro-averaged F1 of decisions at these thresholds */
  f1AtThresholds?: number
  /** up to ten tracks, the worst first */
  worst: WorstTrack[]
  /** the interval of every figure */
  intervals: EvaluationIntervals
  /** number of tracks that were evaluated */
  tracks: number
  /** number of clips of these tracks */
  clips: number
  /** number of these tracks that the encoder was trained on; undefined if the encoder or the data set does not record it */
  trainedOn?: SeenTracks
}

/** The part of an evaluation that a report shows. The page leaves out what is undefined. */
export type ShownEvaluation = Pick<
  Evaluation,
  'rocAuc' | 'prAuc' | 'accuracy' | 'perClass' | 'confusion' | 'tracks' | 'clips' | 'trainedOn'
> &
  Partial<Pick<Evaluation, 'f1' | 'f1PerClass' | 'thresholds' | 'worst'>>

/** How many of the given tracks an encoder was trained on. */
export interface SeenTracks {
  /** tracks that the encoder was trained on */
  tracks: number
  /** false if there may be more, because it is not fully known what the encoder was trained on */
  complete: boolean
}

/** A class with its probability. */
export interface ClassProbability {
  /** name of the class */
  class: string
  /** 0 to 1 */
  probability: number
}

/** What a probe predicts for a file as a whole, and for each of its windows. */
export interface TagsOverTime {
  /** every class, the likeliest first: means over the windows */
  tags: ClassProbability[]
  /** start of every window in seconds */
  times: Float64Array
  /** probabilities of every window, [windows, K], in the order of the probe's classes */
  windows: Matrix
}

/** Results under the name that a report shows. */
export interface NamedResult {
  /** name to show, such as that of the encoder */
  name: string
  /** its results */
  evaluation: ShownEvaluation
}

/** Fractions of the queries, 0 to 1: numbers, or `Bounds` where they are intervals. */
export interface RetrievalScores<T = number> {
  /** fraction whose own track comes first */
  top1: T
  /** fraction whose own track is among the k nearest */
  topK: T
  /** mean reciprocal rank: the mean of 1 / rank of the query's own track */
  mrr: T
}

/** How well a query finds other tracks that share a label with its own track. */
export interface LabelScores<T = number> {
  /** mean average precision over the whole ranking */
  map: T
  /** fraction of the k nearest tracks that have a label in common with the track of the query */
  precisionAtK: T
}

/** The figures of one form of the vectors. */
export interface RetrievalFigures<T = number> extends RetrievalScores<T> {
  /** median rank of the query's own track; 1 is the best */
  medianRank: T
  /**
   * figures by the alteration of the queries: `none`; `chain`, all of the augmenter's transforms with their
   * probabilities; each transform alone (`highLowPass`, `pitchShift`, `reverb`, `noise`, `gain`, `delay`, …); and
   * `mp3LowPass`, a low-pass filter that removes what an mp3 at 32 to 48 kbit/s leaves out
   */
  byTransform: Record<string, RetrievalScores<T>>
  /** how well tracks with a common label are found; undefined if no two tracks share a label */
  labels?: LabelScores<T>
}

/** Figures with their intervals. */
export interface RetrievalMeasure extends RetrievalFigures {
  /** the interval of every figure */
  intervals: RetrievalFigures<Bounds>
}

/** What `evaluateRetrieval` found. */
export interface Retrieval {
  /** number of tracks in the library */
  tracks: number
  /** number of queries for each track */
  queriesPerTrack: number
  /** number of nearest crops that counted for topK and precisionAtK */
  k: number
  /** the vectors as they are */
  raw: RetrievalMeasure
  /** every dimension scaled to mean 0 and standard deviation 1 over the library */
  standardised: RetrievalMeasure
  /**
   * the first 64 principal components of the library (`tracks − 1`, if that is fewer), each scaled to standard
   * deviation 1
   */
  whitened: RetrievalMeasure
  /** number of these tracks that the encoder was trained on; undefined if the encoder or the data set does not record it */
  trainedOn?: SeenTracks
}

/** Retrieval under the name that a report shows. */
export interface NamedRetrieval {
  /** name to show, such as that of the encoder */
  name: string
  /** what `evaluateRetrieval` found */
  retrieval: Retrieval
}

/** How far `writeReport` is. */
export interface ReportProgress {
  /** what is being done: embedding tracks, laying out the map, cutting excerpts */
  phase: 'embed' | 'project' | 'audio'
  /** number of parts that are done */
  done: number
  /** number of parts */
  total: number
}
