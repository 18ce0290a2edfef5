/** The baseline of an untrained network, as fair as it can be. */
import { nativeArchitecture } from '../model/architecture.js'
import { Encoder, encoderOfHandle } from '../model/encoder.js'
import type { EncoderOptions } from '../model/option-types.js'
import { encoderOptions } from '../model/options.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { uniform } from '../random.js'
import { TRAINED_ON_NOTHING } from '../runs/data-record.js'
import { readCrops } from './crops.js'
import type { LabelledTracks } from './types.js'

/** Tracks that are measured, a clip of each. */
const TRACKS = 64

/**
 * Random weights whose batch norms have the statistics of the data: they are measured on a clip of each of up to 64
 * tracks, spread over the data set. No label and no training is involved. With the statistics that new weights begin with,
 * mean 0 and variance 1, every layer shrinks what it is given, and all embeddings are nearly the same.
 * @throws CacheError, ConfigError, DeviceError, or the signal's reason
 */
export async function randomEncoder(
  dataset: LabelledTracks,
  options: EncoderOptions & { signal?: AbortSignal },
): Promise<Encoder> {
  const { signal, ...rest } = options
  const { seed, architecture, ...where } = parseOptions(encoderOptions, rest, 'random weights')
  const total = dataset.tracks.length
  if (total === 0) return Encoder.create(rest)
  const count = Math.max(2, Math.min(TRACKS, total)) // a single clip has no deviation
  const { clipLength } = architecture
  const clips = new Float32Array(count * clipLength)
  const draw = uniform(seed)
  for (let i = 0; i < count; i++) {
    const track = Math.floor((i * total) / count)
    const startsOf = (samples: number) => [Math.floor(draw() * Math.max(0, samples - clipLength + 1))]
    const crop = await readCrops(dataset, track, { length: clipLength, startsOf, signal })
    clips.set(crop, i * clipLength)
  }
  const handle = await callNative(signal, (abort) =>
    native().encoderCreateMeasured(
      seed,
      { architecture: nativeArchitecture(architecture), ...where },
      clips,
      count,
      abort,
    ),
  )
  return encoderOfHandle(handle, architecture, TRAINED_ON_NOTHING)
}
