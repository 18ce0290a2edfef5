/** Learning from labels, the baseline that the others are compared with. */
import { z } from 'zod'
import type { Dataset } from '../cache/dataset.js'
import { ConfigError } from '../errors.js'
import type { MatrixData } from '../matrix.js'
import { parseOptions, typed } from '../options.js'
import type { ObjectiveData, ObjectiveDescriptor } from './objective.js'
import type { Supervised, SupervisedOptions } from './option-types.js'

/** @internal */
export const supervisedOptions = z.strictObject({
  classes: z
    .number()
    .int()
    .min(1)
    .max(1e6)
    .optional()
    .describe('Number of classes. Default: that of the data set.'),
  multilabel: z
    .boolean()
    .optional()
    .describe('Whether an example may have any number of classes. Default: as in the data set.'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0.5)
    .describe('Probability that a value of an embedding is dropped in training.'),
  classWeights: z
    .union([z.literal('balanced'), z.array(z.number().positive().max(1e6)).min(1)], {
      message: "expected 'balanced' or a positive number for each class",
    })
    .optional()
    .describe(
      "Weight of each class in the loss: one number per class, or 'balanced', which makes rare classes count as much as frequent ones. With one class per example, the loss of an example is multiplied by the weight of its class; 'balanced' is tracks / (classes · tracks of the class). With several classes per example, each class has its own term, which is multiplied by the weight of the class in examples that have it; 'balanced' is tracks without the class / tracks with it. Default: every weight is 1.",
    )
    .meta(typed("'balanced' | readonly number[]", "'balanced' | number[]")),
})

/**
 * Supervised training for `Trainer.create`, the baseline of self-supervised training. SampleCNN learns from the
 * labels of the data set, through dropout and one linear layer. The loss is cross-entropy if every example has
 * exactly one class, and binary cross-entropy if it may have several.
 * @param options classes and multilabel (as in the data set), dropout (0.5), classWeights (1 for every class)
 * @throws ConfigError
 */
export function supervised(options: SupervisedOptions = {}): Supervised {
  return { name: 'supervised', ...parseOptions(supervisedOptions, options, 'supervised') }
}

/** @throws ConfigError if neither the options nor the data set say what there is to learn, or both differ */
function classesOf(objective: Supervised, dataset: Dataset | undefined) {
  const labelled = dataset && dataset.task !== 'none' ? dataset : undefined
  const classes = objective.classes ?? labelled?.classes.length
  const multilabel = objective.multilabel ?? labelled?.task === 'multilabel'
  if (classes === undefined || (dataset && !labelled))
    throw new ConfigError({
      what: 'supervised training learns from labels',
      given: dataset ? 'a data set without labels' : 'neither classes nor a data set',
      expected: 'a data set that was prepared with labels, or the number of classes',
      remedy: dataset ? 'Prepare it with labels' : 'Pass a dataset with labels',
    })
  if (labelled && labelled.classes.length !== classes)
    throw new ConfigError({
      what: 'the data set has another number of classes than `objective`',
      given: `classes ${classes}`,
      expected: `${labelled.classes.length}`,
      remedy: 'Leave `classes` out',
    })
  return { classes, multilabel }
}

/**
 * 'balanced' as scikit-learn has it for one class an example, and as the positive weight of PyTorch's
 * BCEWithLogitsLoss for any number. A class that no track has keeps the weight 1.
 */
export function balancedWeights({ data, rows, cols }: MatrixData, multilabel: boolean): number[] {
  const counts = new Array<number>(cols).fill(0)
  for (let i = 0; i < rows; i++) for (let k = 0; k < cols; k++) counts[k]! += data[i * cols + k]!
  return counts.map((n) => {
    const weight = multilabel ? (rows - n) / n : rows / (cols * n)
    return Number.isFinite(weight) && weight > 0 ? weight : 1
  })
}

/** @throws ConfigError if there are not as many as classes, or no data set to balance */
function weightsOf(
  { classWeights }: Supervised,
  dataset: Dataset | undefined,
  classes: number,
  multilabel: boolean,
) {
  if (classWeights === undefined) return undefined
  if (classWeights === 'balanced' && !dataset)
    throw new ConfigError({
      what: 'there is no data set whose classes could be balanced',
      given: "classWeights 'balanced'",
      expected: 'a dataset, or a number for each class',
      remedy: 'Pass the weights themselves',
    })
  const weights = classWeights === 'balanced' ? balancedWeights(dataset!.labels, multilabel) : classWeights
  if (weights.length === classes) return Float64Array.from(weights)
  throw new ConfigError({
    what: 'there must be one weight for each class',
    given: `${weights.length} classWeights`,
    expected: `${classes}`,
    remedy: "Pass one for each class, or 'balanced'",
  })
}

/** @internal */
export const supervisedObjective = {
  name: 'supervised',
  table: supervisedOptions.extend({ name: z.literal('supervised') }),
  views: [1, Number.POSITIVE_INFINITY],
  labels: true,
  classifier: true,
  projector: 'none',
  complete: (options: Supervised, { dataset }: ObjectiveData) => {
    const { classes, multilabel } = classesOf(options, dataset)
    const classWeights = weightsOf(options, dataset, classes, multilabel)
    return { ...options, classes, multilabel, classWeights }
  },
  presets: {
    /** The supervised SampleCNN that CLMR is compared with: dropout, SGD with Nesterov's momentum, one view. */
    supervised: {
      objective: supervised({ dropout: 0.5 }),
      optimizer: { name: 'sgd', lr: 0.01, momentum: 0.9, nesterov: true },
      augmenter: { views: 1 },
    },
  },
} as const satisfies ObjectiveDescriptor
