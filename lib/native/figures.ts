/** What evaluations and the cache get across the boundary: the other half of binding.ts, and compared with `native/` like it. */

/** A figure of all tracks, and where 95 % of its values on resampled tracks lie. */
export interface Interval {
  value: number
  low: number
  high: number
}

export interface ClassFigures {
  rocAuc: Interval
  prAuc: Interval
  accuracy: Interval
  f1: Interval
}

export interface ProbeFigures {
  all: ClassFigures
  classes: ClassFigures[]
}

export interface RankFigures {
  top1: Interval
  topK: Interval
  mrr: Interval
  medianRank: Interval
}

export interface LabelFigures {
  map: Interval
  precisionAtK: Interval
}

export interface RetrievalFigures {
  conditions: RankFigures[]
  labels: LabelFigures | undefined
}

export interface RetrievalForms {
  raw: RetrievalFigures
  standardised: RetrievalFigures
  whitened: RetrievalFigures
}

/** How a probe was trained. */
export interface ProbeHistory {
  /** losses and learning rate of every epoch */
  epochs: { trainLoss: number; validLoss: number; lr: number }[]
  /** index in `epochs` of the epoch whose weights were kept */
  bestEpoch: number
}

export interface Neighbours {
  indices: Int32Array
  scores: Float32Array
}

export interface NtXentLossValue {
  loss: number
  /** d loss / d z [N, dim] */
  gradient: Float32Array
  temperatureGradient: number
}

/** What did not fit into 16 bits. */
export interface Overload {
  /** samples that were beyond ±1 */
  overloaded: number
  /** the largest magnitude */
  peak: number
}

export interface NativeStepResult {
  /** the number of optimizer steps done, this one included */
  step: number
  loss: number
  /** L2 norm over all parameters */
  gradientNorm: number
  lr: number
  /** what the objective tells of the batch, by name */
  metrics: Record<string, number>
  /** seconds of reading + augmenting, and of the whole step */
  dataSeconds: number
  seconds: number
}
