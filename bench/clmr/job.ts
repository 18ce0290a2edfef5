/** What both sides of this benchmark are told and tell. */
export interface WholeWay {
  /** audio files, a folder a class */
  folder: string
  /** where decoded tracks go; deleted before each run */
  cache: string
  steps: number
  batchSize: number
  seed: number
  /** for PyTorch: the tracks with the split that clmr gave them */
  tracks?: { path: string; label: number; split: string }[]
  classes?: number
}

export const PARTS = ['decode', 'train', 'embed', 'probe'] as const

export interface Outcome {
  seconds: Record<(typeof PARTS)[number], number>
  /** bytes, of the process and the largest of its workers */
  peak: number
  accuracy: number
  /** windows of all tracks */
  clips: number
}
