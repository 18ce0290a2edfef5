/** Whether the decoded tracks will fit, before the work begins. */
import { extname } from 'node:path'
import { SAMPLE_RATE } from '../clip.js'
import type { TrackSource } from '../datasets/track-source.js'
import { IoError } from '../errors.js'
import { freeBytes } from '../files/free-space.js'
import { type Excerpts, parseExcerpts } from './excerpts.js'

/** What `prepare` expects before it decodes anything. */
export interface PreparePlan {
  /** files that are not in the cache yet */
  files: number
  /** approximate number of bytes that their tracks will take; exact lengths are known only after decoding */
  bytes: number
  /** free bytes on the disk of the cache; Infinity if the file system does not report it */
  free: number
}

const BYTES_PER_SECOND = 2 * SAMPLE_RATE

/** Bytes of a second of source: usual, and the most that is at all likely, which gives the least music. */
const RATES: Record<string, readonly [usual: number, most: number]> = {
  pcm: [176_400, 768_000],
  flac: [100_000, 400_000],
  lossy: [24_000, 40_000],
  either: [32_000, 400_000], // AAC or ALAC
}
const KINDS: Record<string, keyof typeof RATES> = { '.flac': 'flac', '.m4a': 'either' }
for (const name of ['.mp3', '.mp2', '.opus', '.spx', '.aac', '.mpc', '.ogg']) KINDS[name] = 'lossy'

const cachedBytes = (size: number, rate: number, excerpts: Excerpts | undefined) => {
  const whole = (size / rate) * BYTES_PER_SECOND
  return excerpts ? Math.min(whole, 2 * excerpts.count * excerpts.samples) : whole
}

const inGigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/**
 * @param excerpts as the option has it
 * @throws IoError if even the least that the tracks can take is more than is free
 */
export async function planSpace(
  source: TrackSource,
  paths: readonly string[],
  cache: string,
  excerpts: string | undefined,
  signal?: AbortSignal,
): Promise<PreparePlan> {
  const kept = excerpts === undefined ? undefined : parseExcerpts(excerpts)
  let [usual, least, files] = [0, 0, 0]
  for (const path of paths) {
    signal?.throwIfAborted()
    const size = (await source.stat(path))?.size
    if (size === undefined) continue
    const [rate, most] = RATES[KINDS[extname(path).toLowerCase()] ?? 'pcm']!
    usual += cachedBytes(size, rate, kept)
    least += cachedBytes(size, most, kept)
    files++
  }
  const free = await freeBytes(cache)
  if (least > free)
    throw new IoError({
      what: 'the decoded tracks do not fit where the cache lies',
      path: cache,
      given: `${inGigabytes(free)} that are free`,
      expected: `at least ${inGigabytes(least)}, about ${inGigabytes(usual)}`,
      remedy: excerpts
        ? 'Choose another disk, or fewer or shorter excerpts'
        : 'Choose another disk, or keep excerpts of each track only: --excerpts 3x30',
    })
  return { files, bytes: Math.round(usual), free }
}
