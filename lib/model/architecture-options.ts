/** The option `architecture`: of `Encoder.create`, and of a training. */
import { z } from 'zod'
import { typed } from '../options.js'
import { clipLengthFor, fitsClip } from './architecture.js'
import type { Architecture, ArchitectureOptions } from './option-types.js'

/** Of a clip; there are more than 12 minutes in it. */
const MOST_SAMPLES = 2 ** 24

/** The table of a network, as it is given. */
export const architectureOptions = z.strictObject({
  strides: z
    .array(z.number().int().min(2).max(64))
    .min(1)
    .max(24)
    .describe(
      'Stride of each layer after the first: a stride of s means a convolution of kernel size s, followed by max pooling over s samples. The first layer has a stride of 3.',
    ),
  channels: z
    .array(z.number().int().min(1).max(8192))
    .describe(
      'Output channels of the first layer and of each layer in `strides`. The last is the length of an embedding.',
    ),
  supervised: z
    .boolean()
    .default(false)
    .describe(
      'Whether a classifier follows the encoder and takes its embeddings. The objective `supervised` trains it.',
    ),
  clipLength: z
    .number()
    .int()
    .min(3)
    .max(MOST_SAMPLES)
    .optional()
    .describe(
      'Length of a clip in samples; the layers must reduce it to exactly one time step. Default: 3 times the product of the strides.',
    ),
})

/** The table, complete. */
export const completeArchitecture = architectureOptions.required()

/** Tables of SampleCNN as they are given → complete ones. */
export const architectureOption = (
  architectureOptions
    .superRefine(({ strides, channels, clipLength }, context) => {
      const length = clipLength ?? clipLengthFor(strides)
      const refuse = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message })
      if (channels.length !== strides.length + 1)
        refuse(
          'channels',
          `expected ${strides.length + 1} numbers, of the first layer and of each of ${strides.length} strides`,
        )
      else if (length > MOST_SAMPLES)
        refuse('strides', `a clip would be ${length} samples long, expected ${MOST_SAMPLES} at most`)
      else if (!fitsClip(strides, length))
        refuse(
          'clipLength',
          `the layers do not leave one step of that many samples; ${clipLengthFor(strides)} would fit`,
        )
    })
    .transform(({ clipLength, ...table }) => ({
      ...table,
      clipLength: clipLength ?? clipLengthFor(table.strides),
    })) as unknown as z.ZodType<Architecture, ArchitectureOptions>
).meta(typed('ArchitectureOptions', 'Architecture'))
