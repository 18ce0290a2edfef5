/** `--model`, and what it computes with: the same flags for every command that embeds. */
import type { Command } from 'commander'
import { Encoder } from '../model/index.js'
import { encoderOptions } from '../model/options.js'
import { flagFor, parseOptions } from '../options.js'

export const MODEL_HELP = 'model file, run directory, or "random" for fresh weights'

/** What `encoderFlags` declares. */
export interface EncoderFlags {
  device?: string
  precision?: string
}

/** `--device` and `--precision` */
export function encoderFlags(command: Command): void {
  for (const name of ['device', 'precision'] as const) command.addOption(flagFor(encoderOptions, name))
}

export function loadModel(model: string, flags: EncoderFlags, seed?: number): Promise<Encoder> {
  const { device, precision } = flags
  const options = parseOptions(encoderOptions, { device, precision, seed }, 'the command')
  const { seed: _seed, ...rest } = options
  return model === 'random' ? Encoder.create(options) : Encoder.load(model, rest)
}
