/**
 * Stage evaluate: what the embeddings are worth.
 *
 * in: an encoder, data sets, labels where there are any, a run
 * out: retrieval, probes and their metrics, similar tracks, a page to look at and listen to
 */
export {
  type DatasetEmbeddings,
  type EmbeddedTracks,
  type EmbedOptions,
  type EmbedProgress,
  embedDataset,
  type LabelledTracks,
  type TrackLabels,
} from './embed.js'
export {
  accuracy,
  averagePrecision,
  type ClassMetrics,
  classMetrics,
  rocAuc,
  type Table,
  type Vector,
} from './metrics.js'
export {
  type ClassProbability,
  type ClassResult,
  type Evaluation,
  type EvaluationSet,
  LinearProbe,
  type ProbeFitOptions,
  type ProbeProgress,
} from './probe.js'
export type { ProbeOptions, ProbeSettings } from './probe-options.js'
export type { NamedResult } from './report/page.js'
export {
  type ReportOptions,
  type ReportProgress,
  type WrittenReport,
  writeReport,
} from './report/write-report.js'
export {
  type Bounds,
  evaluateRetrieval,
  type LabelScores,
  type Retrieval,
  type RetrievalFigures,
  type RetrievalMeasure,
  type RetrievalOptions,
  type RetrievalScores,
} from './retrieval.js'
export {
  type Neighbour,
  type Neighbours,
  nearest,
  type SimilarTrack,
  type SimilarTracks,
  similarTracks,
} from './search.js'
export type { SeenTracks } from './trained-on.js'
