/**
 * Stage evaluate: what the embeddings are worth.
 *
 * in: an encoder, data sets, labels where there are any, a run
 * out: retrieval, probes and their metrics, similar tracks, a page to look at and listen to
 */
export { embedDataset } from './embed.js'
export {
  accuracy,
  averagePrecision,
  type ClassMetrics,
  classMetrics,
  rocAuc,
  type Table,
  type Vector,
} from './metrics.js'
export type * from './option-types.js'
export { LinearProbe } from './probe.js'
export {
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
export type {
  ClassProbability,
  ClassResult,
  DatasetEmbeddings,
  EmbeddedTracks,
  EmbedProgress,
  Evaluation,
  EvaluationSet,
  LabelledTracks,
  NamedResult,
  ProbeProgress,
  ReportProgress,
  SeenTracks,
  TrackLabels,
} from './types.js'
