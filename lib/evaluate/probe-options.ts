import { z } from 'zod'
import { seedOption } from '../options.js'

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
    .describe('units of a hidden layer with ReLU (the paper: 512); 0 for a linear probe'),
  lr: positive.default(1e-3).describe('of Adam'),
  weightDecay: z.number().min(0).finite().default(1e-6).describe('L2 regularisation in the gradient'),
  batchSize: count.default(256).describe('clips a step'),
  maxEpochs: count.default(200).describe('epochs at most'),
  plateauFactor: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.1)
    .describe('the learning rate is multiplied by this on a plateau of the validation loss'),
  plateauPatience: z
    .number()
    .int()
    .min(0)
    .default(5)
    .describe('epochs without a better validation loss before the learning rate falls'),
  stopPatience: count
    .default(10)
    .describe('epochs without a better validation loss before the training ends'),
  seed: seedOption('of the first weights and the order of the clips'),
  standardize: z
    .boolean()
    .default(false)
    .describe(
      'train on features of mean 0 and deviation 1 (not in the published protocol); folded into the weights',
    ),
})

export type ProbeOptions = z.input<typeof probeOptions>
export type ProbeSettings = z.output<typeof probeOptions>

/** The part that the native side fits a head with; where a probe is fitted the data adds its classes. */
export type ProbeSpec = Omit<ProbeSettings, 'standardize'> & { classes: number; multilabel: boolean }
