/** The options of an Encoder and of its calls. */
import { z } from 'zod'
import { SAMPLE_RATE } from '../clip.js'
import { ConfigError } from '../errors.js'
import {
  deviceOption,
  parseOptions,
  precisionOption,
  seedOption,
  signalOption,
  tf32Option,
  typed,
  warningOption,
} from '../options.js'
import { CLMR_ARCHITECTURE } from './architecture.js'
import { architectureOption } from './architecture-options.js'
import type { EncodeFileOptions } from './option-types.js'

/** Of `Encoder.create`. */
export const encoderOptions = z.strictObject({
  seed: seedOption('Seed of the new weights; the same seed gives the same weights everywhere.'),
  device: deviceOption("Where to compute. 'auto' is CUDA if available, otherwise the CPU."),
  precision: precisionOption(
    "Number format of the computation. 'bfloat16' is faster on CUDA and on CPUs with AVX512-BF16 or AMX; other CPUs compute in float32 instead. Its embeddings have a cosine similarity of at least 0.999 with those of float32. 'auto' measures which of the two is faster on this machine, once per process.",
  ),
  tf32: tf32Option,
  architecture: architectureOption
    .default(CLMR_ARCHITECTURE)
    .describe("Layers of the network. Default: CLMR's, 59,049 samples to 512 numbers."),
})
/** Of `Encoder.load` and `Encoder.pretrained`. */
export const loadOptions = encoderOptions.omit({ seed: true, architecture: true }).extend({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, { message: 'expected 64 hexadecimal digits' })
    .optional()
    .describe(
      'Expected SHA-256 of a file that is downloaded, in hexadecimal digits; any other file is refused.',
    ),
  signal: signalOption,
  onWarning: warningOption(
    'Called with each warning about the file. Default: warnings go to `process.emitWarning`.',
  ),
})

const signal = signalOption
const normalize = z
  .boolean()
  .default(false)
  .describe(
    'Whether to scale every embedding to length 1, so that a dot product is a cosine. Zeros stay zeros.',
  )
const out = z
  .unknown()
  .optional()
  .describe('Array to fill instead of a new one: n · dim values that do not overlap the clips.')
  .meta(typed('Float32Array'))
/** Of `encodeSync`. */
export const encodeSyncOptions = z.strictObject({ out, normalize })
/** Of `encode`. */
export const encodeOptions = encodeSyncOptions.extend({ signal })

const windowOptions = z.strictObject({
  hop: z
    .number()
    .min(1 / SAMPLE_RATE)
    .max(86_400)
    .optional()
    .describe(
      "Seconds from the start of one window to the next. Default: the length of a clip, 2.678 s for CLMR's network.",
    )
    .meta({ placeholder: 'seconds' }),
  normalize: normalize.describe(
    'Whether to scale the embedding of every window, and the mean, to length 1. Zeros stay zeros.',
  ),
  signal,
})
/** Of `encodeTrack`. */
export const trackOptions = windowOptions.extend({
  sampleRate: z
    .number()
    .int()
    .min(1000)
    .max(768_000)
    .default(SAMPLE_RATE)
    .describe('Sample rate of the samples in Hz; audio at any rate but 22,050 is resampled.'),
})
/** Of `encodeFile`. */
export const fileOptions = windowOptions.extend({
  windows: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe(
      'Number of windows, spread evenly over the file, instead of one every `hop` seconds; a single one if the file is shorter than a clip. For wav, aiff and au files, nothing else is decoded.',
    )
    .meta({ flag: 'Windows per file, spread evenly over it, instead of one every --hop seconds' }),
  from: z.number().min(0).max(1e7).default(0).describe('Start of the part that is embedded, in seconds.'),
  to: z
    .number()
    .positive()
    .default(Number.POSITIVE_INFINITY)
    .describe('End of the part that is embedded, in seconds. Default: the end of the file.'),
  onWarning: warningOption(
    'Called with each warning about the file. The result holds them too, as `warnings`.',
  ),
})
/** Of `encodeFiles`. */
export const filesOptions = fileOptions.extend({
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(4)
    .describe('Maximum number of files that are being processed or wait to be consumed.'),
})
/** Of `inspectModel`. */
export const inspectOptions = z.strictObject({
  sha256: z.boolean().default(false).describe('Whether to hash every tensor, which reads all of them.'),
})

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
  const { windows, hop } = options ?? {}
  if (windows !== undefined && hop !== undefined)
    throw new ConfigError({
      what: `${where}: \`hop\` and \`windows\` both say where windows begin`,
      given: `hop ${hop}, windows ${windows}`,
      expected: 'one of them',
      remedy: 'Leave one out',
    })
  return settings
}
