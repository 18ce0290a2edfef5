/** One track of the demo corpus, from its class, its place and the seed. */
import type { Recording, WavEncoding } from '../formats/wav/writer.js'
import type { Part } from './instruments.js'
import { mixdown, type PannedPart } from './mixdown.js'
import { Random } from './random.js'
import { STYLES } from './styles.js'

/** The classes, sorted. */
export const CORPUS_CLASSES: readonly string[] = Object.keys(STYLES)

/** The usual ones more often than the odd ones. */
const RATES = [16000, 22050, 22050, 22050, 32000, 44100, 44100, 48000]
const ENCODINGS: readonly WavEncoding[] = ['s16', 's16', 's16', 's24', 's32', 'f32', 'u8']

export interface CorpusTrack extends Recording {
  encoding: WavEncoding
}

/**
 * One track of the corpus; the same arguments give the same samples.
 * @param name a class of CORPUS_CLASSES
 * @param index which of its tracks, from 0
 */
export function synthesizeTrack(name: string, index: number, seed: number): CorpusTrack {
  const random = new Random(seed, `${name}/${index}`)
  const rate = random.pick(RATES)
  const encoding = random.pick(ENCODINGS)
  const seconds = random.between(10.8, 14)
  const parts: PannedPart[] = []
  const part = (pan = 0): Part => {
    const made = { samples: new Float32Array(Math.round(seconds * rate)), rate, pan }
    parts.push(made)
    return made
  }
  STYLES[name]!({ random, seconds, key: random.integer(-5, 6), part })
  return { ...mixdown(parts, random.chance(0.5), random), encoding }
}
