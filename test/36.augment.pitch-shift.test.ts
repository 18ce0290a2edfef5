import assert from 'node:assert/strict'
import { transforms } from 'clmr'
import { applyOne } from './helpers/augment.js'
import { hashUniform, readGolden, relativeError, testClip, testTone } from './helpers/golden.js'

const golden = readGolden('augment_pitch.safetensors')
const by = (cents: number) => transforms.pitchShift({ cents: [cents, cents] })

/** Frequency of the strongest partial near `guess`: where the Hann-windowed Fourier transform is largest. */
function measureFrequency(x: Float32Array, guess: number, sampleRate = 22050): number {
  const power = (hz: number) => {
    let re = 0
    let im = 0
    for (let i = 0; i < x.length; i++) {
      const v = x[i]! * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / x.length))
      const angle = (2 * Math.PI * hz * i) / sampleRate
      re += v * Math.cos(angle)
      im += v * Math.sin(angle)
    }
    return re * re + im * im
  }
  let best = guess
  for (let width = 0.02; width > 5e-5; width /= 4) {
    const candidates = Array.from({ length: 17 }, (_, k) => best * (1 + (width * (k - 8)) / 8))
    const powers = candidates.map(power)
    best = candidates[powers.indexOf(Math.max(...powers))]!
  }
  return best
}

describe('pitch shift', () => {
  it('moves tones by what was asked within 1 cent, −700 to +700 (measured frequency)', async () => {
    for (const hz of [220, 997]) {
      const x = testTone([hz], 22050).map((v) => v * 0.8)
      for (let cents = -700; cents <= 700; cents += 175) {
        const y = await applyOne(by(cents), x)
        const wanted = hz * 2 ** (cents / 1200)
        const off = 1200 * Math.log2(measureFrequency(y.subarray(3000, 19000), wanted) / wanted)
        assert.ok(Math.abs(off) <= 1, `${hz} Hz by ${cents}: ${off} cents off`)
      }
    }
  })

  it('keeps the duration: clicks stay where they were within a segment, and so does the end', async () => {
    const n = 59049
    const x = new Float32Array(n)
    const burst = testTone([600], 2000)
    const starts = [5000, 25000, 50000]
    for (const start of starts) x.set(burst, start)
    for (const cents of [-700, -50, 50, 700]) {
      const y = await applyOne(by(cents), x)
      assert.equal(y.length, n)
      for (const start of starts) {
        const centre = (signal: Float32Array) => {
          let [sum, moment] = [0, 0]
          for (let i = start - 3000; i < start + 5000; i++) {
            sum += signal[i]! ** 2
            moment += i * signal[i]! ** 2
          }
          return moment / sum
        }
        assert.ok(
          Math.abs(centre(y) - centre(x)) < 0.082 * 22050,
          `${cents} ${start}: ${centre(y) - centre(x)}`,
        )
      }
    }
  })

  it('keeps the volume of tones within half a dB', async () => {
    const rms = (v: Float32Array) => Math.sqrt(v.reduce((s, a) => s + a * a, 0) / v.length)
    const x = testTone([440], 22050)
    for (const cents of [-700, -1, 300, 700]) {
      const y = await applyOne(by(cents), x)
      const change = 20 * Math.log10(rms(y.subarray(2000, 20000)) / rms(x.subarray(2000, 20000)))
      assert.ok(Math.abs(change) < 0.5, `${cents}: ${change} dB`)
    }
  })

  it('follows sox: segments chosen alike, so the waves agree within 1 % (golden)', async () => {
    const x = testClip(60, 61, 16384).map((v) => v * 0.75)
    for (const cents of [-700, -350, -100, 100, 350, 700]) {
      const y = await applyOne(by(cents), x)
      const error = relativeError(y.subarray(0, 10240), golden[`pitch_shift.${cents}`]!.data)
      assert.ok(error <= 0.01, `${cents}: ${error}`)
    }
  })

  it('by 0 cents nothing changes', async () => {
    const x = hashUniform(3, 5000)
    assert.deepEqual(await applyOne(by(0), x), x)
  })

  it('a clip with NaN is returned as it was', async () => {
    const x = testClip(1, 2, 5000)
    x[2500] = Number.NaN
    assert.deepEqual(await applyOne(by(300), x), x)
  })

  it('goes an octave either way, and over clips shorter than a segment', async () => {
    for (const n of [1, 50, 700, 1808]) {
      for (const cents of [-1200, 1200]) {
        const y = await applyOne(by(cents), testTone([440], n))
        assert.ok(y.length === n && y.every((v) => Number.isFinite(v) && Math.abs(v) <= 1))
      }
    }
  })

  it('runs at sample rates from 1,000 to 192,000 Hz', async () => {
    for (const sampleRate of [1000, 8000, 48000, 192000]) {
      const y = await applyOne(by(-500), testClip(1, 2, 20000), { sampleRate })
      assert.ok(y.every((v) => Number.isFinite(v) && Math.abs(v) <= 1))
    }
  })
})
