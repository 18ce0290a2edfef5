/** Scales, chords and the grid of time: what the styles write their notes with. */
import type { Random } from './random.js'

/** Semitones above the tonic. */
export const SCALES = {
  major: [0, 2, 4, 5, 7, 9, 11],
  minor: [0, 2, 3, 5, 7, 8, 10],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  pentatonic: [0, 2, 4, 7, 9],
  pelog: [0, 1.2, 2.7, 6.7, 7.9],
} as const
export type Scale = readonly number[]

/** Frequency of a MIDI note number, fractions allowed. */
export function hertz(midi: number): number {
  return 440 * 2 ** ((midi - 69) / 12)
}

/** The pitch of a step of a scale, counted from the tonic over as many octaves as it takes. */
export function degree(tonic: number, scale: Scale, step: number): number {
  const octave = Math.floor(step / scale.length)
  return tonic + 12 * octave + scale[step - octave * scale.length]!
}

/** Thirds piled up on a step of the scale: 3 a triad, 4 a seventh chord. */
export function chord(tonic: number, scale: Scale, root: number, notes = 3): number[] {
  return Array.from({ length: notes }, (_, i) => degree(tonic, scale, root + 2 * i))
}

/** Where the harmony goes, in steps of the scale, a chord a bar. */
export const PROGRESSIONS: Record<'major' | 'minor' | 'jazz', readonly (readonly number[])[]> = {
  major: [
    [0, 4, 5, 3],
    [0, 5, 3, 4],
    [0, 3, 0, 4],
    [0, 2, 3, 4],
  ],
  minor: [
    [0, 5, 2, 6],
    [0, 3, 4, 0],
    [0, 6, 5, 4],
    [0, 5, 3, 4],
  ],
  jazz: [
    [1, 4, 0, 5],
    [0, 5, 1, 4],
    [0, 3, 2, 5],
  ],
}

/** Beats of a track, until its end. */
export class Grid {
  readonly beat: number
  constructor(
    readonly bpm: number,
    readonly seconds: number,
    readonly beatsPerBar = 4,
  ) {
    this.beat = 60 / bpm
  }

  get bars(): number {
    return Math.ceil(this.seconds / (this.beat * this.beatsPerBar))
  }

  /** The time in seconds of a beat of a bar; a fraction lies between two beats. */
  at(bar: number, beat: number): number {
    return (bar * this.beatsPerBar + beat) * this.beat
  }

  /** Hands are never quite on time. */
  loose(random: Random, bar: number, beat: number, spread = 0.008): number {
    return Math.max(0, this.at(bar, beat) + random.between(-spread, spread))
  }
}

/** A melody that mostly moves by step and returns to the middle: `length` steps of the scale around `centre`. */
export function melody(random: Random, length: number, centre: number, range: number): number[] {
  const steps: number[] = []
  let at = centre
  for (let i = 0; i < length; i++) {
    at += random.pick([-2, -1, -1, 0, 1, 1, 2, 3])
    if (Math.abs(at - centre) > range) at = centre + Math.sign(at - centre) * (range - 1)
    steps.push(at)
  }
  return steps
}
