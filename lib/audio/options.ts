/** The options of `decodeAudio`. */
import { z } from 'zod'
import { SAMPLE_RATE } from '../clip.js'
import { signalOption, warningOption } from '../options.js'

export const decodeOptions = z.strictObject({
  sampleRate: z
    .number()
    .int()
    .min(1000)
    .max(768000)
    .default(SAMPLE_RATE)
    .describe('Sample rate of the result in Hz.'),
  quality: z
    .enum(['best', 'fast', 'torchaudio'])
    .default('best')
    .describe("Resampling filter. 'torchaudio' equals the default of torchaudio, aliasing included."),
  signal: signalOption,
  onWarning: warningOption(
    'Called with each warning about the file. The result holds them too, as `warnings`.',
  ),
})
