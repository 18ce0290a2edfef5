/** The options of stage objective, written by scripts/write-option-types.ts from its tables: do not edit. */

/** Options of `ntXent`. */
export interface NtXentOptions {
  /** Temperature τ, which divides the similarities. Range: above 0. Default: 0.5. */
  temperature?: number | undefined
  /** Whether to learn the temperature, starting at `temperature` and never below 0.01, as in CLIP. Default: false. */
  learnTemperature?: boolean | undefined
}

/** Options of `infoNce`. */
export interface InfoNceOptions {
  /** Temperature τ, which divides the similarities. Range: above 0. Default: 0.2. */
  temperature?: number | undefined
  /** Number of keys of earlier batches, which serve as negatives. Range: 1 or more. Default: 65,536. */
  queue?: number | undefined
  /** How slowly the key encoder follows the trained one. After each step, its weights become momentum · its own + (1 − momentum) · those of the trained encoder. Range: 0 or more, below 1. Default: 0.999. */
  momentum?: number | undefined
}

/** Options of `byol`. */
export interface ByolOptions {
  /** How slowly the target network follows the trained one. After each step, its weights become momentum · its own + (1 − momentum) · those of the trained network. This is the momentum of the first step; it rises to 1 along a cosine. Range: 0 or more, below 1. Default: 0.996. */
  momentum?: number | undefined
  /** Steps over which the momentum rises; 0 keeps it constant. Range: 0 or more. Default: the steps of the training. */
  scheduleSteps?: number | undefined
  /** Hidden units of the predictor. Range: 1 to 65,536. Default: 512. */
  predictorHidden?: number | undefined
}

/** Options of `supervised`. */
export interface SupervisedOptions {
  /** Number of classes. Range: 1 or more. Default: that of the data set. */
  classes?: number | undefined
  /** Whether an example may have any number of classes. Default: as in the data set. */
  multilabel?: boolean | undefined
  /** Probability that a value of an embedding is dropped in training. Range: 0 or more, below 1. Default: 0.5. */
  dropout?: number | undefined
  /** Weight of each class in the loss: one number per class, or 'balanced', which makes rare classes count as much as frequent ones. With one class per example, the loss of an example is multiplied by the weight of its class; 'balanced' is tracks / (classes · tracks of the class). With several classes per example, each class has its own term, which is multiplied by the weight of the class in examples that have it; 'balanced' is tracks without the class / tracks with it. Default: every weight is 1. */
  classWeights?: 'balanced' | readonly number[] | undefined
}

/** Options of `vicReg`. */
export interface VicRegOptions {
  /** Weight of the squared distance between the two views. Range: 0 or more. Default: 25. */
  invariance?: number | undefined
  /** Weight of the variance term: how far standard deviations fall short of gamma. Range: 0 or more. Default: 25. */
  variance?: number | undefined
  /** Weight of the squared covariances between dimensions. Range: 0 or more. Default: 1. */
  covariance?: number | undefined
  /** Target standard deviation of every dimension over the batch. Range: above 0. Default: 1. */
  gamma?: number | undefined
}

/** The objective `ntXent` with all its options. */
export interface NtXent {
  /** Temperature τ, which divides the similarities. Range: above 0. Default: 0.5. */
  readonly temperature: number
  /** Whether to learn the temperature, starting at `temperature` and never below 0.01, as in CLIP. Default: false. */
  readonly learnTemperature?: boolean | undefined
  /** Its name. */
  readonly name: 'ntXent'
}

/** The objective `infoNce` with all its options. */
export interface InfoNce {
  /** Temperature τ, which divides the similarities. Range: above 0. Default: 0.2. */
  readonly temperature: number
  /** Number of keys of earlier batches, which serve as negatives. Range: 1 or more. Default: 65,536. */
  readonly queue: number
  /** How slowly the key encoder follows the trained one. After each step, its weights become momentum · its own + (1 − momentum) · those of the trained encoder. Range: 0 or more, below 1. Default: 0.999. */
  readonly momentum: number
  /** Its name. */
  readonly name: 'infoNce'
}

/** The objective `byol` with all its options. */
export interface Byol {
  /** How slowly the target network follows the trained one. After each step, its weights become momentum · its own + (1 − momentum) · those of the trained network. This is the momentum of the first step; it rises to 1 along a cosine. Range: 0 or more, below 1. Default: 0.996. */
  readonly momentum: number
  /** Steps over which the momentum rises; 0 keeps it constant. Range: 0 or more. Default: the steps of the training. */
  readonly scheduleSteps?: number | undefined
  /** Hidden units of the predictor. Range: 1 to 65,536. Default: 512. */
  readonly predictorHidden: number
  /** Its name. */
  readonly name: 'byol'
}

/** The objective `supervised` with all its options. */
export interface Supervised {
  /** Number of classes. Range: 1 or more. Default: that of the data set. */
  readonly classes?: number | undefined
  /** Whether an example may have any number of classes. Default: as in the data set. */
  readonly multilabel?: boolean | undefined
  /** Probability that a value of an embedding is dropped in training. Range: 0 or more, below 1. Default: 0.5. */
  readonly dropout: number
  /** Weight of each class in the loss: one number per class, or 'balanced', which makes rare classes count as much as frequent ones. With one class per example, the loss of an example is multiplied by the weight of its class; 'balanced' is tracks / (classes · tracks of the class). With several classes per example, each class has its own term, which is multiplied by the weight of the class in examples that have it; 'balanced' is tracks without the class / tracks with it. Default: every weight is 1. */
  readonly classWeights?: 'balanced' | number[] | undefined
  /** Its name. */
  readonly name: 'supervised'
}

/** The objective `vicReg` with all its options. */
export interface VicReg {
  /** Weight of the squared distance between the two views. Range: 0 or more. Default: 25. */
  readonly invariance: number
  /** Weight of the variance term: how far standard deviations fall short of gamma. Range: 0 or more. Default: 25. */
  readonly variance: number
  /** Weight of the squared covariances between dimensions. Range: 0 or more. Default: 1. */
  readonly covariance: number
  /** Target standard deviation of every dimension over the batch. Range: above 0. Default: 1. */
  readonly gamma: number
  /** Its name. */
  readonly name: 'vicReg'
}

/** Any objective with all its options: ntXent, infoNce, byol, supervised, vicReg. */
export type Objective = NtXent | InfoNce | Byol | Supervised | VicReg

/** Names of the objectives. */
export type ObjectiveName = 'ntXent' | 'infoNce' | 'byol' | 'supervised' | 'vicReg'

/** Any objective as you write it: options that you leave out have their defaults. */
export type ObjectiveInput =
  | ({
      /** Name of the objective. */
      name: 'ntXent'
    } & NtXentOptions)
  | ({
      /** Name of the objective. */
      name: 'infoNce'
    } & InfoNceOptions)
  | ({
      /** Name of the objective. */
      name: 'byol'
    } & ByolOptions)
  | ({
      /** Name of the objective. */
      name: 'supervised'
    } & SupervisedOptions)
  | ({
      /** Name of the objective. */
      name: 'vicReg'
    } & VicRegOptions)

/** Options of `ntXentLoss`. */
export interface NtXentLossOptions {
  /** Values per projection. Range: 1 or more. */
  dim: number
  /** Views per example. Range: 2 or more. Default: 2. */
  views?: number | undefined
  /** Temperature τ, which divides the similarities. Range: above 0. Default: 0.5. */
  temperature?: number | undefined
  /** Where to compute. 'auto' is CUDA if clmr's own CUDA kernels are available, otherwise the CPU. Default: 'auto'. */
  device?: 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}
