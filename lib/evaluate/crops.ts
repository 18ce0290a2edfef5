/** Crops of tracks, of which nothing else is read where the tracks lie in a cache. */
import { cropSourceOf, Dataset } from '../cache/dataset.js'
import { rangeInside } from '../cache/excerpts.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import type { LabelledTracks } from './types.js'

/** What is read of each track. */
export interface CropPlan {
  /** samples of a crop */
  length: number
  /** where the crops of a track of so many samples are to begin; each then lies within one stretch */
  startsOf: (samples: number) => readonly number[]
  signal?: AbortSignal
}

/** [crops, length], one crop after the other; zeros follow where a track or a stretch is shorter. @throws CacheError */
export async function readCrops(
  dataset: LabelledTracks,
  track: number,
  { length, startsOf, signal }: CropPlan,
): Promise<Float32Array> {
  const { stretch } = dataset.tracks[track]!
  const rangesIn = (samples: number) =>
    startsOf(samples).map((start) => rangeInside(samples, start, length, stretch))
  if (dataset instanceof Dataset) {
    const ranges = rangesIn(dataset.tracks[track]!.samples)
    const source = cropSourceOf(dataset)
    const starts = Float64Array.from(ranges, ([from]) => from)
    const tracks = new Int32Array(starts.length).fill(track)
    const crops = await callNative(signal, (abort) =>
      native().cropSourceRead(source, tracks, starts, length, abort),
    )
    for (const [i, [from, to]] of ranges.entries()) crops.fill(0, i * length + to - from, (i + 1) * length)
    return crops
  }
  const samples = await dataset.readTrack(track, { signal })
  const ranges = rangesIn(samples.length)
  const crops = new Float32Array(ranges.length * length)
  for (const [i, range] of ranges.entries()) crops.set(samples.subarray(...range), i * length)
  return crops
}
