/** What is known of the tracks of a data set before anything is decoded. */
import { z } from 'zod'

export const SPLITS = ['train', 'valid', 'test'] as const
export type Split = (typeof SPLITS)[number]

/** `multilabel`: any number of classes a track; `multiclass`: one; `none`: there are no labels. */
export type Task = 'multilabel' | 'multiclass' | 'none'

export interface LabelledFile {
  path: string
  labels: string[]
  split?: Split
  /** tracks of one group, such as an album or an artist, stay in one split */
  group?: string
}

export const skippedSchema = z.object({ path: z.string(), code: z.string(), reason: z.string() })
export type SkippedFile = z.output<typeof skippedSchema>

export interface LabelPlan {
  task: Task
  /** multi-label: all classes, in the order of the columns; undefined: the classes that the tracks have, sorted */
  classes?: string[]
  files: LabelledFile[]
  skipped: SkippedFile[]
}
