/** Instruments: each adds one note to a part. Frequencies in Hz, times in seconds, `velocity` 0 … 1. */
import { decayFactor, Filter, Noise, Pulse, Saw, swell } from './oscillators.js'

/** A mono part of a track. */
export interface Part {
  samples: Float32Array
  rate: number
}

export interface Note {
  at: number
  seconds: number
  frequency: number
  velocity: number
}

/** Where a note begins and how many samples of it fit: [start, length]. */
function span(part: Part, at: number, seconds: number): [number, number] {
  const start = Math.max(0, Math.round(at * part.rate))
  return [start, Math.max(0, Math.min(part.samples.length - start, Math.round(seconds * part.rate)))]
}

const seedOf = (at: number, salt: number) => Math.imul(Math.round(at * 7919) + salt, 0x9e3779b1) | 1

export interface PluckTone {
  /** seconds to fall by 60 dB */
  ring: number
  /** 0 dull … 1 bright */
  brightness: number
}

/** A plucked string (Karplus and Strong 1983; tuned by an all-pass as in Jaffe and Smith 1983). */
export function pluck(part: Part, note: Note, { ring, brightness }: PluckTone): void {
  const period = part.rate / note.frequency
  const delay = Math.max(2, Math.floor(period - 1))
  const fraction = period - delay - 0.5
  const allpass = (1 - fraction) / (1 + fraction)
  const line = new Float32Array(delay)
  const noise = new Noise(seedOf(note.at, delay))
  let smooth = 0
  for (let i = 0; i < delay; i++) {
    smooth += (0.15 + 0.85 * brightness) * (noise.next() - smooth)
    line[i] = smooth
  }
  // the loop would keep an offset for as long as it rings
  const offset = line.reduce((sum, x) => sum + x, 0) / delay
  for (let i = 0; i < delay; i++) line[i]! -= offset
  const loss = decayFactor(ring, note.frequency)
  const [start, length] = span(part, note.at, note.seconds)
  const fade = 0.02 * part.rate
  let previous = 0
  let apIn = 0
  let apOut = 0
  for (let i = 0, at = 0; i < length; i++) {
    const out = line[at]!
    const averaged = 0.5 * (out + previous) * loss
    previous = out
    apOut = allpass * (averaged - apOut) + apIn
    apIn = averaged
    line[at] = apOut
    at = at + 1 === delay ? 0 : at + 1
    part.samples[start + i]! += 0.9 * note.velocity * out * Math.min(1, (length - i) / fade)
  }
}

export interface BowTone {
  attack: number
  release: number
  /** cents between the strings */
  detune: number
  cutoff: number
  vibrato: number
}

/** Bowed strings: three saws a few cents apart, a slow swell, vibrato that grows. */
export function bow(part: Part, note: Note, tone: BowTone): void {
  const [start, length] = span(part, note.at, note.seconds)
  const saws = [new Saw(0.1), new Saw(0.43), new Saw(0.77)]
  const ratios = [-1, 0, 1].map((d) => 2 ** ((d * tone.detune) / 1200) / part.rate)
  const filter = new Filter(part.rate, tone.cutoff, 0.6)
  for (let i = 0; i < length; i++) {
    const t = i / part.rate
    const depth = tone.vibrato * Math.min(1, t)
    const f = note.frequency * (1 + depth * 0.004 * Math.sin(34.5 * t + note.frequency))
    let sum = 0
    for (let v = 0; v < 3; v++) sum += saws[v]!.next(f * ratios[v]!)
    filter.push(sum)
    const envelope = swell(i, length, tone.attack * part.rate, tone.release * part.rate)
    part.samples[start + i]! += 0.16 * note.velocity * filter.low * envelope
  }
}

/** Brass: a saw whose filter opens with the attack and then settles; the pitch slides up into place. */
export function brass(part: Part, note: Note, tone: { bright: number; attack: number }): void {
  const [start, length] = span(part, note.at, note.seconds)
  const saws = [new Saw(0.2), new Saw(0.6)]
  const filter = new Filter(part.rate, note.frequency, 0.9)
  const step = 1 / part.rate
  let open = 0
  for (let i = 0; i < length; i++) {
    const t = i * step
    if (i % 16 === 0) {
      const rise = Math.min(1, t / tone.attack)
      open = rise * (0.55 + 0.45 * Math.exp(-7 * t))
      filter.tune(note.frequency * (1 + tone.bright * open * note.velocity))
    }
    const f = note.frequency * (1 - 0.025 * Math.exp(-t * 45)) * step
    filter.push(saws[0]!.next(f) + saws[1]!.next(f * 1.003))
    part.samples[start + i]! +=
      0.26 * note.velocity * filter.low * swell(i, length, tone.attack * part.rate, 0.05 * part.rate)
  }
}

export interface BellTone {
  ratio: number
  index: number
  ring: number
  /** Hz between the two instruments of a pair */
  beat: number
}

/** A struck metal bar: frequency modulation (Chowning 1973), two of a pair that beat against each other. */
export function bell(part: Part, note: Note, { ratio, index, ring, beat }: BellTone): void {
  const [start, length] = span(part, note.at, Math.min(note.seconds, ring))
  const w1 = (2 * Math.PI * note.frequency) / part.rate
  const w2 = (2 * Math.PI * (note.frequency + beat)) / part.rate
  const fall = decayFactor(ring, part.rate)
  const dull = decayFactor(ring * 0.35, part.rate)
  let level = 0.28 * note.velocity
  let depth = index * note.velocity
  for (let i = 0; i < length; i++) {
    const modulation = depth * Math.sin(ratio * w1 * i)
    const edge = Math.min(1, (length - i) / (0.03 * part.rate), i / (0.001 * part.rate))
    part.samples[start + i]! += edge * level * (Math.sin(w1 * i + modulation) + Math.sin(w2 * i + modulation))
    level *= fall
    depth *= dull
  }
}

/** A pulse wave whose volume falls in 16 steps, as the sound chips of the eighties did. */
export function chip(part: Part, note: Note, tone: { width: number; steps: number }): void {
  const [start, length] = span(part, note.at, note.seconds)
  const pulse = new Pulse(tone.width)
  const offset = 2 * tone.width - 1
  const f = note.frequency / part.rate
  for (let i = 0; i < length; i++) {
    const volume = Math.max(2, Math.round(15 - (tone.steps * i) / length)) / 15
    const edge = Math.min(1, (length - i) / 32, i / 16)
    part.samples[start + i]! += 0.16 * note.velocity * volume * edge * (pulse.next(f) - offset)
  }
}

/** A synthetic bass: saw and a square an octave below through a filter that closes. */
export function synthBass(part: Part, note: Note, tone: { cutoff: number; sweep: number }): void {
  const [start, length] = span(part, note.at, note.seconds)
  const saw = new Saw()
  const sub = new Pulse(0.5)
  const filter = new Filter(part.rate, tone.cutoff, 1.4)
  const f = note.frequency / part.rate
  for (let i = 0; i < length; i++) {
    if (i % 16 === 0) filter.tune(tone.cutoff * (1 + tone.sweep * Math.exp((-9 * i) / part.rate)))
    filter.push(0.6 * saw.next(f) + 0.4 * sub.next(f / 2))
    part.samples[start + i]! += 0.4 * note.velocity * filter.low * swell(i, length, 60, 0.03 * part.rate)
  }
}

/** An organ with drawbars: harmonics 1, 2, 3, 4, 6, 8 of the given strengths, and a rotor's tremolo. */
export function organ(part: Part, note: Note, tone: { drawbars: readonly number[]; rotor: number }): void {
  const [start, length] = span(part, note.at, note.seconds)
  const w = (2 * Math.PI * note.frequency) / part.rate
  const harmonics = [1, 2, 3, 4, 6, 8].map((h, i) => ({ h, level: tone.drawbars[i] ?? 0 }))
  const heard = harmonics.filter(({ h, level }) => level > 0 && h * note.frequency < 0.45 * part.rate)
  for (let i = 0; i < length; i++) {
    const sway = 0.6 * Math.sin((2 * Math.PI * tone.rotor * i) / part.rate)
    let sum = 0
    for (const { h, level } of heard) sum += level * Math.sin(h * (w * i + 0.05 * sway))
    const envelope = swell(i, length, 0.008 * part.rate, 0.04 * part.rate) * (1 + 0.25 * sway)
    part.samples[start + i]! += 0.13 * note.velocity * envelope * sum
  }
}

/** A flute: few harmonics, breath around the note, vibrato. */
export function flute(part: Part, note: Note, tone: { breath: number; vibrato: number }): void {
  const [start, length] = span(part, note.at, note.seconds)
  const noise = new Noise(seedOf(note.at, 11))
  const filter = new Filter(part.rate, note.frequency * 2, 4)
  let phase = 0
  for (let i = 0; i < length; i++) {
    const t = i / part.rate
    const sway = Math.sin(31 * t) * tone.vibrato * Math.min(1, 3 * t)
    phase += (2 * Math.PI * note.frequency * (1 + 0.005 * sway)) / part.rate
    filter.push(noise.next())
    const tonal = Math.sin(phase) + 0.3 * Math.sin(2 * phase) + 0.12 * Math.sin(3 * phase)
    const envelope = swell(i, length, 0.05 * part.rate, 0.07 * part.rate) * (1 + 0.2 * sway)
    part.samples[start + i]! += 0.32 * note.velocity * envelope * (tonal + tone.breath * filter.band)
  }
}

/** A bass drum: a sine that falls in pitch. */
export function kick(part: Part, at: number, velocity: number, tone: { pitch: number; ring: number }): void {
  const [start, length] = span(part, at, tone.ring)
  const fall = decayFactor(tone.ring, part.rate)
  let phase = 0
  let level = 0.95 * velocity
  for (let i = 0; i < length; i++) {
    const t = i / part.rate
    phase += (2 * Math.PI * tone.pitch * (1 + 4.5 * Math.exp(-t * 42))) / part.rate
    part.samples[start + i]! += level * Math.sin(phase)
    level *= fall
  }
}

/** A snare: a short tone and a band of noise. */
export function snare(part: Part, at: number, velocity: number, tone: { pitch: number; ring: number }): void {
  const [start, length] = span(part, at, tone.ring)
  const noise = new Noise(seedOf(at, 3))
  const filter = new Filter(part.rate, Math.min(2600, part.rate * 0.3), 0.6)
  const fall = decayFactor(tone.ring, part.rate)
  const short = decayFactor(tone.ring * 0.5, part.rate)
  const w = (2 * Math.PI * tone.pitch) / part.rate
  let level = 0.6 * velocity
  let body = 0.45 * velocity
  for (let i = 0; i < length; i++) {
    filter.push(noise.next())
    part.samples[start + i]! += level * (filter.band + 0.5 * filter.high) + body * Math.sin(w * i)
    level *= fall
    body *= short
  }
}

/** Cymbals: noise above a cutoff, with an inharmonic ring for the metal. */
export function cymbal(
  part: Part,
  at: number,
  velocity: number,
  tone: { ring: number; metal: number },
): void {
  const [start, length] = span(part, at, tone.ring)
  const noise = new Noise(seedOf(at, 5))
  const filter = new Filter(part.rate, Math.min(6500, part.rate * 0.35), 0.8)
  const partials = [2987, 4211, 5393].map((f) => (2 * Math.PI * Math.min(f, part.rate * 0.42)) / part.rate)
  const fall = decayFactor(tone.ring, part.rate)
  let level = 0.5 * velocity
  for (let i = 0; i < length; i++) {
    let ringing = 0
    for (const w of partials) ringing += Math.sin(w * i)
    filter.push(noise.next() + 0.3 * tone.metal * ringing)
    part.samples[start + i]! += level * filter.high
    level *= fall
  }
}

export interface WindTone {
  centre: number
  resonance: number
  /** Hz */
  sway: number
}

/** Wind and waves: noise through a narrow band that wanders. */
export function wind(part: Part, note: Note, { centre, resonance, sway }: WindTone): void {
  const [start, length] = span(part, note.at, note.seconds)
  const noise = new Noise(seedOf(note.at, Math.round(centre)))
  const filter = new Filter(part.rate, centre, resonance)
  for (let i = 0; i < length; i++) {
    if (i % 32 === 0) {
      const t = i / part.rate
      const wander = Math.sin(6.28 * sway * t + centre) + 0.5 * Math.sin(6.28 * sway * 2.7 * t)
      filter.tune(centre * 2 ** (0.8 * wander))
    }
    filter.push(noise.next())
    part.samples[start + i]! += 0.5 * note.velocity * filter.band * swell(i, length, part.rate, part.rate)
  }
}
