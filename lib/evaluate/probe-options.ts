import { z } from 'zod'
import { fileOptions } from '../model/options.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { callbackOption, objectOption, seedOption, signalOption, warningOption } from '../options.js'
import { PROTOCOL_NAMES } from './protocols.js'
import type { EvaluationSet, ProbeProgress } from './types.js'
import { cacheOption } from './vector-store.js'

const positive = z.number().positive().finite()
const count = z.number().int().positive()

/**
 * The protocol of the paper of CLMR (Spijkervet & Burgoyne, ISMIR 2021), as defaults. `flag`: it has a flag of its own on
 * the command line, with its description or the one given.
 */
export const probeOptions = z.strictObject({
  protocol: z
    .enum(PROTOCOL_NAMES)
    .default('paper')
    .describe(
      "Published protocol, which sets the defaults of the other options: 'paper' (CLMR's paper), 'clmr-code' (CLMR's code), 'marble' (MARBLE) or 'mir-ref' (mir_ref).",
    )
    .meta({ flag: true, placeholder: 'name' }),
  labelFraction: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe(
      'Fraction of the training tracks to use. They are drawn at random with the seed, and keep the proportions of the classes.',
    ),
  examples: z
    .enum(['clips', 'one-clip', 'tracks'])
    .default('clips')
    .describe(
      "What the probe is trained on: all clips, one clip of each track, or the mean of the clips of each track. With 'tracks', it also predicts from these means; otherwise the prediction for a track is the mean over its clips.",
    ),
  hidden: z
    .number()
    .int()
    .min(0)
    .max(65536)
    .default(0)
    .describe(
      'Units of a hidden layer with ReLU; 0 for a linear probe. The paper also reports results with 512.',
    )
    .meta({ flag: true }),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Probability that a value of the hidden layer is dropped in training.'),
  lr: positive.default(1e-3).describe('Learning rate of Adam.'),
  lrGrid: z
    .array(positive)
    .min(1)
    .optional()
    .describe('Learning rates to choose from by validation, in place of lr. Default: lr alone.'),
  weightDecay: z
    .number()
    .min(0)
    .finite()
    .default(1e-6)
    .describe('Weight decay: an L2 penalty that is added to the gradient.'),
  batchSize: count.default(256).describe('Clips per step.'),
  maxEpochs: count.default(200).describe('Maximum number of epochs.'),
  monitor: z
    .enum(['loss', 'metric'])
    .default('loss')
    .describe(
      'What decides when the learning rate falls and when training ends: the validation loss, or the metric (accuracy, or macro ROC-AUC if a track may have several classes).',
    ),
  keep: z
    .enum(['loss', 'metric', 'last'])
    .default('loss')
    .describe(
      'Weights to keep: those of the best validation loss, of the best metric, or of the last epoch.',
    ),
  plateauFactor: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('Factor that the learning rate is multiplied by on a plateau.'),
  plateauPatience: z
    .number()
    .int()
    .min(0)
    .default(5)
    .describe('Epochs without improvement after which the learning rate is reduced.'),
  stopPatience: count.default(10).describe('Epochs without improvement after which the training ends.'),
  seed: seedOption(
    'Seed of the initial weights, of the order of the clips, and of the tracks that `labelFraction` draws.',
  ).meta({
    flag: 'Seed of the crops, of random weights, and of the probe',
  }),
  standardise: z
    .boolean()
    .default(false)
    .describe(
      "Whether to scale the features to mean 0 and standard deviation 1 before fitting the probe. The protocol of CLMR's paper does not scale them.",
    )
    .meta({ flag: true }),
})

const progressOption = (doc: string) =>
  callbackOption<ProbeProgress>('(progress: ProbeProgress) => void', doc)

/** Of `LinearProbe.fit`. What comes with the settings is checked there. */
export const probeFitOptions = probeOptions.extend({
  encoder: objectOption<TrackEncoder>(
    'TrackEncoder',
    'Encoder that makes the embeddings; its weights do not change.',
  ),
  train: objectOption<EvaluationSet>('EvaluationSet', 'Tracks to train on: a data set, or its embeddings.'),
  validation: objectOption<EvaluationSet>(
    'EvaluationSet',
    'Tracks for early stopping, with the same classes: a data set, or its embeddings.',
  ),
  cache: cacheOption,
  signal: signalOption,
  onProgress: progressOption(
    'Called after every embedded track, and before and after the training of the head.',
  ),
})
/** Of `LinearProbe.load`. */
export const probeLoadOptions = z.strictObject({
  encoder: objectOption<TrackEncoder>(
    'TrackEncoder',
    'Encoder that the probe was fitted with. Without one, the probe only predicts from embeddings.',
  ).optional(),
  classes: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('For the head of a checkpoint: the names of its classes. Default: class 0, class 1 and so on.'),
  task: z
    .enum(['multilabel', 'multiclass'])
    .optional()
    .describe(
      "For the head of a checkpoint: 'multilabel' if a track may have several classes, 'multiclass' if it has exactly one. Default: 'multilabel'.",
    ),
  onWarning: warningOption(
    'Called with each warning about the file. Default: warnings go to `process.emitWarning`.',
  ),
})
/** Of `probe.predictFile`. */
export const probePredictOptions = z.strictObject({
  signal: signalOption,
  onWarning: warningOption(
    'Called with each warning about the file. Default: warnings go to `process.emitWarning`.',
  ),
})
/** Of `probe.predictOverTime`. */
export const probeOverTimeOptions = probePredictOptions.extend({ hop: fileOptions.shape.hop })
/** Of `probe.evaluate`. */
export const probeEvaluateOptions = z.strictObject({
  cache: cacheOption,
  signal: signalOption,
  onProgress: progressOption('Called after every embedded track.'),
})

/** The part that the native side fits a head with; the data adds its classes. */
export const probeSpec = probeOptions.omit({
  protocol: true,
  labelFraction: true,
  examples: true,
  lrGrid: true,
})
export type ProbeSpec = z.output<typeof probeSpec> & { classes: number; multilabel: boolean }
