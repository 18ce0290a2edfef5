/** What describes an objective: whoever needs to know something of one reads it here, never by its name. */
import { z } from 'zod'
import type { Dataset } from '../cache/dataset.js'

/** A scale above 0. */
export const positiveOption = (fallback: number, doc: string) =>
  z.number().positive().max(1e6).default(fallback).describe(doc)

/** The share of itself that a network keeps while it follows another one. */
export const momentumOption = (fallback: number, doc: string) =>
  z.number().min(0).lt(1).default(fallback).describe(doc)

/** What an objective may have to know of a training before it begins. */
export interface ObjectiveData {
  dataset: Dataset | undefined
  /** of the training; undefined if the data does not say */
  steps: number | undefined
}

export interface ObjectiveDescriptor {
  /** in programs, files and on the command line; `kName` of its struct in native/objective */
  readonly name: string
  /** its options, `name` among them */
  readonly table: z.ZodObject
  /** of an example: at least, and at most; `kViews` of its struct */
  readonly views: readonly [least: number, most: number]
  /** whether it learns from labels */
  readonly labels: boolean
  /** whether the network that it trains ends in a classifier, which is stored with it */
  readonly classifier: boolean
  /** simclr: SimCLR's, which a checkpoint can bring; own: one that belongs to the objective; none */
  readonly projector: 'simclr' | 'own' | 'none'
  /** The options as the native side takes them: with what depends on the data. By default as they are. */
  complete?(options: object, data: ObjectiveData): object
  /** What changes over all steps of the training, as "the momentum now rises". By default nothing does. */
  courseOf?(options: object): string | undefined
  /** published trainings by name, as far as they differ from the usual one: see train/presets.ts */
  readonly presets: Readonly<Record<string, object>>
}
