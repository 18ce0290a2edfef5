/**
 * Stage evaluate: what the embeddings are worth.
 *
 * in: an encoder, data sets, labels if there are any, a run
 * out: retrieval, probes and their metrics, similar tracks, a page to look at and listen to
 */
export { bootstrap, type Estimate } from './bootstrap.js'
export { compareProbes, compareRetrieval, type ProbeDifference, type RetrievalDifference } from './compare.js'
export { type Answer, accuracy, type Confusion, confusionMatrix, f1 } from './decisions.js'
export { embedDataset } from './embed.js'
export { averagePrecision, type ClassMetrics, classMetrics, rocAuc } from './metrics.js'
export type { MonitorFigures, MonitorMeasure } from './monitor.js'
export type * from './option-types.js'
export { LinearProbe } from './probe.js'
export {
  type WrittenReport,
  writeReport,
} from './report/write-report.js'
export { evaluateRetrieval } from './retrieval.js'
export {
  type Neighbour,
  type Neighbours,
  nearest,
  type SimilarTrack,
  type SimilarTracks,
  similarTracks,
} from './search.js'
export type { Table, Vector } from './tables.js'
export type {
  Bounds,
  ClassProbability,
  ClassResult,
  DatasetEmbeddings,
  EmbeddedTracks,
  EmbedProgress,
  Evaluation,
  EvaluationIntervals,
  EvaluationScores,
  EvaluationSet,
  LabelledTracks,
  LabelScores,
  NamedResult,
  NamedRetrieval,
  ProbeProgress,
  ReportProgress,
  Retrieval,
  RetrievalFigures,
  RetrievalMeasure,
  RetrievalScores,
  SeenTracks,
  ShownEvaluation,
  TagsOverTime,
  TrackLabels,
  WorstTrack,
} from './types.js'
