/** The options of an Encoder and of its calls. */
import { z } from 'zod'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { deviceOption, precisionOption, seedOption, signalOption } from '../options.js'

export const encoderOptions = z.strictObject({
  seed: seedOption('of the new weights; the same seed gives the same weights everywhere'),
  device: deviceOption("'auto' (CUDA where it is there, else the CPU), 'cpu', 'cuda' or 'cuda:N'"),
  precision: precisionOption(
    'float32, or bfloat16: lower precision is allowed where it is faster (CPUs with AVX512-BF16 or AMX) and where it keeps a cosine of 0.999 to float32 for this network',
  ),
})
export const loadOptions = encoderOptions.omit({ seed: true })

const signal = signalOption
const hop = z
  .number()
  .min(1 / SAMPLE_RATE)
  .max(86_400)
  .default(CLIP_LENGTH / SAMPLE_RATE)
export const encodeOptions = z.strictObject({ out: z.unknown().optional(), signal })
export const encodeSyncOptions = encodeOptions.omit({ signal: true })
export const fileOptions = z.strictObject({ hop, signal })
export const trackOptions = fileOptions.extend({
  sampleRate: z.number().int().min(1000).max(768_000).default(SAMPLE_RATE),
})
export const filesOptions = fileOptions.extend({ concurrency: z.number().int().min(1).max(64).default(4) })

export type EncoderOptions = z.input<typeof encoderOptions>
export type EncoderLoadOptions = z.input<typeof loadOptions>

export interface EncodeOptions {
  /** filled instead of a new array: n · 512 values, apart from the clips */
  out?: Float32Array
  signal?: AbortSignal
}

export interface EncodeFileOptions {
  /** seconds from window to window; by default one clip, 2.678 s */
  hop?: number
  signal?: AbortSignal
}

export interface EncodeTrackOptions extends EncodeFileOptions {
  /** Hz of the samples; by default 22,050. Others are resampled. */
  sampleRate?: number
}

export interface EncodeFilesOptions extends EncodeFileOptions {
  /** files that are worked on at a time or wait to be taken; by default 4 */
  concurrency?: number
}
