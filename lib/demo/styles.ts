/**
 * The classes of the demo corpus. A style fixes timbre, rhythm and harmony; key, tempo, melody, progression and the
 * details of the instruments are drawn for every track.
 */
import { chord, degree, Grid, hertz, melody, PROGRESSIONS, SCALES } from './harmony.js'
import {
  bell,
  bow,
  brass,
  chip,
  cymbal,
  flute,
  kick,
  organ,
  type Part,
  pluck,
  snare,
  synthBass,
  wind,
} from './instruments.js'
import type { Random } from './random.js'

/** What a style writes its track with. */
export interface Studio {
  random: Random
  seconds: number
  /** semitones above C */
  key: number
  /** A new part; `pan` −1 left … 1 right. */
  part(pan?: number): Part
}

export type Style = (studio: Studio) => void

const drumKit = (random: Random) => ({
  kick: { pitch: random.between(42, 62), ring: random.between(0.25, 0.45) },
  snare: { pitch: random.between(150, 230), ring: random.between(0.15, 0.32) },
  hat: { ring: random.between(0.05, 0.12), metal: random.next() },
  ride: { ring: random.between(0.5, 0.9), metal: random.between(0.6, 1) },
})

function pluckedMajor({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(80, 140), seconds)
  const tone = { ring: random.between(1.2, 2.6), brightness: random.between(0.2, 0.9) }
  const tonic = 48 + key
  const progression = random.pick(PROGRESSIONS.major)
  const pattern = random.pick([
    [0, 1, 2, 3, 2, 1, 2, 1],
    [0, 2, 1, 3, 2, 3, 1, 2],
    [0, 1, 2, 3, 0, 1, 2, 3],
  ])
  const [guitar, low] = [part(-0.3), part(0.2)]
  for (let bar = 0; bar < grid.bars; bar++) {
    const root = progression[bar % progression.length]!
    const notes = [...chord(tonic, SCALES.major, root), degree(tonic, SCALES.major, root + 7)]
    const bass = { at: grid.at(bar, 0), seconds: 2, frequency: hertz(notes[0]! - 12), velocity: 0.8 }
    pluck(low, bass, { ...tone, ring: 3 })
    pattern.forEach((which, i) => {
      const at = grid.loose(random, bar, i / 2)
      const velocity = random.between(0.5, 0.9)
      pluck(guitar, { at, seconds: 1.6, frequency: hertz(notes[which]! + 12), velocity }, tone)
    })
  }
}

function bowedMinor({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(50, 80), seconds)
  const tone = {
    attack: random.between(0.4, 0.9),
    release: random.between(0.6, 1.2),
    detune: random.between(6, 16),
    cutoff: random.logBetween(900, 4000),
    vibrato: random.between(0.3, 1),
  }
  const tonic = 48 + key
  const progression = random.pick(PROGRESSIONS.minor)
  const desks = [part(-0.5), part(0), part(0.5), part(0.2)]
  for (let bar = 0; bar < grid.bars; bar++) {
    const notes = chord(tonic, SCALES.minor, progression[bar % progression.length]!)
    const long = grid.beat * 4 + 0.5
    const voices = [notes[0]! - 12, ...notes]
    voices.forEach((midi, i) => {
      const velocity = random.between(0.5, 0.8)
      bow(desks[i]!, { at: grid.at(bar, 0), seconds: long, frequency: hertz(midi), velocity }, tone)
    })
  }
}

function fourOnTheFloor({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(112, 138), seconds)
  const kit = drumKit(random)
  const bassTone = { cutoff: random.logBetween(250, 900), sweep: random.between(1, 5) }
  const tonic = 36 + key
  const progression = random.pick(PROGRESSIONS.minor)
  const bassLine = random.pick([
    [0.5, 1.5, 2.5, 3.5],
    [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5],
    [0.5, 0.75, 1.5, 2.5, 2.75, 3.5],
  ])
  const claps = random.chance(0.7)
  const [drums, hats, low, keys] = [part(0), part(0.25), part(0), part(-0.3)]
  for (let bar = 0; bar < grid.bars; bar++) {
    const root = progression[(bar >> 1) % progression.length]!
    for (let beat = 0; beat < 4; beat++) {
      kick(drums, grid.at(bar, beat), 0.95, kit.kick)
      cymbal(hats, grid.at(bar, beat + 0.5), random.between(0.5, 0.8), kit.hat)
      if (claps && beat % 2 === 1) snare(drums, grid.at(bar, beat), 0.5, kit.snare)
    }
    for (const beat of bassLine) {
      const midi = degree(tonic, SCALES.minor, root)
      const at = grid.at(bar, beat)
      synthBass(
        low,
        { at, seconds: grid.beat * 0.45, frequency: hertz(midi < 34 ? midi + 12 : midi), velocity: 0.8 },
        bassTone,
      )
    }
    const stab = { attack: 0.005, release: 0.12, detune: 12, cutoff: 2200, vibrato: 0 }
    for (const midi of chord(tonic + 24, SCALES.minor, root))
      bow(keys, { at: grid.at(bar, 2.5), seconds: 0.3, frequency: hertz(midi), velocity: 0.7 }, stab)
  }
}

function breakbeat({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(85, 172), seconds)
  const kit = drumKit(random)
  const tonic = 33 + key
  const kicks = random.pick([
    [0, 0.5, 2.5],
    [0, 1.75, 2.5],
    [0, 0.75, 2.25, 2.75],
    [0, 1.5, 2.5, 3.25],
  ])
  const ghosts = random.pick([[1.75, 2.25], [2.25, 3.75], [1.5, 1.75, 3.75], [3.5]])
  const bassTone = { cutoff: random.logBetween(150, 450), sweep: random.between(0, 2) }
  const [drums, hats, low] = [part(0), part(-0.2), part(0)]
  const line = melody(random, 8, 0, 3)
  for (let bar = 0; bar < grid.bars; bar++) {
    for (const beat of kicks) kick(drums, grid.loose(random, bar, beat), 0.9, kit.kick)
    for (const beat of [1, 3]) snare(drums, grid.loose(random, bar, beat), 0.9, kit.snare)
    for (const beat of ghosts)
      if (random.chance(0.8)) snare(drums, grid.loose(random, bar, beat), random.between(0.2, 0.4), kit.snare)
    for (let eighth = 0; eighth < 8; eighth++)
      cymbal(hats, grid.loose(random, bar, eighth / 2), eighth % 2 ? 0.35 : 0.6, kit.hat)
    for (const [i, beat] of [0, 2.5].entries()) {
      const frequency = hertz(degree(tonic, SCALES.dorian, line[(2 * bar + i) % line.length]!))
      synthBass(low, { at: grid.at(bar, beat), seconds: grid.beat * 1.2, frequency, velocity: 0.8 }, bassTone)
    }
  }
}

function brassStabs({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(90, 130), seconds)
  const tone = { bright: random.between(4, 9), attack: random.between(0.015, 0.045) }
  const kit = drumKit(random)
  const tonic = 50 + key
  const rhythm = random.pick([
    [0, 1.5, 3.5],
    [0.5, 1, 2.5, 3],
    [0, 0.75, 1.5, 3],
    [1.5, 2, 3.5],
  ])
  const roots = random.pick([
    [0, 3, 0, 4],
    [0, 0, 3, 4],
    [0, 6, 3, 4],
  ])
  const section = [part(-0.5), part(-0.15), part(0.2), part(0.5)]
  const drums = part(0)
  for (let bar = 0; bar < grid.bars; bar++) {
    const root = degree(tonic, SCALES.major, roots[bar % 4]!)
    const shout = random.chance(0.25)
    for (const beat of rhythm) {
      const long = grid.beat * (shout && beat === rhythm.at(-1) ? 1 : random.between(0.2, 0.4))
      ;[0, 4, 7, 10].forEach((interval, i) => {
        const at = grid.loose(random, bar, beat, 0.012)
        const note = {
          at,
          seconds: long,
          frequency: hertz(root + interval),
          velocity: random.between(0.7, 1),
        }
        brass(section[i]!, note, tone)
      })
    }
    for (const beat of [1, 3]) snare(drums, grid.at(bar, beat), 0.25, kit.snare)
  }
}

function bellGamelan({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(90, 150), seconds)
  const tone = {
    ratio: random.pick([1.4, 2.76, 3.52, 2.13]),
    index: random.between(0.8, 2.6),
    ring: random.between(0.7, 2),
    beat: random.between(2, 8),
  }
  const tonic = 60 + key
  const core = melody(random, 8, 2, 3)
  const [high, off, middle, gong] = [part(-0.4), part(0.4), part(0), part(0.1)]
  for (let bar = 0; bar < grid.bars; bar++) {
    if (bar % 2 === 0)
      bell(
        gong,
        { at: grid.at(bar, 0), seconds: 4, frequency: hertz(tonic - 24), velocity: 1 },
        { ...tone, ratio: 1.4, ring: 4, beat: 1.5 },
      )
    for (let beat = 0; beat < 4; beat++) {
      const step = core[(4 * bar + beat) % core.length]!
      const frequency = hertz(degree(tonic, SCALES.pelog, step))
      bell(middle, { at: grid.loose(random, bar, beat), seconds: 2, frequency, velocity: 0.7 }, tone)
      // two players interlock: one on the pulse, one between
      for (const [i, voice] of [high, off, high, off].entries()) {
        if (random.chance(0.12)) continue
        const next = hertz(degree(tonic + 12, SCALES.pelog, step + (i % 2)))
        const at = grid.loose(random, bar, beat + i / 4, 0.004)
        bell(voice, { at, seconds: 0.8, frequency: next, velocity: random.between(0.3, 0.6) }, tone)
      }
    }
  }
}

function walkingSwing({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(100, 190), seconds)
  const kit = drumKit(random)
  const tonic = 33 + key
  const progression = random.pick(PROGRESSIONS.jazz)
  const tone = { ring: random.between(0.7, 1.3), brightness: random.between(0.08, 0.25) }
  const comping = { ring: 0.8, brightness: random.between(0.2, 0.5) }
  const [low, ride, keys] = [part(0), part(0.35), part(-0.35)]
  for (let bar = 0; bar < grid.bars; bar++) {
    const root = progression[bar % progression.length]!
    const walk = [0, random.pick([1, 2]), random.pick([2, 4]), random.pick([3, 5, 6])]
    walk.forEach((step, beat) => {
      const frequency = hertz(degree(tonic, SCALES.major, root + step))
      const at = grid.loose(random, bar, beat)
      pluck(low, { at, seconds: grid.beat * 1.1, frequency, velocity: random.between(0.9, 1.1) }, tone)
    })
    for (const beat of [0, 1, 1 + 2 / 3, 2, 3, 3 + 2 / 3])
      cymbal(ride, grid.loose(random, bar, beat), beat % 1 ? 0.25 : 0.4, kit.ride)
    const beat = random.pick([1 + 2 / 3, 0, 2 + 2 / 3])
    for (const midi of chord(tonic + 24, SCALES.major, root, 4)) {
      const note = { at: grid.loose(random, bar, beat), seconds: 0.5, frequency: hertz(midi), velocity: 0.45 }
      pluck(keys, note, comping)
    }
  }
}

function droneTexture({ random, seconds, key, part }: Studio): void {
  const tonic = 33 + key
  const tone = { attack: 1.5, release: 1.5, detune: random.between(8, 25), cutoff: 0, vibrato: 0.2 }
  const levels = [random.between(0.5, 1), random.between(0.2, 0.8)]
  for (const [i, interval] of [0, 7, 12, 19].entries()) {
    const note = { at: 0, seconds, frequency: hertz(tonic + interval), velocity: levels[0]! / (1 + i * 0.4) }
    bow(part(i * 0.4 - 0.6), note, { ...tone, cutoff: random.logBetween(250, 1200) })
  }
  for (let i = 0; i < 3; i++) {
    const note = { at: 0, seconds, frequency: 0, velocity: levels[1]! }
    wind(part(i * 0.7 - 0.7), note, {
      centre: random.logBetween(250, 3500),
      resonance: random.between(2, 9),
      sway: random.between(0.05, 0.3),
    })
  }
}

function chiptune({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(110, 170), seconds)
  const scale = random.pick([SCALES.major, SCALES.minor])
  const progression = random.pick(scale === SCALES.major ? PROGRESSIONS.major : PROGRESSIONS.minor)
  const tonic = 48 + key
  const lead = { width: random.pick([0.125, 0.25, 0.5]), steps: random.integer(6, 13) }
  const arpeggio = { width: random.pick([0.125, 0.25, 0.5]), steps: random.integer(2, 8) }
  const tune = melody(random, 16, 7, 5)
  const [top, middle, low] = [part(0.3), part(-0.3), part(0)]
  for (let bar = 0; bar < grid.bars; bar++) {
    const root = progression[bar % progression.length]!
    const notes = chord(tonic + 12, scale, root)
    for (let i = 0; i < 32; i++) {
      const note = { seconds: grid.beat / 8, frequency: hertz(notes[i % 3]!), velocity: 0.7 }
      chip(middle, { ...note, at: grid.at(bar, i / 8) }, arpeggio)
    }
    for (let i = 0; i < 8; i++) {
      const bass = hertz(degree(tonic - 12, scale, root) + (i % 2 ? 12 : 0))
      const note = { at: grid.at(bar, i / 2), seconds: grid.beat * 0.45, frequency: bass, velocity: 1 }
      chip(low, note, { width: 0.5, steps: 4 })
      if (random.chance(0.25)) continue
      const frequency = hertz(degree(tonic + 12, scale, tune[(8 * bar + i) % 16]!))
      chip(top, { at: grid.at(bar, i / 2), seconds: grid.beat * 0.48, frequency, velocity: 0.9 }, lead)
    }
  }
}

function organWaltz({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(110, 190), seconds, 3)
  const scale = SCALES.major
  const progression = random.pick(PROGRESSIONS.major)
  const tonic = 48 + key
  const drawbars = [1, random.next(), 0.6 * random.next(), 0.7 * random.next(), random.next() * 0.4, 0.3]
  const tone = { drawbars, rotor: random.between(0.8, 6.5) }
  const tune = melody(random, 12, 7, 4)
  const [left, right, solo] = [part(-0.2), part(0.2), part(0)]
  for (let bar = 0; bar < grid.bars; bar++) {
    const root = progression[(bar >> 1) % progression.length]!
    const bass = hertz(degree(tonic - 12, scale, root + (bar % 2 ? 4 : 0)))
    organ(left, { at: grid.at(bar, 0), seconds: grid.beat * 0.8, frequency: bass, velocity: 1 }, tone)
    for (const beat of [1, 2])
      for (const midi of chord(tonic, scale, root)) {
        const at = grid.loose(random, bar, beat)
        organ(right, { at, seconds: grid.beat * 0.45, frequency: hertz(midi), velocity: 0.6 }, tone)
      }
    const beats = random.pick([[0, 1, 2], [0, 2], [0]])
    beats.forEach((beat, i) => {
      const long = grid.beat * ((beats[i + 1] ?? 3) - beat) * 0.95
      const frequency = hertz(degree(tonic + 12, scale, tune[(3 * bar + beat) % 12]!))
      organ(solo, { at: grid.at(bar, beat), seconds: long, frequency, velocity: 0.9 }, tone)
    })
  }
}

function flutePentatonic({ random, seconds, key, part }: Studio): void {
  const grid = new Grid(random.between(55, 95), seconds)
  const tonic = 60 + key
  const tone = { breath: random.between(0.1, 0.8), vibrato: random.between(0.3, 1.5) }
  const harp = { ring: random.between(1.5, 3), brightness: random.between(0.1, 0.4) }
  const tune = melody(random, 24, 4, 5)
  const [air, strings] = [part(0.15), part(-0.4)]
  let step = 0
  for (let bar = 0; bar < grid.bars; bar++) {
    const rhythm = random.pick([
      [0, 1, 1.5, 2],
      [0, 1.5, 2, 3.5],
      [0, 0.5, 1, 3],
      [0.5, 1, 2, 2.5, 3],
    ])
    rhythm.forEach((beat, i) => {
      const long = grid.beat * ((rhythm[i + 1] ?? 4) - beat)
      const frequency = hertz(degree(tonic, SCALES.pentatonic, tune[step++ % 24]!))
      const at = grid.loose(random, bar, beat, 0.02)
      flute(air, { at, seconds: long, frequency, velocity: random.between(0.7, 1) }, tone)
    })
    for (const [i, beat] of [0, 0.25, 0.5].entries()) {
      const frequency = hertz(degree(tonic - 24, SCALES.pentatonic, [0, 2, 4][i]! + (bar % 2)))
      const at = grid.loose(random, bar, beat)
      pluck(strings, { at, seconds: 3, frequency, velocity: 0.5 }, harp)
    }
  }
}

/** Class name → how its tracks are written. */
export const STYLES: Record<string, Style> = {
  'bell-gamelan': bellGamelan,
  'bowed-minor': bowedMinor,
  'brass-stabs': brassStabs,
  breakbeat,
  chiptune,
  'drone-texture': droneTexture,
  'flute-pentatonic': flutePentatonic,
  'four-on-the-floor': fourOnTheFloor,
  'organ-waltz': organWaltz,
  'plucked-major': pluckedMajor,
  'walking-swing': walkingSwing,
}
