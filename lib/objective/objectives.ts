/** The list of objectives, and what is asked of whichever one was chosen. */
import { z } from 'zod'
import type { Dataset } from '../cache/dataset.js'
import { ConfigError, describe, ShapeError } from '../errors.js'
import type { LabelMatrix } from '../native/binding.js'
import { typed } from '../options.js'
import { byolObjective } from './byol.js'
import { infoNceObjective } from './info-nce.js'
import { ntXent, ntXentObjective } from './nt-xent.js'
import type { ObjectiveData, ObjectiveDescriptor } from './objective.js'
import type { Objective } from './option-types.js'
import { supervisedObjective } from './supervised.js'
import { vicRegObjective } from './vic-reg.js'

export const OBJECTIVES = [
  // a new objective is its file and a line here
  ntXentObjective,
  infoNceObjective,
  byolObjective,
  supervisedObjective,
  vicRegObjective,
] as const

type Tables<D extends readonly ObjectiveDescriptor[]> = { -readonly [I in keyof D]: D[I]['table'] }

export const objectiveNames = OBJECTIVES.map(({ name }) => name)
/** Those that train a classifier. */
export const classifierNames = OBJECTIVES.flatMap(({ name, classifier }) => (classifier ? [name] : []))
/** What a training learns from unless its options say otherwise. */
export const usualObjective = (): Objective => ntXent()
export const objectiveOption = z
  .discriminatedUnion('name', OBJECTIVES.map(({ table }) => table) as unknown as Tables<typeof OBJECTIVES>)
  .meta(typed('ObjectiveInput', 'Objective'))

export function descriptorOf({ name }: Objective): ObjectiveDescriptor {
  return OBJECTIVES.find((one) => one.name === name)!
}

/** @throws ConfigError if the objective does not take so many views of an example */
export function checkViewCount(objective: Objective, views: number): void {
  const [least, most] = descriptorOf(objective).views
  if (views >= least && views <= most) return
  throw new ConfigError({
    what: `${objective.name} ${least === most ? 'takes' : 'compares'} ${least === most ? least : 'several'} views of an example`,
    given: `${views} view${views === 1 ? '' : 's'}`,
    expected: least === most ? `${least}` : `at least ${least}`,
    remedy: `Make an Augmenter of ${least} views`,
  })
}

/** As the native side takes it: with what depends on the data. @throws ConfigError */
export function nativeObjective(objective: Objective, data: ObjectiveData): Objective {
  return (descriptorOf(objective).complete?.(objective, data) ?? objective) as Objective
}

/** What of it changes over all steps of the training, as a remark says it; undefined: nothing does. */
export function courseOf(objective: Objective): string | undefined {
  return descriptorOf(objective).courseOf?.(objective)
}

/** Those of a data set, for an objective that learns from them. */
export function labelsFor(objective: Objective, dataset: Dataset | undefined): LabelMatrix | undefined {
  if (!descriptorOf(objective).labels || !dataset) return undefined
  const { data, rows, cols } = dataset.labels
  return { data, rows, cols }
}

/**
 * Those of views that the caller made: one row of 0 and 1 per example.
 * @throws ConfigError if they are missing or of no use, ShapeError
 */
export function labelsOfViews(
  objective: Objective,
  labels: Float32Array | undefined,
  examples: number,
): LabelMatrix | undefined {
  const wanted = descriptorOf(objective).labels
  if (wanted !== (labels !== undefined))
    throw new ConfigError({
      what: wanted
        ? `${objective.name} training learns from labels`
        : `${objective.name} does not look at labels`,
      given: wanted ? 'views alone' : 'the option `labels`',
      remedy: wanted ? 'Pass { labels }: one row of 0 and 1 per example' : 'Leave labels out',
    })
  if (!labels) return undefined
  const cols = labels.length / examples
  if (Number.isInteger(cols) && cols > 0) return { data: labels, rows: examples, cols }
  throw new ShapeError({
    what: 'the labels are not those of the examples',
    given: `${describe(labels.length)} values`,
    expected: `whole rows of ${examples} examples`,
    remedy: 'Pass one row of 0 and 1 per example',
  })
}
