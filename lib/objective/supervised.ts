/** Learning from labels, the baseline that the others are compared with. */
import { z } from 'zod'
import type { Dataset } from '../cache/dataset.js'
import { ConfigError } from '../errors.js'
import { parseOptions } from '../options.js'
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
})

/**
 * Learning from labels for `Trainer.create`: SampleCNN with dropout and a linear layer, binary cross-entropy where an
 * example may have any number of classes, cross-entropy where it has one. The baseline of self-supervised training.
 * @param options classes and multilabel (those of the data set), dropout (0.5)
 * @throws ConfigError
 */
export function supervised(options: SupervisedOptions = {}): Supervised {
  return { name: 'supervised', ...parseOptions(supervisedOptions, options, 'supervised') }
}

/** @throws ConfigError where neither the options nor the data set say what there is to learn, or both differ */
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

/** @internal */
export const supervisedObjective = {
  name: 'supervised',
  table: supervisedOptions.extend({ name: z.literal('supervised') }),
  views: [1, Number.POSITIVE_INFINITY],
  labels: true,
  projector: 'none',
  complete: (options: Supervised, { dataset }: ObjectiveData) => ({
    ...options,
    ...classesOf(options, dataset),
  }),
  presets: {
    /** The supervised SampleCNN that CLMR is compared with: dropout, SGD with Nesterov's momentum, one view. */
    supervised: {
      objective: supervised({ dropout: 0.5 }),
      optimizer: { name: 'sgd', lr: 0.01, momentum: 0.9, nesterov: true },
      augmenter: { views: 1 },
    },
  },
} as const satisfies ObjectiveDescriptor
