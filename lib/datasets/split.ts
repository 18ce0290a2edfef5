/** Divides tracks into train, valid and test: 60/20/20, stratified, repeatable. */
import { createHash } from 'node:crypto'
import type { Split } from './tracks.js'
import { byCodeUnit } from './walk.js'

export interface Splittable {
  /** tracks with equal audio have equal keys, and stay in one split */
  key: string
  labels: number[]
}

/** A track with several labels counts under its rarest label, so that rare labels reach every split. */
function stratumOf(track: Splittable, frequency: Map<number, number>): number {
  return track.labels.reduce(
    (best, label) => (best < 0 || frequency.get(label)! < frequency.get(best)! ? label : best),
    -1,
  )
}

/** With three tracks or more, each split gets at least one; with fewer, all go to train. */
function quotas(n: number): { valid: number; test: number } {
  if (n < 3) return { valid: 0, test: 0 }
  const fifth = Math.max(1, Math.round(n * 0.2))
  return { valid: fifth, test: fifth }
}

/**
 * Tracks are shuffled by a hash of the seed and their audio, so that neither their names nor their order matter, and
 * one more track moves few of the others.
 */
export function assignSplits(tracks: readonly Splittable[], seed: number): Split[] {
  const frequency = new Map<number, number>()
  for (const { labels } of tracks)
    for (const label of labels) frequency.set(label, (frequency.get(label) ?? 0) + 1)
  const strata = new Map<number, Map<string, string>>()
  const seen = new Set<string>()
  for (const track of tracks) {
    if (seen.has(track.key)) continue
    seen.add(track.key)
    const stratum = stratumOf(track, frequency)
    const order = createHash('sha256').update(`${seed}\n${track.key}`).digest('hex')
    strata.set(stratum, (strata.get(stratum) ?? new Map()).set(track.key, order))
  }
  const split = new Map<string, Split>()
  for (const orders of strata.values()) {
    const keys = [...orders].sort((a, b) => byCodeUnit(a[1], b[1])).map(([key]) => key)
    const { valid, test } = quotas(keys.length)
    for (const [i, key] of keys.entries())
      split.set(key, i < valid ? 'valid' : i < valid + test ? 'test' : 'train')
  }
  return tracks.map((track) => split.get(track.key)!)
}
