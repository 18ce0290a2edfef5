/** A few seconds of every track, small enough to lie inside the page: mono, 11,025 Hz, 8-bit µ-law (ITU-T G.711). */

import { cropInside } from '../../cache/excerpts.js'
import { SAMPLE_RATE } from '../../clip.js'
import { callNative, callNativeSync } from '../../native/call.js'
import { native } from '../../native/load.js'
import type { LabelledTracks } from '../types.js'

export const EXCERPT_RATE = 11025
const MIN_SECONDS = 2

export interface ExcerptPlan {
  /** tracks that get an excerpt, ascending */
  tracks: number[]
  seconds: number
}

/**
 * As many tracks as fit into `maxBytes` of base64 text, up to `seconds` each and at least 2; where not all fit, they
 * are spread evenly over the data set.
 */
export function planExcerpts(count: number, seconds: number, maxBytes: number): ExcerptPlan {
  const secondsInAll = (maxBytes * 3) / 4 / EXCERPT_RATE
  const shortest = Math.min(MIN_SECONDS, seconds)
  const fitting = Math.min(count, Math.floor(secondsInAll / shortest))
  if (fitting < 1) return { tracks: [], seconds: 0 }
  const tracks = Array.from({ length: fitting }, (_, i) => Math.floor((i * count) / fitting))
  // base64 takes 4 letters for every 3 bytes begun; the resampler may round a sample up
  const samples = 3 * Math.floor(maxBytes / fitting / 4) - 2
  return { tracks, seconds: Math.min(seconds, samples / EXCERPT_RATE) }
}

/** 16-bit sample + 32768 → its µ-law byte. */
const MU_LAW = Uint8Array.from({ length: 65536 }, (_, i) => {
  const sample = i - 32768
  const magnitude = Math.min(Math.abs(sample), 32635) + 132
  const exponent = 31 - Math.clz32(magnitude) - 7
  const mantissa = (magnitude >> (exponent + 3)) & 15
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa)
})

/** 16-bit samples → one byte each. */
export function toMuLaw(pcm: Int16Array): Uint8Array {
  return Uint8Array.from(pcm, (sample) => MU_LAW[sample + 32768]!)
}

/** The middle of track `index` as base64 of µ-law. @throws CacheError, AbortError */
export async function excerptOf(
  dataset: LabelledTracks,
  index: number,
  seconds: number,
  signal?: AbortSignal,
): Promise<string> {
  const samples = await dataset.readTrack(index, { signal })
  const length = Math.min(samples.length, Math.floor(seconds * SAMPLE_RATE))
  const start = Math.floor((samples.length - length) / 2)
  const middle = cropInside(samples, start, length, dataset.tracks[index]!.stretch)
  const low = await callNative(signal, (abort) =>
    native().resample(middle, SAMPLE_RATE, EXCERPT_RATE, 'fast', undefined, abort),
  )
  const pcm = new Int16Array(low!.length)
  callNativeSync(() => native().toPcm16(low!, pcm))
  return Buffer.from(toMuLaw(pcm)).toString('base64')
}
