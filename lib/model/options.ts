/** The options of an Encoder and of its calls. */
import { z } from 'zod'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { ConfigError } from '../errors.js'
import {
  callbackOption,
  deviceOption,
  parseOptions,
  precisionOption,
  seedOption,
  signalOption,
} from '../options.js'
import type { OnWarning } from '../warnings.js'

export const encoderOptions = z.strictObject({
  seed: seedOption('of the new weights; the same seed gives the same weights everywhere'),
  device: deviceOption("'auto' (CUDA where it is there, else the CPU), 'cpu', 'cuda' or 'cuda:N'"),
  precision: precisionOption(
    'float32, or bfloat16: lower precision is allowed where it is faster (CPUs with AVX512-BF16 or AMX) and where it keeps a cosine of 0.999 to float32 for this network',
  ),
})
const onWarning = callbackOption<string>()
const signal = signalOption
export const loadOptions = encoderOptions.omit({ seed: true }).extend({
  onWarning: onWarning.describe(
    'told what there is to know about the file; by default a warning of the process',
  ),
})

const hop = z
  .number()
  .min(1 / SAMPLE_RATE)
  .max(86_400)
  .default(CLIP_LENGTH / SAMPLE_RATE)
const normalize = z.boolean().default(false)
export const encodeOptions = z.strictObject({ out: z.unknown().optional(), normalize, signal })
export const encodeSyncOptions = encodeOptions.omit({ signal: true })
const windowOptions = z.strictObject({ hop, normalize, signal })
export const trackOptions = windowOptions.extend({
  sampleRate: z.number().int().min(1000).max(768_000).default(SAMPLE_RATE),
})
export const fileOptions = windowOptions.extend({
  windows: z.number().int().min(1).max(100_000).optional(),
  from: z.number().min(0).max(1e7).default(0),
  to: z.number().positive().default(Number.POSITIVE_INFINITY),
  onWarning,
})
export const filesOptions = fileOptions.extend({ concurrency: z.number().int().min(1).max(64).default(4) })

export type EncoderOptions = z.input<typeof encoderOptions>
export type EncoderLoadOptions = z.input<typeof loadOptions>

export interface EncodeSyncOptions {
  /** filled instead of a new array: n · 512 values, apart from the clips */
  out?: Float32Array
  /** scale every embedding to length 1, so that a dot product is a cosine; one of zeros stays zeros. By default no */
  normalize?: boolean
}

export interface EncodeOptions extends EncodeSyncOptions {
  signal?: AbortSignal
}

/** How a track becomes windows. */
export interface WindowOptions {
  /** seconds from window to window; by default one clip, 2.678 s */
  hop?: number
  /**
   * scale the embedding of every window to length 1, and the mean, which has the direction that it has without; one of
   * zeros stays zeros. By default no
   */
  normalize?: boolean
  signal?: AbortSignal
}

export interface EncodeTrackOptions extends WindowOptions {
  /** Hz of the samples; by default 22,050. Others are resampled. */
  sampleRate?: number
}

export interface EncodeFileOptions extends WindowOptions {
  /**
   * so many windows, spread evenly over the file, in place of one every `hop`; one where the file is shorter than a clip. Of
   * wav, aiff and au only they are decoded
   */
  windows?: number
  /** seconds where the stretch begins that is embedded; by default 0 */
  from?: number
  /** seconds where it ends; by default the end of the file */
  to?: number
  /** called with each warning about the file, its path in front; `warnings` of the result has them too */
  onWarning?: OnWarning
}

export interface EncodeFilesOptions extends EncodeFileOptions {
  /** files that are worked on at a time or wait to be taken; by default 4 */
  concurrency?: number
}

/** @throws ConfigError */
export function parseFileOptions<S extends z.ZodType<z.output<typeof fileOptions>>>(
  table: S,
  options: EncodeFileOptions,
  where: string,
): z.output<S> {
  const settings = parseOptions(table, options, where)
  const { from, to } = settings
  if (from >= to)
    throw new ConfigError({
      what: `${where}: the stretch ends before it begins`,
      given: `from ${from}, to ${to}`,
      expected: 'a `to` that is larger than `from`',
      remedy: 'Correct one of them',
    })
  if (options.windows !== undefined && options.hop !== undefined)
    throw new ConfigError({
      what: `${where}: \`hop\` and \`windows\` both say where windows begin`,
      given: `hop ${options.hop}, windows ${options.windows}`,
      expected: 'one of them',
      remedy: 'Leave one out',
    })
  return settings
}
