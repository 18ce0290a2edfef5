/** `--model`, and what it computes with: the same flags for every command that embeds. */
import type { Command } from 'commander'
import { randomEncoder } from '../evaluate/random-encoder.js'
import type { LabelledTracks } from '../evaluate/types.js'
import { Encoder, LogMel } from '../model/index.js'
import { encoderOptions } from '../model/options.js'
import { parseOptions } from '../options.js'
import { flagFor } from './command.js'

const SOURCES =
  'Model file or folder, run directory, URL, or name ("clmr-small", or one that clmr pull lists). Or a baseline:'

export const MODEL_HELP = `${SOURCES} "log-mel" (statistics of the spectrogram) or "random-fresh" (untrained weights and batch norm)`

/** Of commands with a data set, which `random` takes its statistics from. */
export const EVALUATED_MODEL_HELP = `${SOURCES} "log-mel" (statistics of the spectrogram), "random" (untrained weights; batch norm statistics measured on these tracks) or "random-fresh" (both untrained)`

/** What `--baselines` measures too: by what --model calls it, and by its name in a report. */
export const BASELINES = [
  { model: 'random', title: 'random weights' },
  { model: 'log-mel', title: 'log-mel' },
]
export const baselineModels = BASELINES.map(({ model }) => model)

/** What `encoderFlags` declares. */
export interface EncoderFlags {
  device?: string
  precision?: string
}

/** What random weights come from. */
export interface RandomWeights {
  seed?: number
  /** whose batch statistics `random` gets; without one it is `random-fresh` */
  dataset?: LabelledTracks
  signal?: AbortSignal
}

/** `--device` and `--precision` */
export function encoderFlags(command: Command): void {
  for (const name of ['device', 'precision'] as const) command.addOption(flagFor(encoderOptions, name))
}

export async function loadModel(
  model: string,
  flags: EncoderFlags,
  { seed, dataset, signal }: RandomWeights = {},
): Promise<Encoder | LogMel> {
  const { device, precision } = flags
  const options = parseOptions(encoderOptions, { device, precision, seed }, 'the command')
  const { seed: _seed, architecture: _layers, ...rest } = options
  if (model === 'log-mel') return new LogMel()
  if (model === 'random' && dataset) return randomEncoder(dataset, { ...options, signal })
  return model === 'random' || model === 'random-fresh'
    ? Encoder.create(options)
    : Encoder.load(model, { ...rest, signal })
}

/** Several models, in the order of their names, which end together. */
export class Models implements Disposable {
  readonly encoders: (Encoder | LogMel)[] = []

  /** @throws as loadModel: then none is left */
  static async load(
    names: readonly string[],
    flags: EncoderFlags,
    weights: RandomWeights = {},
  ): Promise<Models> {
    const models = new Models()
    try {
      for (const name of names) models.encoders.push(await loadModel(name, flags, weights))
    } catch (error) {
      models[Symbol.dispose]()
      throw error
    }
    return models
  }

  [Symbol.dispose](): void {
    for (const encoder of this.encoders) encoder[Symbol.dispose]()
  }
}
