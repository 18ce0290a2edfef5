/** The options of a chain: checked where a program makes an Augmenter, and where a training is configured. */
import { z } from 'zod'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { ClmrError } from '../errors.js'
import { optionalDevice, seedOption, signalOption, typed } from '../options.js'
import { clmrTransforms } from './clmr-transforms.js'
import type { Transform } from './option-types.js'
import { parseTransform } from './transform-tables.js'

/** A transform within other options; the message of its error is passed on. */
const transformField = z
  .unknown()
  .transform((value, context): Transform => {
    try {
      return parseTransform(value)
    } catch (error) {
      if (!(error instanceof ClmrError)) throw error
      context.addIssue({ code: 'custom', message: error.message.replace(/\.$/, '') })
      return z.NEVER
    }
  })
  .meta(typed('TransformInput', 'Transform'))

/** The options of an Augmenter; the options of a training contain them. */
export const augmenterOptions = z
  .strictObject({
    transforms: z
      .array(transformField)
      .max(256)
      .default(() => clmrTransforms())
      .describe('The chain, in order. Default: clmrTransforms(), the published chain.'),
    views: z.number().int().min(1).max(1024).default(2).describe('Views per example.'),
    clipLength: z
      .number()
      .int()
      .min(1)
      .max(100_000_000)
      .default(CLIP_LENGTH)
      .describe('Length of a view in samples.'),
    sampleRate: z.number().min(1000).max(768_000).default(SAMPLE_RATE).describe('Sample rate in Hz.'),
    seed: seedOption('Seed of every random choice.'),
    device: optionalDevice(
      "Where to compute. 'auto' is CUDA if clmr's own CUDA kernels are available, otherwise the CPU. A Trainer augments on the device that it trains on.",
    ),
  })
  .superRefine(({ transforms, sampleRate }, context) => {
    transforms.forEach((transform, place) => {
      if (transform.name === 'randomCrop' && place > 0)
        context.addIssue({
          code: 'custom',
          path: ['transforms', place],
          message: 'randomCrop must come first',
        })
      const twin = (other: (typeof transforms)[number]) =>
        other.name === 'custom' &&
        transform.name === 'custom' &&
        other.title === transform.title &&
        other.apply !== transform.apply
      if (transforms.slice(0, place).some(twin))
        context.addIssue({
          code: 'custom',
          path: ['transforms', place],
          message: 'another transform of your own has the same title: records of it could not be told apart',
        })
      const limits: Record<string, unknown> = { ...transform }
      for (const option of ['cutoff', 'lowPass', 'highPass']) {
        const range = limits[option] as [number, number] | undefined
        if (range && range[1] > sampleRate / 2)
          context.addIssue({
            code: 'custom',
            path: ['transforms', place],
            message: `a cut-off of ${range[1]} Hz lies above half the sample rate of ${sampleRate} Hz`,
          })
      }
    })
  })

const step = z
  .number()
  .int()
  .min(0)
  .max(0xffffffff)
  .default(0)
  .describe('Number of the batch; each step gives different views.')
const length = z
  .number()
  .int()
  .min(1)
  .optional()
  .describe('Samples per row of the batch. Default: clipLength.')

/** Of `Augmenter.apply`. */
export const applyOptions = z.strictObject({
  length,
  out: z
    .unknown()
    .optional()
    .describe(
      'Array to fill instead of a new one: n · views · clipLength values that do not overlap the batch.',
    )
    .meta(typed('Float32Array')),
  signal: signalOption,
})
/** Of `Augmenter.augment`. */
export const augmentOptions = applyOptions.extend({ step })
/** Of `Augmenter.draw`. */
export const drawOptions = z.strictObject({ step, length })

/** A chain, complete. */
export type ChainSpec = z.output<typeof augmenterOptions>

/** As the native side takes it: a function of JavaScript stays here. */
export function nativeChain({ transforms, ...chain }: ChainSpec) {
  const named = (transform: Transform) => {
    if (transform.name !== 'custom') return transform
    const { apply: _apply, ...rest } = transform
    return rest
  }
  return { ...chain, transforms: transforms.map(named) }
}
