/** What an objective asks of a training: how many views, labels, and what the native side is told. */
import type { Dataset } from '../datasets/dataset.js'
import { ConfigError, describe, ShapeError } from '../errors.js'
import type { LabelMatrix, ObjectiveSpec } from '../native/binding.js'
import type { CompleteTrainerOptions } from './options.js'
import type { Objective } from './recipe.js'

/** Views of an example: at least, and at most. */
const VIEWS: Record<Objective['name'], readonly [least: number, most: number]> = {
  ntXent: [2, Number.POSITIVE_INFINITY],
  infoNce: [2, 2],
  byol: [2, 2],
  supervised: [1, Number.POSITIVE_INFINITY],
}

/** Below this share of an even spread over the sphere, projections count as collapsed. */
const COLLAPSED = 0.1

/** @throws ConfigError */
export function checkViewCount({ objective, augmenter }: CompleteTrainerOptions): void {
  const [least, most] = VIEWS[objective.name]
  const { views } = augmenter
  if (views >= least && views <= most) return
  throw new ConfigError({
    what: `${objective.name} ${least === most ? 'takes' : 'compares'} ${least === most ? least : 'several'} views of an example`,
    given: `${views} view${views === 1 ? '' : 's'}`,
    expected: least === most ? `${least}` : `at least ${least}`,
    remedy: `Make an Augmenter of ${least} views`,
  })
}

function steps({ dataset, batchSize, accumulate, epochs, maxSteps }: CompleteTrainerOptions) {
  if (!dataset) return undefined
  const perEpoch = Math.floor(dataset.length / (batchSize * accumulate))
  return Math.min(perEpoch * epochs, maxSteps ?? Number.POSITIVE_INFINITY)
}

function classesOf(objective: Objective & { name: 'supervised' }, dataset: Dataset | undefined) {
  const labelled = dataset && dataset.task !== 'none' ? dataset : undefined
  const classes = objective.classes ?? labelled?.classes.length
  const multilabel = objective.multilabel ?? labelled?.task === 'multilabel'
  if (classes === undefined || (dataset && !labelled))
    throw new ConfigError({
      what: 'supervised training learns from labels',
      given: dataset ? 'a data set without labels' : 'neither classes nor a data set',
      expected: 'a data set that was prepared with labels, or the number of classes',
      remedy: dataset ? 'Prepare it with labels' : 'Pass a dataset, or supervised({ classes, multilabel })',
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

/** With what depends on the data. @throws ConfigError */
export function nativeObjective(options: CompleteTrainerOptions): ObjectiveSpec {
  const { objective, dataset } = options
  switch (objective.name) {
    case 'ntXent':
    case 'infoNce':
      return objective
    case 'byol':
      return { ...objective, scheduleSteps: objective.scheduleSteps ?? steps(options) ?? 0 }
    case 'supervised':
      return { ...objective, ...classesOf(objective, dataset) }
  }
}

/** Those of a data set, for an objective that learns from them. */
export function labelsFor(objective: Objective, dataset: Dataset | undefined): LabelMatrix | undefined {
  if (objective.name !== 'supervised' || !dataset) return undefined
  const { data, rows, cols } = dataset.labels
  return { data, rows, cols }
}

/**
 * Those of views that the caller made: one row of 0 and 1 an example.
 * @throws ConfigError where they are missing or of no use, ShapeError
 */
export function labelsOfViews(
  objective: Objective,
  labels: Float32Array | undefined,
  examples: number,
): LabelMatrix | undefined {
  const wanted = objective.name === 'supervised'
  if (wanted !== (labels !== undefined))
    throw new ConfigError({
      what: wanted ? 'supervised training learns from labels' : `${objective.name} does not look at labels`,
      given: wanted ? 'views alone' : 'the option `labels`',
      remedy: wanted ? 'Pass { labels }: one row of 0 and 1 an example' : 'Leave labels out',
    })
  if (!labels) return undefined
  const cols = labels.length / examples
  if (Number.isInteger(cols) && cols > 0) return { data: labels, rows: examples, cols }
  throw new ShapeError({
    what: 'the labels are not those of the examples',
    given: `${describe(labels.length)} values`,
    expected: `whole rows of ${examples} examples`,
    remedy: 'Pass one row of 0 and 1 an example',
  })
}

/** What the user should know of a step: a network without negatives can end up giving one answer to everything. */
export function collapseWarning(step: number, metrics: Record<string, number>): string | undefined {
  const { projectionStd } = metrics
  if (projectionStd === undefined || projectionStd >= COLLAPSED) return undefined
  return `step ${step}: the projections collapse, their spread is ${projectionStd.toFixed(3)} (1 is even); lower the learning rate, or raise the momentum of the target`
}
