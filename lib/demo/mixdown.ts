/**
 * From parts to a recording. What varies here from track to track tells nothing about the class: room, bandwidth,
 * hiss, width and level differ more within a class than classes differ by them.
 */
import type { Part } from './instruments.js'
import { Filter, Noise } from './oscillators.js'
import type { Random } from './random.js'

export interface Recording {
  /** one array a channel, ±1 */
  channels: Float32Array[]
  rate: number
}

export interface PannedPart extends Part {
  pan: number
}

/** A room: four parallel combs and two all-passes a channel (Schroeder 1962), mixed under the sound. */
function addRoom(channel: Float32Array, rate: number, wet: number, seconds: number, spread: number): void {
  const combs = [0.0297, 0.0371, 0.0411, 0.0437].map((d) => {
    const length = Math.max(1, Math.round((d + spread) * rate))
    return { line: new Float32Array(length), at: 0, gain: 10 ** ((-3 * length) / (seconds * rate)) }
  })
  const passes = [0.005, 0.0017].map((d) => ({
    line: new Float32Array(Math.max(1, Math.round(d * rate))),
    at: 0,
  }))
  for (let i = 0; i < channel.length; i++) {
    let sum = 0
    for (const comb of combs) {
      const out = comb.line[comb.at]!
      comb.line[comb.at] = channel[i]! + comb.gain * out
      comb.at = comb.at + 1 === comb.line.length ? 0 : comb.at + 1
      sum += 0.25 * out
    }
    for (const pass of passes) {
      const out = pass.line[pass.at]! - 0.7 * sum
      pass.line[pass.at] = sum + 0.7 * out
      pass.at = pass.at + 1 === pass.line.length ? 0 : pass.at + 1
      sum = out
    }
    channel[i]! += wet * sum
  }
}

/** A hand on a knob: drawn anew every second or two, and turned smoothly. Octaves around the middle. */
class Knob {
  private from: number
  private to: number
  private at = 0
  private every: number

  constructor(
    private readonly random: Random,
    private readonly low: number,
    private readonly high: number,
    private readonly rate: number,
  ) {
    this.from = random.logBetween(low, high)
    this.to = random.logBetween(low, high)
    this.every = rate * random.between(0.8, 2.2)
  }

  /** Its position `samples` later. */
  turn(samples: number): number {
    this.at += samples
    if (this.at >= this.every) {
      this.at = 0
      this.from = this.to
      this.to = this.random.logBetween(this.low, this.high)
      this.every = this.rate * this.random.between(0.8, 2.2)
    }
    const x = this.at / this.every
    return this.from * (this.to / this.from) ** (x * x * (3 - 2 * x))
  }
}

const TURN = 64

/** What a moving microphone and a restless engineer make of the sound: its band and its level wander. */
function wander(channels: readonly Float32Array[], rate: number, random: Random): void {
  const knobs = { from: [40, 900], to: [1100, 9000], level: [0.06, 1], hiss: [1e-4, 0.03] }
  const knob = (name: keyof typeof knobs) => new Knob(random, knobs[name][0]!, knobs[name][1]!, rate)
  const [from, to, level, hiss] = [knob('from'), knob('to'), knob('level'), knob('hiss')]
  const noise = new Noise(random.integer(1, 2 ** 30))
  const filters = channels.map(() => [new Filter(rate, 40), new Filter(rate, 9000)] as const)
  for (let start = 0; start < channels[0]!.length; start += TURN) {
    const [cut, top, gain, wind] = [from.turn(TURN), to.turn(TURN), level.turn(TURN), hiss.turn(TURN)]
    channels.forEach((channel, c) => {
      const [highPass, lowPass] = filters[c]!
      highPass.tune(cut)
      lowPass.tune(top)
      const end = Math.min(start + TURN, channel.length)
      for (let i = start; i < end; i++) {
        highPass.push(channel[i]!)
        lowPass.push(highPass.high)
        channel[i] = gain * lowPass.low + wind * noise.next()
      }
    })
  }
}

function place(parts: readonly PannedPart[], side: number, length: number): Float32Array {
  const channel = new Float32Array(length)
  for (const { samples, pan } of parts) {
    // constant power; side 0 is mono
    const gain = side === 0 ? 1 : Math.SQRT2 * Math.cos((Math.PI / 4) * (1 - side * pan))
    for (let i = 0; i < length; i++) channel[i]! += gain * samples[i]!
  }
  return channel
}

function peak(channels: readonly Float32Array[]): number {
  let most = 1e-9
  for (const channel of channels) for (const x of channel) most = Math.max(most, Math.abs(x))
  return most
}

function scale(channels: readonly Float32Array[], gain: number): void {
  for (const channel of channels) for (let i = 0; i < channel.length; i++) channel[i]! *= gain
}

/** Mixes the parts to one or two channels and treats them as some studio would. */
export function mixdown(parts: readonly PannedPart[], stereo: boolean, random: Random): Recording {
  const { rate, samples } = parts[0]!
  const wet = random.between(0, 0.6)
  const reverberation = random.logBetween(0.3, 2.5)
  const level = 10 ** (random.between(-12, -0.5) / 20)
  const channels = (stereo ? [-1, 1] : [0]).map((side) => place(parts, side, samples.length))
  channels.forEach((channel, c) => {
    addRoom(channel, rate, wet, reverberation, c * 0.0011)
  })
  scale(channels, 1 / peak(channels))
  wander(channels, rate, random)
  scale(channels, level / peak(channels))
  const fade = 0.01 * rate
  for (const channel of channels)
    for (let i = 0; i < channel.length; i++) channel[i]! *= Math.min(1, i / fade, (channel.length - i) / fade)
  return { channels, rate }
}
