/**
 * A model as a folder that can be passed on:
 *
 *   model.safetensors   encoder, projector and head
 *   config.json         ModelConfig
 *   probe.safetensors   if there is one
 *   README.md           the model card
 *
 * A folder with a model.safetensors alone is one, too.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError } from '../errors.js'
import { readTextInput } from '../files/input.js'
import type { TrainedOn } from '../runs/data-record.js'
import { CONFIG_FILE, MODEL_FILE } from '../runs/layout.js'
import type { Architecture } from './option-types.js'

export const PROBE_FILE = 'probe.safetensors'
export const CARD_FILE = 'README.md'
export const FORMAT = 'clmr-model'

/** config.json of a model folder. It holds no path of the machine that made it. */
export interface ModelConfig {
  format: typeof FORMAT
  version: 1
  /** the clmr that wrote it */
  producer: string
  architecture: { name: 'SampleCNN' } & Architecture
  /** Hz */
  sampleRate: number
  /** samples of a clip */
  clipLength: number
  /** seconds from one window of a track to the next */
  hop: number
  /** numbers of an embedding */
  dim: number
  /** the augmentations that it was trained with, and the views of an example */
  chain: unknown
  views: unknown
  objective: unknown
  /** the other options of the training, and how far it went */
  training: Record<string, unknown> & { steps: number; epochs: number }
  /** hashes over the tracks in their order, as the run recorded them; undefined for a training without a data set */
  data?: { tracks: number; sha256: Partial<Record<string, string>> }
  trainedOn: TrainedOn
}

/** Whether a path is a folder that holds a model. */
export async function isModelFolder(path: string): Promise<boolean> {
  return stat(join(path, MODEL_FILE)).then(
    (found) => found.isFile(),
    () => false,
  )
}

/**
 * What a model folder says of itself; undefined if it says nothing, as one of another library.
 * @throws CheckpointError if its config.json is damaged
 */
export async function readModelConfig(folder: string): Promise<ModelConfig | undefined> {
  const path = join(folder, CONFIG_FILE)
  const text = await readTextInput(path).catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const config = JSON.parse(text) as Partial<ModelConfig> | null
    return config?.format === FORMAT ? (config as ModelConfig) : undefined
  } catch (cause) {
    throw new CheckpointError({ what: 'it is no JSON', path, remedy: 'Restore it from a copy', cause })
  }
}
