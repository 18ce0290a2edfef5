/** The options of stage evaluate, written by scripts/write-option-types.ts from its tables: do not edit. */
import type { Augmenter } from '../augment/augmenter.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import type { OnWarning } from '../warnings.js'
import type {
  DatasetEmbeddings,
  EmbedProgress,
  EvaluationSet,
  LabelledTracks,
  NamedResult,
  NamedRetrieval,
  ProbeProgress,
  ReportProgress,
} from './types.js'

/** Options of `embedDataset`. */
export interface EmbedOptions {
  /** Whether to scale every embedding, and the mean of every track, to length 1. Zeros stay zeros. Default: false. */
  normalize?: boolean | undefined
  /** Whether to keep the embeddings in the folder of the cache, and to reuse those kept there. It applies only to an `Encoder` or `LogMel` with a prepared data set. Default: true. */
  cache?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called after every track. */
  onProgress?: ((progress: EmbedProgress) => void) | undefined
}

/** How a probe is trained. */
export interface ProbeOptions {
  /** Published protocol, which sets the defaults of the other options: 'paper' (CLMR's paper), 'clmr-code' (CLMR's code), 'marble' (MARBLE) or 'mir-ref' (mir_ref). Default: 'paper'. */
  protocol?: 'paper' | 'clmr-code' | 'marble' | 'mir-ref' | undefined
  /** Fraction of the training tracks to use. They are drawn at random with the seed, and keep the proportions of the classes. Range: above 0, at most 1. Default: 1. */
  labelFraction?: number | undefined
  /** What the probe is trained on: all clips, one clip of each track, or the mean of the clips of each track. With 'tracks', it also predicts from these means; otherwise the prediction for a track is the mean over its clips. Default: 'clips'. */
  examples?: 'clips' | 'one-clip' | 'tracks' | undefined
  /** Units of a hidden layer with ReLU; 0 for a linear probe. The paper also reports results with 512. Range: 0 to 65,536. Default: 0. */
  hidden?: number | undefined
  /** Probability that a value of the hidden layer is dropped in training. Range: 0 or more, below 1. Default: 0. */
  dropout?: number | undefined
  /** Learning rate of Adam. Range: above 0. Default: 0.001. */
  lr?: number | undefined
  /** Learning rates to choose from by validation, in place of lr. Default: lr alone. */
  lrGrid?: readonly number[] | undefined
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 or more. Default: 0.000001. */
  weightDecay?: number | undefined
  /** Clips per step. Range: above 0. Default: 256. */
  batchSize?: number | undefined
  /** Maximum number of epochs. Range: above 0. Default: 200. */
  maxEpochs?: number | undefined
  /** What decides when the learning rate falls and when training ends: the validation loss, or the metric (accuracy, or macro ROC-AUC if a track may have several classes). Default: 'loss'. */
  monitor?: 'loss' | 'metric' | undefined
  /** Weights to keep: those of the best validation loss, of the best metric, or of the last epoch. Default: 'loss'. */
  keep?: 'loss' | 'metric' | 'last' | undefined
  /** Factor that the learning rate is multiplied by on a plateau. Range: above 0, below 1. Default: 0.1. */
  plateauFactor?: number | undefined
  /** Epochs without improvement after which the learning rate is reduced. Range: 0 or more. Default: 5. */
  plateauPatience?: number | undefined
  /** Epochs without improvement after which the training ends. Range: above 0. Default: 10. */
  stopPatience?: number | undefined
  /** Seed of the initial weights, of the order of the clips, and of the tracks that `labelFraction` draws. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Whether to scale the features to mean 0 and standard deviation 1 before fitting the probe. The protocol of CLMR's paper does not scale them. Default: false. */
  standardise?: boolean | undefined
}

/** All options of a probe. */
export interface ProbeSettings {
  /** Published protocol, which sets the defaults of the other options: 'paper' (CLMR's paper), 'clmr-code' (CLMR's code), 'marble' (MARBLE) or 'mir-ref' (mir_ref). Default: 'paper'. */
  readonly protocol: 'paper' | 'clmr-code' | 'marble' | 'mir-ref'
  /** Fraction of the training tracks to use. They are drawn at random with the seed, and keep the proportions of the classes. Range: above 0, at most 1. Default: 1. */
  readonly labelFraction: number
  /** What the probe is trained on: all clips, one clip of each track, or the mean of the clips of each track. With 'tracks', it also predicts from these means; otherwise the prediction for a track is the mean over its clips. Default: 'clips'. */
  readonly examples: 'clips' | 'one-clip' | 'tracks'
  /** Units of a hidden layer with ReLU; 0 for a linear probe. The paper also reports results with 512. Range: 0 to 65,536. Default: 0. */
  readonly hidden: number
  /** Probability that a value of the hidden layer is dropped in training. Range: 0 or more, below 1. Default: 0. */
  readonly dropout: number
  /** Learning rate of Adam. Range: above 0. Default: 0.001. */
  readonly lr: number
  /** Learning rates to choose from by validation, in place of lr. Default: lr alone. */
  readonly lrGrid?: readonly number[] | undefined
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 or more. Default: 0.000001. */
  readonly weightDecay: number
  /** Clips per step. Range: above 0. Default: 256. */
  readonly batchSize: number
  /** Maximum number of epochs. Range: above 0. Default: 200. */
  readonly maxEpochs: number
  /** What decides when the learning rate falls and when training ends: the validation loss, or the metric (accuracy, or macro ROC-AUC if a track may have several classes). Default: 'loss'. */
  readonly monitor: 'loss' | 'metric'
  /** Weights to keep: those of the best validation loss, of the best metric, or of the last epoch. Default: 'loss'. */
  readonly keep: 'loss' | 'metric' | 'last'
  /** Factor that the learning rate is multiplied by on a plateau. Range: above 0, below 1. Default: 0.1. */
  readonly plateauFactor: number
  /** Epochs without improvement after which the learning rate is reduced. Range: 0 or more. Default: 5. */
  readonly plateauPatience: number
  /** Epochs without improvement after which the training ends. Range: above 0. Default: 10. */
  readonly stopPatience: number
  /** Seed of the initial weights, of the order of the clips, and of the tracks that `labelFraction` draws. Range: 0 or more. Default: 42. */
  readonly seed: number
  /** Whether to scale the features to mean 0 and standard deviation 1 before fitting the probe. The protocol of CLMR's paper does not scale them. Default: false. */
  readonly standardise: boolean
}

/** Options of `LinearProbe.fit`. */
export interface ProbeFitOptions extends ProbeOptions {
  /** Encoder that makes the embeddings; its weights do not change. */
  encoder: TrackEncoder
  /** Tracks to train on: a data set, or its embeddings. */
  train: EvaluationSet
  /** Tracks for early stopping, with the same classes: a data set, or its embeddings. */
  validation: EvaluationSet
  /** Whether to keep the embeddings in the folder of the cache, and to reuse those kept there. It applies only to an `Encoder` or `LogMel` with a prepared data set. Default: true. */
  cache?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called after every embedded track, and before and after the training of the head. */
  onProgress?: ((progress: ProbeProgress) => void) | undefined
}

/** Options of `LinearProbe.load`. */
export interface ProbeLoadOptions {
  /** Encoder that the probe was fitted with. Without one, the probe only predicts from embeddings. */
  encoder?: TrackEncoder | undefined
  /** For the head of a checkpoint: the names of its classes. Default: class 0, class 1 and so on. */
  classes?: readonly string[] | undefined
  /** For the head of a checkpoint: 'multilabel' if a track may have several classes, 'multiclass' if it has exactly one. Default: 'multilabel'. */
  task?: 'multilabel' | 'multiclass' | undefined
  /** Called with each warning about the file. Default: warnings go to `process.emitWarning`. */
  onWarning?: OnWarning | undefined
}

/** Options of `LinearProbe.predictFile`. */
export interface ProbePredictOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called with each warning about the file. Default: warnings go to `process.emitWarning`. */
  onWarning?: OnWarning | undefined
}

/** Options of `LinearProbe.predictOverTime`. */
export interface ProbeOverTimeOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called with each warning about the file. Default: warnings go to `process.emitWarning`. */
  onWarning?: OnWarning | undefined
  /** Seconds from the start of one window to the next. Range: 0.0000454 to 86,400. Default: the length of a clip, 2.678 s for CLMR's network. */
  hop?: number | undefined
}

/** Options of `LinearProbe.evaluate`. */
export interface ProbeEvaluateOptions {
  /** Whether to keep the embeddings in the folder of the cache, and to reuse those kept there. It applies only to an `Encoder` or `LogMel` with a prepared data set. Default: true. */
  cache?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called after every embedded track. */
  onProgress?: ((progress: ProbeProgress) => void) | undefined
}

/** Options of `similarTracks`. */
export interface SimilarTracksOptions {
  /** Number of tracks to find, 1 or more. Default: 10. */
  k?: number | undefined
}

/** Options of `compareProbes`. */
export interface CompareProbesOptions {
  /** Number of resamples, which are draws of the tracks with replacement. Range: 1 or more. Default: 10,000. */
  resamples?: number | undefined
  /** Seed of the draws. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Whether to keep the embeddings in the folder of the cache, and to reuse those kept there. It applies only to an `Encoder` or `LogMel` with a prepared data set. Default: true. */
  cache?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Options of `bootstrap`. */
export interface BootstrapOptions {
  /** Number of resamples, which are draws of the tracks with replacement. Range: 1 or more. Default: 10,000. */
  resamples?: number | undefined
  /** Seed of the draws. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Options of `evaluateRetrieval`. */
export interface RetrievalOptions {
  /** Crops per track: the first one goes into the library, the others are queries. Range: 2 to 1,000. Default: 2. */
  crops?: number | undefined
  /** Number of nearest crops that count for topK and precisionAtK. Range: 1 or more. Default: 10. */
  k?: number | undefined
  /** Augmenter whose transforms alter the queries. Default: the published chain. */
  augmenter?: Augmenter | undefined
  /** Seed of the crops, their alterations and the intervals. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Whether to keep the embeddings in the folder of the cache, and to reuse those kept there. It applies only to an `Encoder` or `LogMel` with a prepared data set. Default: true. */
  cache?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called after every 32 tracks. */
  onProgress?: ((progress: EmbedProgress) => void) | undefined
}

/** Options of `writeReport`. */
export interface ReportOptions {
  /** HTML file to write. */
  out: string
  /** Run directory, for the loss curve and the throughput. */
  run?: string | undefined
  /** Heading of the page. Default: 'clmr report'. */
  title?: string | undefined
  /** Projection of the embeddings onto the map: principal components or UMAP. Default: 'pca'. */
  projection?: 'pca' | 'umap' | undefined
  /** Similar tracks to list for each track. Range: 0 to 50. Default: 5. */
  neighbours?: number | undefined
  /** Maximum length of an excerpt in seconds. Range: above 0, at most 60. Default: 5. */
  seconds?: number | undefined
  /** Maximum size of all excerpts in bytes. Range: 0 or more. Default: 8,000,000. */
  maxAudioBytes?: number | undefined
  /** Seed of UMAP. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Results of probes: first the one to show, then others to compare it with, such as random weights. */
  results?: readonly NamedResult[] | undefined
  /** Results of evaluateRetrieval in the order of `results`: they are shown as figures and as a heat map by transform. */
  retrieval?: readonly NamedRetrieval[] | undefined
  /** Embeddings of the tracks on the map, from embedDataset. */
  embeddings?: DatasetEmbeddings | undefined
  /** Tracks on the map, if there are no embeddings; `encoder` embeds them. */
  dataset?: LabelledTracks | undefined
  /** Encoder that embeds `dataset`. */
  encoder?: TrackEncoder | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called as the report is made. */
  onProgress?: ((progress: ReportProgress) => void) | undefined
}
