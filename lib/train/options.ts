/** Every option of a training, once: from this table come types, checks, YAML files, flags and documentation. */
import { z } from 'zod'
import { isFloats } from '../arrays.js'
import { Augmenter } from '../augment/augmenter.js'
import { augmenterOptions } from '../augment/options.js'
import { Dataset } from '../cache/dataset.js'
import { CLIP_LENGTH } from '../clip.js'
import { MEASURES } from '../evaluate/monitor.js'
import { CLMR_ARCHITECTURE } from '../model/architecture.js'
import { architectureOption } from '../model/architecture-options.js'
import { Encoder } from '../model/encoder.js'
import type { Architecture } from '../model/option-types.js'
import { descriptorOf, objectiveNames, objectiveOption, usualObjective } from '../objective/objectives.js'
import type { Objective } from '../objective/option-types.js'
import {
  callbackOption,
  deviceOption,
  instanceOption,
  type OptionsPath,
  parseOptions,
  precisionOption,
  seedOption,
  signalOption,
  tf32Option,
  typed,
  warningOption,
} from '../options.js'
import { optimizerOption } from './optimizer-tables.js'
import { adam } from './optimizers.js'
import type { TrainerConfig } from './option-types.js'
import { scheduleOption } from './schedule-tables.js'
import { constant } from './schedules.js'
import type { EpochResult, StepResult } from './types.js'

const count = (max = 1e9) => z.number().int().min(1).max(max)
/** Examples: fewer have nothing to be compared with, and batch norm no spread. */
export const LEAST_BATCH = 2
const folder = z.string().min(1)

const augmenterOption = (
  z.preprocess((value) => {
    if (!(value instanceof Augmenter)) return value
    const { transforms, views, clipLength, sampleRate, seed } = value
    return { transforms, views, clipLength, sampleRate, seed } // a trainer has a device of its own
  }, augmenterOptions) as unknown as z.ZodType<
    z.output<typeof augmenterOptions>,
    Augmenter | z.input<typeof augmenterOptions>
  >
)
  // an Augmenter is AugmenterOptions too; editors show no text for a member that both sides of a union have
  .meta(typed('AugmenterOptions', 'AugmenterSettings'))

const projectionOption = z.strictObject({
  hidden: count(65536).default(512).describe('Units of the hidden layer.'),
  out: count(65536).default(64).describe('Dimensions of a projection.'),
})

/**
 * What can be written in a file: everything but objects that are alive. `flag`: it has a flag of its own on the command
 * line, with its description or the one given; `free`: it changes nothing in the numbers of the steps that follow, so that
 * a run may go on with another value.
 */
export const trainerConfig = z.strictObject({
  initFrom: folder
    .optional()
    .describe('Checkpoint or run directory with the encoder and projector weights to start from.')
    .meta({ flag: true, free: true, placeholder: 'model' }),
  architecture: architectureOption
    .optional()
    .describe('Layers of the network. Default: those of the weights to start from, otherwise those of CLMR.'),
  augmenter: augmenterOption
    .default(() => augmenterOptions.parse({}))
    .describe(
      'How views are made: an Augmenter or its options. Default: two views by the published chain, with the seed of the training and the clip length of the network.',
    ),
  objective: objectiveOption
    .default(usualObjective)
    .describe(
      `What is learned: ${objectiveNames.slice(0, -1).join(', ')} or ${objectiveNames.at(-1)}, with its options.`,
    )
    .meta({
      flag: `Training objective, with its usual settings: ${objectiveNames.join(', ')}.`,
      placeholder: 'name',
    }),
  projection: projectionOption
    .default(() => projectionOption.parse({}))
    .describe('Sizes of the projector between encoder and objective.'),
  optimizer: optimizerOption
    .default(() => adam())
    .describe('Optimizer: adam, sgd or lars, with its options.'),
  schedule: scheduleOption
    .default(() => constant())
    .describe('Learning rate over time: constant, or cosine with a warm-up.'),
  freeze: z
    .boolean()
    .optional()
    .describe(
      'Whether to keep the encoder unchanged, including its batch norm statistics, and train only what follows it, such as the classifier. Default: false.',
    )
    .meta({ flag: true }),
  encoderLr: z
    .number()
    .min(0)
    .max(1e3)
    .optional()
    .describe('Learning rate of the encoder; `schedule` scales it too. Default: that of the optimizer.')
    .meta({ flag: true, placeholder: 'rate' }),
  viewNorm: z
    .enum(['joint', 'separate'])
    .default('joint')
    .describe(
      "Batch norm statistics over all views together ('joint'), or over each view by itself ('separate', as in CLMR's code).",
    )
    .meta({ flag: true }),
  batchSize: count(1e6)
    .min(LEAST_BATCH)
    .default(48)
    .describe('Examples per batch. With ntXent, each is compared with all others in its batch.')
    .meta({
      flag: 'Examples per batch; with ntXent, each is compared with all others in its batch (default: 48, or all tracks if there are fewer)',
    }),
  accumulate: count(1e6)
    .default(1)
    .describe('Batches per step; their gradients are averaged. Each batch has its own batch norm statistics.')
    .meta({ flag: true }),
  chunkSize: count(1e6)
    .min(LEAST_BATCH)
    .optional()
    .describe(
      'Examples that the encoder processes at once. This saves memory at the cost of a second forward pass; each chunk has its own batch norm statistics. Default: the whole batch.',
    )
    .meta({ flag: true }),
  clipGradientNorm: z
    .number()
    .positive()
    .max(1e9)
    .optional()
    .describe('Maximum global gradient norm (L2); a larger gradient is scaled down to it. Default: no limit.')
    .meta({ flag: true, placeholder: 'norm' }),
  epochs: count().default(100).describe('Passes over the data set.').meta({ flag: true, free: true }),
  maxSteps: count()
    .optional()
    .describe('Maximum number of steps. Default: no limit besides the epochs.')
    .meta({ flag: true, free: true }),
  monitor: z
    .strictObject({
      every: count().default(1).describe('Epochs between measurements.'),
      measures: z
        .array(z.enum(MEASURES))
        .min(1)
        .describe(
          'What is measured. The first one decides which weights are best, and when `patience` ends the training.',
        ),
    })
    .optional()
    .describe(
      'Measures the encoder on the tracks of `validation`: how well a track is found again by a crop of it (retrieval), whether the nearest tracks have the same label (knn), how well a linear probe does (probe). Default: only the loss is measured.',
    )
    .meta({ free: true }),
  patience: count()
    .optional()
    .describe(
      'Training ends after this many measurements in a row without improvement. What must improve is the first measure of `monitor`, or the validation loss if there is no monitor. Default: no early stopping.',
    )
    .meta({ flag: true, free: true }),
  precision: precisionOption(
    "Number format of activations. 'bfloat16' halves their memory and is faster on CUDA and on CPUs with AVX512-BF16; sums, weights and optimizer state stay in float32. 'auto' measures which of the two is faster here, once per process, in a few seconds.",
  ).meta({ flag: true }),
  seed: seedOption('Seed of weights, order, crops and transforms.').meta({ flag: true }),
  runDirectory: folder
    .optional()
    .describe('Folder for config, metrics and checkpoints. Default: nothing is written.')
    .meta({ free: true }),
  checkpointEvery: count()
    .default(100)
    .describe('Steps between checkpoints.')
    .meta({ flag: true, free: true }),
  keepCheckpoints: count(1e6)
    .default(3)
    .describe('Number of latest checkpoints to keep.')
    .meta({ flag: true, free: true }),
  kernels: z
    .enum(['plain', 'fused'])
    .default('fused')
    .describe(
      "Implementation of the encoder: 'fused' is faster and takes a third of the memory; 'plain' runs the operations of libtorch, which round as PyTorch does.",
    ),
  device: deviceOption(
    "Where to train. 'auto' is CUDA if available, otherwise the CPU. A run may be resumed on another device.",
  ).meta({ flag: true, free: true }),
  tf32: tf32Option.meta({ free: true }),
})

/** The part that the native side computes with, whole: the fields of `TrainerSpec` in native/train. */
export const trainerSpec = trainerConfig.omit({
  initFrom: true,
  encoderLr: true,
  schedule: true,
  monitor: true,
  patience: true,
  epochs: true,
  maxSteps: true,
  runDirectory: true,
  checkpointEvery: true,
  keepCheckpoints: true,
})

export const trainerOptions = trainerConfig.extend({
  encoder: instanceOption(Encoder, 'an Encoder')
    .optional()
    .describe('Encoder with the weights to start from. They are copied. Default: new weights.'),
  dataset: instanceOption(Dataset, 'a Dataset')
    .optional()
    .describe('Tracks to train on. `fit` and `steps` need them; `step` does not.'),
  validation: instanceOption(Dataset, 'a Dataset')
    .optional()
    .describe(
      'Tracks (at least 2) on which the loss, and the measures of `monitor`, are computed after every epoch.',
    ),
  onWarning: warningOption(
    'Called with each warning about the initial weights, the options or the course of the training. Default: warnings go to `process.emitWarning`.',
  ),
})

/** What a run has from its beginning. */
const SETTLED = {
  encoder: true,
  initFrom: true,
  runDirectory: true,
  architecture: true,
  freeze: true,
} as const
export const settledOptions = Object.keys(SETTLED)

/** Of `Trainer.resume`: what a run may be given anew. */
export const trainerOverrides = trainerOptions.omit(SETTLED)

/** Of `Trainer.steps`. */
export const stepsOptions = z.strictObject({ signal: signalOption })
/** Of `Trainer.step`. */
export const stepOptions = stepsOptions.extend({
  labels: z
    .custom<Float32Array>(isFloats, { message: 'expected a Float32Array' })
    .optional()
    .describe('For supervised training: 0 or 1 for each example and class, one row per example.')
    .meta(typed('Float32Array')),
})
/** Of `Trainer.fit`. */
export const fitOptions = stepsOptions.extend({
  onStep: callbackOption<StepResult, void | Promise<void>>(
    '(step: StepResult) => void | Promise<void>',
    'Called after every step; a promise is awaited.',
  ),
  onEpoch: callbackOption<EpochResult, void | Promise<void>>(
    '(epoch: EpochResult) => void | Promise<void>',
    'Called after the last step of every epoch; a promise is awaited.',
  ),
})

interface OfNetwork {
  architecture?: Architecture | undefined
  augmenter: { clipLength: number }
  objective: Objective
}
/** Options that know their network, and make views for it. */
export type ForNetwork<T> = T & { architecture: Architecture }
export type TrainerSpec = ForNetwork<z.output<typeof trainerSpec>>
export type CompleteTrainerOptions = z.output<typeof trainerOptions>

/**
 * Fills in the network, and the clip length of the views where nobody has asked for another.
 * @param found of the weights to start from
 */
export function forNetwork<T extends OfNetwork>(
  options: T,
  found: Architecture = CLMR_ARCHITECTURE,
): ForNetwork<T> {
  const { augmenter, objective } = options
  const supervised = descriptorOf(objective).classifier
  const architecture = { ...(options.architecture ?? found), supervised }
  const usual = augmenter.clipLength === CLIP_LENGTH
  const clipLength = usual ? architecture.clipLength : augmenter.clipLength
  return { ...options, architecture, augmenter: { ...augmenter, clipLength } }
}

/** What is stored with a run: the options that can be written in a file. */
export function storedOptions(options: ForNetwork<CompleteTrainerOptions>): ForNetwork<TrainerConfig> {
  const {
    encoder: _encoder,
    dataset: _dataset,
    validation: _validation,
    onWarning: _told,
    ...stored
  } = options
  return stored
}

/** The chain draws from the seed of the training unless it has one of its own. */
export function withSeeds<T>(input: T): T {
  const { seed, augmenter } = (input ?? {}) as { seed?: unknown; augmenter?: unknown }
  if (seed === undefined || augmenter instanceof Augmenter) return input
  if (augmenter !== undefined && (typeof augmenter !== 'object' || augmenter === null)) return input
  return { ...input, augmenter: { seed, ...augmenter } }
}

/** @throws ConfigError */
export function parseTrainerOptions(input: unknown, where: string): CompleteTrainerOptions {
  return parseOptions(trainerOptions, withSeeds(input), where)
}

/** @throws ConfigError */
export function parseTrainerConfig(input: unknown, where: string, path?: OptionsPath): TrainerConfig {
  return parseOptions(trainerConfig, withSeeds(input), where, path)
}
