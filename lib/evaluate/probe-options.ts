import { z } from 'zod'
import { fileOptions } from '../model/options.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { callbackOption, objectOption, seedOption, signalOption, warningOption } from '../options.js'
import type { ProbeSettings } from './option-types.js'
import type { EvaluationSet, ProbeProgress } from './types.js'
import { cacheOption } from './vector-store.js'

const positive = z.number().positive().finite()
const count = z.number().int().positive()

/** The published protocol of CLMR (Spijkervet & Burgoyne, ISMIR 2021), as defaults. */
export const probeOptions = z.strictObject({
  hidden: z
    .number()
    .int()
    .min(0)
    .max(65536)
    .default(0)
    .describe('Units of a hidden layer with ReLU; 0 for a linear probe. The paper also reports 512.'),
  lr: positive.default(1e-3).describe('Learning rate of Adam.'),
  weightDecay: z
    .number()
    .min(0)
    .finite()
    .default(1e-6)
    .describe('Weight decay: an L2 penalty that is added to the gradient.'),
  batchSize: count.default(256).describe('Clips per step.'),
  maxEpochs: count.default(200).describe('Maximum number of epochs.'),
  plateauFactor: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('Factor that the learning rate is multiplied by on a plateau of the validation loss.'),
  plateauPatience: z
    .number()
    .int()
    .min(0)
    .default(5)
    .describe('Epochs without a better validation loss after which the learning rate is reduced.'),
  stopPatience: count
    .default(10)
    .describe('Epochs without a better validation loss after which the training ends.'),
  seed: seedOption('Seed of the initial weights and of the order of the clips.'),
  standardize: z
    .boolean()
    .default(false)
    .describe(
      'Whether to train on features scaled to mean 0 and standard deviation 1; the published protocol does not.',
    ),
})

const onProgress = callbackOption<ProbeProgress>(
  '(progress: ProbeProgress) => void',
  'Called after every track that is embedded, and around the training of the head.',
)

/** Of `LinearProbe.fit`. What comes with the settings is checked there. */
export const probeFitOptions = probeOptions.extend({
  encoder: objectOption<TrackEncoder>(
    'TrackEncoder',
    'Encoder of the embeddings; its weights stay as they are.',
  ),
  train: objectOption<EvaluationSet>('EvaluationSet', 'Tracks to train on: a data set, or its embeddings.'),
  validation: objectOption<EvaluationSet>(
    'EvaluationSet',
    'Tracks for early stopping, of the same classes: a data set, or its embeddings.',
  ),
  cache: cacheOption,
  signal: signalOption,
  onProgress,
})
/** Of `LinearProbe.load`. */
export const probeLoadOptions = z.strictObject({
  encoder: objectOption<TrackEncoder>(
    'TrackEncoder',
    'Encoder that the probe was fitted with. Without one, the probe judges embeddings only.',
  ).optional(),
  classes: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('For the head of a checkpoint: names of its classes. Default: class 0, class 1 and so on.'),
  task: z
    .enum(['multilabel', 'multiclass'])
    .optional()
    .describe(
      "For the head of a checkpoint: whether a track has any number of its classes, or one. Default: 'multilabel'.",
    ),
})
/** Of `probe.predictFile`. */
export const probePredictOptions = z.strictObject({
  signal: signalOption,
  onWarning: warningOption('Called with each warning about the file. Default: they are dropped.'),
})
/** Of `probe.predictOverTime`. */
export const probeOverTimeOptions = probePredictOptions.extend({ hop: fileOptions.shape.hop })
/** Of `probe.evaluate`. */
export const probeEvaluateOptions = z.strictObject({
  cache: cacheOption,
  signal: signalOption,
  onProgress,
})

/** The part that the native side fits a head with; where a probe is fitted the data adds its classes. */
export type ProbeSpec = Pick<ProbeSettings, keyof ProbeSettings> & { classes: number; multilabel: boolean }
