/** What is known of the tracks of a data set before anything is decoded. */
import { z } from 'zod'

/** The part of a data set that a track belongs to. */
export type Split = 'train' | 'valid' | 'test'
export const SPLITS = ['train', 'valid', 'test'] as const satisfies readonly Split[]

/** `multilabel`: any number of classes per track; `multiclass`: one; `none`: there are no labels. */
export type Task = 'multilabel' | 'multiclass' | 'none'

export interface LabelledFile {
  path: string
  labels: string[]
  split?: Split
  /** tracks of one group, such as an album or an artist, stay in one split */
  group?: string
}

/** @internal */
export const skippedSchema = z.object({ path: z.string(), code: z.string(), reason: z.string() })

/** A file that could not be used. */
export interface SkippedFile {
  /** path relative to the source folder, with `/` */
  path: string
  /** code of the error */
  code: string
  /** what was wrong with it */
  reason: string
}

export interface LabelPlan {
  task: Task
  /** multi-label: all classes, in the order of the columns; undefined: the classes that the tracks have, sorted */
  classes?: string[]
  files: LabelledFile[]
  skipped: SkippedFile[]
}
