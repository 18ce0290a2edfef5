/** Confidence intervals of any figure of tracks. */
import { setImmediate as turn } from 'node:timers/promises'
import { ArgumentError, describe } from '../errors.js'
import { abortReason, callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { bootstrapCallOptions } from './bootstrap-options.js'
import type { BootstrapOptions } from './option-types.js'

/** A figure with its 95 % interval over resampled tracks. */
export interface Estimate {
  /** the figure of all tracks */
  value: number
  /** the 2.5th percentile */
  low: number
  /** the 97.5th percentile */
  high: number
}

/** Indices that are drawn at a time. */
const CHUNK = 1 << 20
/** Milliseconds after which the event loop gets its turn. */
const SLICE = 5

/** The quantile of sorted values, interpolated as numpy.percentile does. */
function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN
  const at = q * (sorted.length - 1)
  const low = sorted[Math.floor(at)]!
  return low + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - low)
}

function checkCall(tracks: unknown, statistic: unknown): void {
  if (!Array.isArray(tracks) && !ArrayBuffer.isView(tracks))
    throw new ArgumentError({
      what: 'bootstrap needs tracks',
      given: describe(tracks),
      expected: 'an array with one entry per track',
      remedy: 'Pass what the statistic takes, for instance objects with a score and a label',
    })
  if ((tracks as { length?: number }).length === 0)
    throw new ArgumentError({ what: 'there are no tracks to resample', remedy: 'Pass at least one' })
  if (typeof statistic === 'function') return
  throw new ArgumentError({
    what: 'bootstrap needs a statistic',
    given: describe(statistic),
    expected: 'a function of some tracks that returns a number',
    remedy: 'Pass for instance (tracks) => accuracy(tracks.map((t) => t.said), tracks.map((t) => t.label))',
  })
}

/**
 * A 95 % confidence interval by the percentile bootstrap (Efron & Tibshirani, "An Introduction to the Bootstrap",
 * 1993, chapter 13): tracks are drawn with replacement, as many as there are, and the statistic is computed for every
 * draw. The draws are seeded, and are made off the event loop. Your statistic runs on the event loop, in slices of 5
 * milliseconds.
 * @param tracks one entry per track, of any kind
 * @param statistic computes a number from some tracks; a track may occur several times among them. Results that are
 *        NaN are ignored
 * @returns the statistic of all tracks, and the 2.5th and 97.5th percentile
 * @throws ArgumentError, ConfigError, or the signal's reason
 */
export async function bootstrap<T>(
  tracks: ArrayLike<T>,
  statistic: (sample: T[]) => number,
  options: BootstrapOptions = {},
): Promise<Estimate> {
  const { signal, ...spec } = parseOptions(bootstrapCallOptions, options, 'bootstrap')
  checkCall(tracks, statistic)
  const n = tracks.length
  const figure = (sample: T[]) => {
    const value: unknown = statistic(sample)
    if (typeof value === 'number') return value
    throw new ArgumentError({
      what: 'the statistic is not a number',
      given: describe(value),
      expected: 'a number',
      remedy: 'Return one, not a promise of it',
    })
  }
  const value = figure(Array.from(tracks))
  const values = new Float64Array(spec.resamples)
  const chunk = Math.max(1, Math.floor(CHUNK / n))
  let since = performance.now()
  for (let from = 0; from < spec.resamples; from += chunk) {
    const count = Math.min(chunk, spec.resamples - from)
    const indices = await callNative(signal, () => native().bootstrapIndices(spec, n, from, count))
    for (let r = 0; r < count; r++) {
      values[from + r] = figure(Array.from(indices.subarray(r * n, (r + 1) * n), (i) => tracks[i]!))
      if (performance.now() - since < SLICE) continue
      await turn()
      if (signal?.aborted) throw abortReason(signal)
      since = performance.now()
    }
  }
  const sorted = values.filter((x) => !Number.isNaN(x)).sort()
  return { value, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) }
}
