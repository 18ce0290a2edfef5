/** The options of stage train, written by scripts/write-option-types.ts from its tables: do not edit. */
import type { AugmenterOptions, AugmenterSettings } from '../augment/option-types.js'
import type { Dataset } from '../cache/dataset.js'
import type { Encoder } from '../model/encoder.js'
import type { Architecture, ArchitectureOptions } from '../model/option-types.js'
import type { Objective, ObjectiveInput } from '../objective/option-types.js'
import type { OnWarning } from '../warnings.js'
import type { EpochResult, StepResult } from './types.js'

/** Options of `adam`. */
export interface AdamOptions {
  /** Learning rate. Range: above 0, at most 1,000. Default: 0.0003. */
  lr?: number | undefined
  /** Decay rates of the running averages of the gradient and of its square. Range: 0 or more, below 1. Default: [0.9, 0.999]. */
  betas?: readonly [number, number] | undefined
  /** Small term in the denominator, for numerical stability. Range: above 0, at most 1. Default: 1e-8. */
  eps?: number | undefined
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 to 1. Default: 0. */
  weightDecay?: number | undefined
}

/** Options of `sgd`. */
export interface SgdOptions {
  /** Learning rate. Range: above 0, at most 1,000. Default: 0.01. */
  lr?: number | undefined
  /** Momentum: the share of the previous step that is added to the next one. Range: 0 or more, below 1. Default: 0.9. */
  momentum?: number | undefined
  /** Whether to use Nesterov momentum. Default: false. */
  nesterov?: boolean | undefined
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 to 1. Default: 0. */
  weightDecay?: number | undefined
}

/** Options of `lars`. */
export interface LarsOptions {
  /** Learning rate. Range: above 0, at most 1,000. Default: 0.3. */
  lr?: number | undefined
  /** Momentum: the share of the previous step that is added to the next one. Range: 0 or more, below 1. Default: 0.9. */
  momentum?: number | undefined
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 to 1. Default: 0.000001. */
  weightDecay?: number | undefined
  /** Trust coefficient: the L2 norm of a layer's step divided by the L2 norm of its weights, at lr 1. Range: above 0, at most 1. Default: 0.001. */
  trustCoefficient?: number | undefined
  /** Whether biases and batch norm take unscaled steps without weight decay. Default: true. */
  excludeBiasAndNorm?: boolean | undefined
}

/** The optimizer `adam` with all its options. */
export interface AdamOptimizer {
  /** Its name. */
  readonly name: 'adam'
  /** Learning rate. Range: above 0, at most 1,000. Default: 0.0003. */
  readonly lr: number
  /** Decay rates of the running averages of the gradient and of its square. Range: 0 or more, below 1. Default: [0.9, 0.999]. */
  readonly betas: readonly [number, number]
  /** Small term in the denominator, for numerical stability. Range: above 0, at most 1. Default: 1e-8. */
  readonly eps: number
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 to 1. Default: 0. */
  readonly weightDecay: number
}

/** The optimizer `sgd` with all its options. */
export interface SgdOptimizer {
  /** Its name. */
  readonly name: 'sgd'
  /** Learning rate. Range: above 0, at most 1,000. Default: 0.01. */
  readonly lr: number
  /** Momentum: the share of the previous step that is added to the next one. Range: 0 or more, below 1. Default: 0.9. */
  readonly momentum: number
  /** Whether to use Nesterov momentum. Default: false. */
  readonly nesterov: boolean
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 to 1. Default: 0. */
  readonly weightDecay: number
}

/** The optimizer `lars` with all its options. */
export interface LarsOptimizer {
  /** Its name. */
  readonly name: 'lars'
  /** Learning rate. Range: above 0, at most 1,000. Default: 0.3. */
  readonly lr: number
  /** Momentum: the share of the previous step that is added to the next one. Range: 0 or more, below 1. Default: 0.9. */
  readonly momentum: number
  /** Weight decay: an L2 penalty that is added to the gradient. Range: 0 to 1. Default: 0.000001. */
  readonly weightDecay: number
  /** Trust coefficient: the L2 norm of a layer's step divided by the L2 norm of its weights, at lr 1. Range: above 0, at most 1. Default: 0.001. */
  readonly trustCoefficient: number
  /** Whether biases and batch norm take unscaled steps without weight decay. Default: true. */
  readonly excludeBiasAndNorm: boolean
}

/** Any optimizer with all its options: adam, sgd, lars. */
export type Optimizer = AdamOptimizer | SgdOptimizer | LarsOptimizer

/** Names of the optimizers. */
export type OptimizerName = 'adam' | 'sgd' | 'lars'

/** Any optimizer as you write it: options that you leave out have their defaults. */
export type OptimizerInput =
  | ({
      /** Name of the optimizer. */
      name: 'adam'
    } & AdamOptions)
  | ({
      /** Name of the optimizer. */
      name: 'sgd'
    } & SgdOptions)
  | ({
      /** Name of the optimizer. */
      name: 'lars'
    } & LarsOptions)

/** Options of `cosine`. */
export interface CosineOptions {
  /** Steps in which the learning rate rises from 0 to that of the optimizer. Range: 0 or more. Default: 0. */
  warmupSteps?: number | undefined
  /** Steps, warm-up included, until the rate has fallen to `floor`. Range: 1 or more. Default: all steps of the training. */
  totalSteps?: number | undefined
  /** Final learning rate as a share of that of the optimizer. Range: 0 to 1. Default: 0. */
  floor?: number | undefined
}

/** The schedule `constant` with all its options. */
export interface ConstantSchedule {
  /** Its name. */
  readonly name: 'constant'
}

/** The schedule `cosine` with all its options. */
export interface CosineSchedule {
  /** Its name. */
  readonly name: 'cosine'
  /** Steps in which the learning rate rises from 0 to that of the optimizer. Range: 0 or more. Default: 0. */
  readonly warmupSteps: number
  /** Steps, warm-up included, until the rate has fallen to `floor`. Range: 1 or more. Default: all steps of the training. */
  readonly totalSteps?: number | undefined
  /** Final learning rate as a share of that of the optimizer. Range: 0 to 1. Default: 0. */
  readonly floor: number
}

/** Any schedule with all its options: constant, cosine. */
export type Schedule = ConstantSchedule | CosineSchedule

/** Names of the schedules. */
export type ScheduleName = 'constant' | 'cosine'

/** Any schedule as you write it: options that you leave out have their defaults. */
export type ScheduleInput =
  | {
      /** Name of the schedule. */
      name: 'constant'
    }
  | ({
      /** Name of the schedule. */
      name: 'cosine'
    } & CosineOptions)

/** Names that `preset` takes. */
export type PresetName = 'clmr' | 'clmr-paper' | 'moco' | 'byol' | 'supervised' | 'small'

/** Options of `Trainer.create`. */
export interface TrainerOptions extends TrainerOverrides {
  /** Checkpoint or run directory with the encoder and projector weights to start from. */
  initFrom?: string | undefined
  /** Layers of the network. Default: those of the weights to start from, otherwise those of CLMR. */
  architecture?: ArchitectureOptions | undefined
  /** Whether to keep the encoder unchanged, including its batch norm statistics, and train only what follows it, such as the classifier. Default: false. */
  freeze?: boolean | undefined
  /** Folder for config, metrics and checkpoints. Default: nothing is written. */
  runDirectory?: string | undefined
  /** Encoder with the weights to start from. They are copied. Default: new weights. */
  encoder?: Encoder | undefined
}

/** All options that are stored with a run; YAML files use the same names. */
export interface TrainerConfig {
  /** Checkpoint or run directory with the encoder and projector weights to start from. */
  readonly initFrom?: string | undefined
  /** Layers of the network. Default: those of the weights to start from, otherwise those of CLMR. */
  readonly architecture?: Architecture | undefined
  /** How views are made: an Augmenter or its options. Default: two views by the published chain, with the seed of the training and the clip length of the network. */
  readonly augmenter: AugmenterSettings
  /** What is learned: ntXent, infoNce, byol, supervised or vicReg, with its options. */
  readonly objective: Objective
  /** Sizes of the projector between encoder and objective. Default: { hidden: 512, out: 64 }. */
  readonly projection: {
    /** Units of the hidden layer. Range: 1 to 65,536. Default: 512. */
    readonly hidden: number
    /** Dimensions of a projection. Range: 1 to 65,536. Default: 64. */
    readonly out: number
  }
  /** Optimizer: adam, sgd or lars, with its options. */
  readonly optimizer: Optimizer
  /** Learning rate over time: constant, or cosine with a warm-up. */
  readonly schedule: Schedule
  /** Whether to keep the encoder unchanged, including its batch norm statistics, and train only what follows it, such as the classifier. Default: false. */
  readonly freeze?: boolean | undefined
  /** Learning rate of the encoder; `schedule` scales it too. Range: 0 to 1,000. Default: that of the optimizer. */
  readonly encoderLr?: number | undefined
  /** Batch norm statistics over all views together ('joint'), or over each view by itself ('separate', as in CLMR's code). Default: 'joint'. */
  readonly viewNorm: 'joint' | 'separate'
  /** Examples per batch. With ntXent, each is compared with all others in its batch. Range: 2 or more. Default: 48. */
  readonly batchSize: number
  /** Batches per step; their gradients are averaged. Each batch has its own batch norm statistics. Range: 1 or more. Default: 1. */
  readonly accumulate: number
  /** Examples that the encoder processes at once. This saves memory at the cost of a second forward pass; each chunk has its own batch norm statistics. Range: 2 or more. Default: the whole batch. */
  readonly chunkSize?: number | undefined
  /** Maximum global gradient norm (L2); a larger gradient is scaled down to it. Range: above 0. Default: no limit. */
  readonly clipGradientNorm?: number | undefined
  /** Passes over the data set. Range: 1 or more. Default: 100. */
  readonly epochs: number
  /** Maximum number of steps. Range: 1 or more. Default: no limit besides the epochs. */
  readonly maxSteps?: number | undefined
  /** Measures the encoder on the tracks of `validation`: how well a track is found again by a crop of it (retrieval), whether the nearest tracks have the same label (knn), how well a linear probe does (probe). Default: only the loss is measured. */
  readonly monitor?:
    | {
        /** Epochs between measurements. Range: 1 or more. Default: 1. */
        readonly every: number
        /** What is measured. The first one decides which weights are best, and when `patience` ends the training. */
        readonly measures: readonly ('retrieval' | 'knn' | 'probe')[]
      }
    | undefined
  /** Training ends after this many measurements in a row without improvement. What must improve is the first measure of `monitor`, or the validation loss if there is no monitor. Range: 1 or more. Default: no early stopping. */
  readonly patience?: number | undefined
  /** Number format of activations. 'bfloat16' halves their memory and is faster on CUDA and on CPUs with AVX512-BF16; sums, weights and optimizer state stay in float32. 'auto' measures which of the two is faster here, once per process, in a few seconds. Default: 'float32'. */
  readonly precision: 'float32' | 'bfloat16' | 'auto'
  /** Seed of weights, order, crops and transforms. Range: 0 or more. Default: 42. */
  readonly seed: number
  /** Folder for config, metrics and checkpoints. Default: nothing is written. */
  readonly runDirectory?: string | undefined
  /** Steps between checkpoints. Range: 1 or more. Default: 100. */
  readonly checkpointEvery: number
  /** Number of latest checkpoints to keep. Range: 1 or more. Default: 3. */
  readonly keepCheckpoints: number
  /** Implementation of the encoder: 'fused' is faster and takes a third of the memory; 'plain' runs the operations of libtorch, which round as PyTorch does. Default: 'fused'. */
  readonly kernels: 'plain' | 'fused'
  /** Where to train. 'auto' is CUDA if available, otherwise the CPU. A run may be resumed on another device. Default: 'auto'. */
  readonly device: 'auto' | 'cpu' | 'cuda' | `cuda:${number}`
  /** Whether CUDA may round the inputs of float32 products to TF32, which is faster and has a relative error of about 1e-3. During calls with `tf32`, it applies to all work of libtorch in the process. Default: false. */
  readonly tf32?: boolean | undefined
}

/** Options of `Trainer.resume`. */
export interface TrainerOverrides {
  /** How views are made: an Augmenter or its options. Default: two views by the published chain, with the seed of the training and the clip length of the network. */
  augmenter?: AugmenterOptions | undefined
  /** What is learned: ntXent, infoNce, byol, supervised or vicReg, with its options. */
  objective?: ObjectiveInput | undefined
  /** Sizes of the projector between encoder and objective. Default: { hidden: 512, out: 64 }. */
  projection?:
    | {
        /** Units of the hidden layer. Range: 1 to 65,536. Default: 512. */
        hidden?: number | undefined
        /** Dimensions of a projection. Range: 1 to 65,536. Default: 64. */
        out?: number | undefined
      }
    | undefined
  /** Optimizer: adam, sgd or lars, with its options. */
  optimizer?: OptimizerInput | undefined
  /** Learning rate over time: constant, or cosine with a warm-up. */
  schedule?: ScheduleInput | undefined
  /** Learning rate of the encoder; `schedule` scales it too. Range: 0 to 1,000. Default: that of the optimizer. */
  encoderLr?: number | undefined
  /** Batch norm statistics over all views together ('joint'), or over each view by itself ('separate', as in CLMR's code). Default: 'joint'. */
  viewNorm?: 'joint' | 'separate' | undefined
  /** Examples per batch. With ntXent, each is compared with all others in its batch. Range: 2 or more. Default: 48. */
  batchSize?: number | undefined
  /** Batches per step; their gradients are averaged. Each batch has its own batch norm statistics. Range: 1 or more. Default: 1. */
  accumulate?: number | undefined
  /** Examples that the encoder processes at once. This saves memory at the cost of a second forward pass; each chunk has its own batch norm statistics. Range: 2 or more. Default: the whole batch. */
  chunkSize?: number | undefined
  /** Maximum global gradient norm (L2); a larger gradient is scaled down to it. Range: above 0. Default: no limit. */
  clipGradientNorm?: number | undefined
  /** Passes over the data set. Range: 1 or more. Default: 100. */
  epochs?: number | undefined
  /** Maximum number of steps. Range: 1 or more. Default: no limit besides the epochs. */
  maxSteps?: number | undefined
  /** Measures the encoder on the tracks of `validation`: how well a track is found again by a crop of it (retrieval), whether the nearest tracks have the same label (knn), how well a linear probe does (probe). Default: only the loss is measured. */
  monitor?:
    | {
        /** Epochs between measurements. Range: 1 or more. Default: 1. */
        every?: number | undefined
        /** What is measured. The first one decides which weights are best, and when `patience` ends the training. */
        measures: readonly ('retrieval' | 'knn' | 'probe')[]
      }
    | undefined
  /** Training ends after this many measurements in a row without improvement. What must improve is the first measure of `monitor`, or the validation loss if there is no monitor. Range: 1 or more. Default: no early stopping. */
  patience?: number | undefined
  /** Number format of activations. 'bfloat16' halves their memory and is faster on CUDA and on CPUs with AVX512-BF16; sums, weights and optimizer state stay in float32. 'auto' measures which of the two is faster here, once per process, in a few seconds. Default: 'float32'. */
  precision?: 'float32' | 'bfloat16' | 'auto' | undefined
  /** Seed of weights, order, crops and transforms. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Steps between checkpoints. Range: 1 or more. Default: 100. */
  checkpointEvery?: number | undefined
  /** Number of latest checkpoints to keep. Range: 1 or more. Default: 3. */
  keepCheckpoints?: number | undefined
  /** Implementation of the encoder: 'fused' is faster and takes a third of the memory; 'plain' runs the operations of libtorch, which round as PyTorch does. Default: 'fused'. */
  kernels?: 'plain' | 'fused' | undefined
  /** Where to train. 'auto' is CUDA if available, otherwise the CPU. A run may be resumed on another device. Default: 'auto'. */
  device?: 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | undefined
  /** Whether CUDA may round the inputs of float32 products to TF32, which is faster and has a relative error of about 1e-3. During calls with `tf32`, it applies to all work of libtorch in the process. Default: false. */
  tf32?: boolean | undefined
  /** Tracks to train on. `fit` and `steps` need them; `step` does not. */
  dataset?: Dataset | undefined
  /** Tracks (at least 2) on which the loss, and the measures of `monitor`, are computed after every epoch. */
  validation?: Dataset | undefined
  /** Called with each warning about the initial weights, the options or the course of the training. Default: warnings go to `process.emitWarning`. */
  onWarning?: OnWarning | undefined
}

/** Options of `Trainer.fit`. */
export interface FitOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called after every step; a promise is awaited. */
  onStep?: ((step: StepResult) => void | Promise<void>) | undefined
  /** Called after the last step of every epoch; a promise is awaited. */
  onEpoch?: ((epoch: EpochResult) => void | Promise<void>) | undefined
}

/** Options of `Trainer.steps`. */
export interface StepsOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Options of `Trainer.step`. */
export interface StepOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** For supervised training: 0 or 1 for each example and class, one row per example. */
  labels?: Float32Array | undefined
}
