/** Every option of a training, once: from this table come types, checks, YAML files, flags and documentation. */
import { z } from 'zod'
import { Augmenter } from '../augment/augmenter.js'
import { augmenterOptions } from '../augment/options.js'
import { Dataset } from '../cache/dataset.js'
import { Encoder } from '../model/encoder.js'
import { ntXent } from '../objective/nt-xent.js'
import { objectiveNames, objectiveOption } from '../objective/objectives.js'
import {
  callbackOption,
  deviceOption,
  type OptionsPath,
  parseOptions,
  precisionOption,
  seedOption,
  signalOption,
} from '../options.js'
import { optimizerOption } from './optimizer-tables.js'
import { adam } from './optimizers.js'
import { scheduleOption } from './schedule-tables.js'
import { constant } from './schedules.js'
import type { EpochResult, StepResult } from './types.js'

const count = (max = 1e9) => z.number().int().min(1).max(max)
/** Examples: fewer have nothing to be compared with, and batch norm no spread. */
export const LEAST_BATCH = 2
const folder = z.string().min(1)

const augmenterOption = z.preprocess((value) => {
  if (!(value instanceof Augmenter)) return value
  const { transforms, views, clipLength, sampleRate, seed } = value
  return { transforms, views, clipLength, sampleRate, seed }
}, augmenterOptions) as unknown as z.ZodType<
  z.output<typeof augmenterOptions>,
  Augmenter | z.input<typeof augmenterOptions>
>

/**
 * What can be written in a file: everything but objects that are alive. `flag`: it has a flag of its own on the command
 * line, with its description or the one given; `free`: it changes nothing in the numbers of the steps that follow, so that
 * a run may go on with another value.
 */
export const trainerConfig = z.strictObject({
  initFrom: folder
    .optional()
    .describe('checkpoint or run directory whose encoder and projector weights to start from')
    .meta({ flag: true, free: true }),
  augmenter: augmenterOption
    .default(() => augmenterOptions.parse({}))
    .describe('how views are made; by default the published chain, two views, with the seed of the training'),
  objective: objectiveOption
    .default(() => ntXent())
    .describe(`what is learned: ${objectiveNames.slice(0, -1).join(', ')} or ${objectiveNames.at(-1)}`),
  projection: z
    .strictObject({
      hidden: count(65536).default(512).describe('units of the hidden layer'),
      out: count(65536).default(64).describe('dimensions in which the objective compares'),
    })
    .default({ hidden: 512, out: 64 })
    .describe('the projector between encoder and objective, where the objective has one'),
  optimizer: optimizerOption.default(() => adam()).describe('adam, sgd or lars, with its settings'),
  schedule: scheduleOption
    .default(() => constant())
    .describe('learning rate over time: constant, or cosine with a warm-up'),
  viewNorm: z
    .enum(['joint', 'separate'])
    .default('joint')
    .describe('batch norm over all views at once, or a pass a view (as CLMR)')
    .meta({ flag: true }),
  batchSize: count(1e6)
    .min(LEAST_BATCH)
    .default(48)
    .describe('examples that are compared with each other')
    .meta({ flag: true }),
  accumulate: count(1e6)
    .default(1)
    .describe('batches of a step, which follows the mean of their gradients; statistics are those of each')
    .meta({ flag: true }),
  chunkSize: count(1e6)
    .min(LEAST_BATCH)
    .optional()
    .describe(
      'examples that the encoder sees at once: a batch of any size in the memory of one chunk, for one more forward pass; batch norm sees a chunk',
    )
    .meta({ flag: true }),
  clipGradientNorm: z
    .number()
    .positive()
    .max(1e9)
    .optional()
    .describe('scale a gradient down whose L2 norm over all parameters is larger')
    .meta({ flag: true }),
  epochs: count().default(100).describe('passes over the data set').meta({ flag: true, free: true }),
  maxSteps: count()
    .optional()
    .describe('stop after so many steps, whatever the epochs say')
    .meta({ flag: true, free: true }),
  precision: precisionOption(
    'bfloat16 keeps activations rounded to 8 bits, in half the memory, and on CPUs with AVX512-BF16 the backward pass multiplies in it, which is faster; sums, weights and optimizer are float32 either way',
  ),
  seed: seedOption('of weights, order, crops and transforms').meta({ flag: true }),
  runDirectory: folder
    .optional()
    .describe('where config, metrics and checkpoints are kept')
    .meta({ free: true }),
  checkpointEvery: count()
    .default(100)
    .describe('steps from one checkpoint to the next')
    .meta({ flag: true, free: true }),
  keepCheckpoints: count(1e6)
    .default(3)
    .describe('how many of the latest checkpoints to keep')
    .meta({ flag: true, free: true }),
  kernels: z
    .enum(['plain', 'fused'])
    .default('fused')
    .describe(
      'fused: faster, in a third of the memory; plain: the operations of libtorch, which round as PyTorch does',
    ),
  device: deviceOption('auto, cpu, cuda or cuda:N').meta({
    flag: 'cpu (training runs on the CPU so far)',
    free: true,
  }),
})

/** The part that the native side computes with, whole: the fields of `TrainerSpec` in native/train. */
export const trainerSpec = trainerConfig.omit({
  initFrom: true,
  schedule: true,
  epochs: true,
  maxSteps: true,
  runDirectory: true,
  checkpointEvery: true,
  keepCheckpoints: true,
})

const instance = <T>(type: { readonly prototype: T }, name: string) =>
  z.custom<T>((value) => value instanceof (type as unknown as new () => object), {
    message: `expected ${name}`,
  })

export const trainerOptions = trainerConfig.extend({
  encoder: instance(Encoder, 'an Encoder')
    .optional()
    .describe('the encoder whose weights to start from, copied'),
  dataset: instance(Dataset, 'a Dataset').optional().describe('the tracks to train on'),
  validation: instance(Dataset, 'a Dataset')
    .optional()
    .describe('tracks whose loss is measured after every epoch; fewer than 2 have none'),
})

/** Of `Trainer.steps`. */
export const stepsOptions = z.strictObject({ signal: signalOption })
/** Of `Trainer.step`. */
export const stepOptions = stepsOptions.extend({
  labels: z.instanceof(Float32Array, { message: 'expected a Float32Array' }).optional(),
})
/** Of `Trainer.fit`. */
export const fitOptions = stepsOptions.extend({
  onStep: callbackOption<StepResult, void | Promise<void>>(),
  onEpoch: callbackOption<EpochResult, void | Promise<void>>(),
})

/** Options of `Trainer.create`. What is left out takes its default. */
export type TrainerOptions = z.input<typeof trainerOptions>
/** The part of the options that is stored with a run and can be written in YAML, complete. */
export type TrainerConfig = z.output<typeof trainerConfig>
export type TrainerSpec = z.output<typeof trainerSpec>
export type CompleteTrainerOptions = z.output<typeof trainerOptions>

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
