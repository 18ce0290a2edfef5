/**
 * Mixes parts to a recording. What varies here from track to track says nothing about the class: room, tone control,
 * hiss, width and level differ more within a class than between classes.
 */
import type { Recording } from '../formats/wav/writer.js'
import type { Part } from './instruments.js'
import { Filter, Noise } from './oscillators.js'
import type { Random } from './random.js'

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

/** A tone control: `tilt` octaves-wise, below 0 darker, above 0 thinner; 0 leaves the sound as it is. */
function tone(channel: Float32Array, rate: number, tilt: number): void {
  if (Math.abs(tilt) < 0.05) return
  const filter = new Filter(rate, tilt < 0 ? 700 : 500, 0.5)
  const keep = 1 - Math.min(1, Math.abs(tilt))
  for (let i = 0; i < channel.length; i++) {
    filter.push(channel[i]!)
    const low = filter.low
    channel[i] = tilt < 0 ? low + keep * (channel[i]! - low) : keep * low + (channel[i]! - low)
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

/** Mixes the parts to one or two channels, with the random sound of some studio. */
export function mixdown(parts: readonly PannedPart[], stereo: boolean, random: Random): Recording {
  const { rate, samples } = parts[0]!
  const wet = random.between(0, 0.35)
  const reverberation = random.logBetween(0.4, 2.2)
  const tilt = random.between(-1, 1) ** 3
  const level = 10 ** (random.between(-20, -0.5) / 20)
  const hiss = 10 ** (random.between(-80, -46) / 20)
  const channels = (stereo ? [-1, 1] : [0]).map((side) => place(parts, side, samples.length))
  channels.forEach((channel, c) => {
    addRoom(channel, rate, wet, reverberation, c * 0.0011)
    tone(channel, rate, tilt)
  })
  const gain = level / peak(channels)
  const noise = new Noise(random.integer(1, 2 ** 30))
  const fade = 0.01 * rate
  for (const channel of channels)
    for (let i = 0; i < channel.length; i++) {
      const edge = Math.min(1, i / fade, (channel.length - i) / fade)
      channel[i] = edge * Math.max(-1, Math.min(1, gain * channel[i]! + level * hiss * noise.next()))
    }
  return { channels, rate }
}
