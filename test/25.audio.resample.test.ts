import assert from 'node:assert/strict'
import { native } from '#lib/native/load.js'
import { afterAbort, atBest } from './helpers/at-best.js'
import { readGolden, testClip } from './helpers/golden.js'
import { type Kernels, withKernels } from './helpers/with-kernels.js'

const flag = () => native().createAbortFlag()
const resample = async (
  x: Float32Array,
  from: number,
  to: number,
  quality: 'best' | 'fast' | 'torchaudio' = 'best',
) => (await native().resample(x, from, to, quality, undefined, flag()))!

const sine = (n: number, rate: number, frequency: number, amplitude = 1) =>
  Float32Array.from({ length: n }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / rate))

/** Amplitude of `frequency` in the middle half of x, by correlation with a Hann-weighted complex exponential. */
function amplitudeAt(x: Float32Array, rate: number, frequency: number): number {
  const from = x.length >> 2
  const n = x.length >> 1
  let [re, im, weight] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    const w = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n)
    const phase = (2 * Math.PI * frequency * i) / rate
    re += w * x[from + i]! * Math.cos(phase)
    im += w * x[from + i]! * Math.sin(phase)
    weight += w
  }
  return (2 * Math.hypot(re, im)) / weight
}

const decibels = (x: number) => 20 * Math.log10(x)

function maxDifference(a: Float32Array, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length)
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0)
}

describe('25 audio: resampling', () => {
  for (const [rate, n] of [
    [44100, 1501],
    [48000, 1600],
    [16000, 500],
  ] as const)
    it(`${rate} → 22,050 Hz equals torchaudio to 1e-6, by its default and by kaiser_best (golden)`, async () => {
      const golden = readGolden('resample.safetensors')
      const x = testClip(70, 71, n)
      assert.ok(
        maxDifference(await resample(x, rate, 22050, 'torchaudio'), golden[`default.${rate}`]!.data) <= 1e-6,
      )
      assert.ok(
        maxDifference(await resample(x, rate, 22050, 'best'), golden[`kaiser_best.${rate}`]!.data) <= 1e-6,
      )
    })

  it('a tone at 13 kHz leaves an alias of at most −100 dB (closed form: it would fold to 9,050 Hz)', async () => {
    const y = await resample(sine(44100, 44100, 13000), 44100, 22050)
    assert.ok(decibels(amplitudeAt(y, 22050, 22050 - 13000)) <= -100)
  })

  it("the control: torchaudio's default lets that alias through at about −24 dB", async () => {
    const y = await resample(sine(44100, 44100, 13000), 44100, 22050, 'torchaudio')
    const alias = decibels(amplitudeAt(y, 22050, 9050))
    assert.ok(Math.abs(alias + 24.5) < 1, `${alias} dB`)
  })

  it('tones up to 10 kHz keep their level within 0.1 dB (closed form)', async () => {
    for (const frequency of [100, 1000, 5000, 9000, 10000]) {
      const y = await resample(sine(44100, 44100, frequency), 44100, 22050)
      assert.ok(Math.abs(decibels(amplitudeAt(y, 22050, frequency))) <= 0.1, `${frequency} Hz`)
    }
  })

  for (const rate of [1000, 8000, 11025, 32000, 44099, 47999, 96000, 192000, 767999])
    it(`from ${rate} Hz a tone stays at its place: the sine itself, sampled at 22,050 Hz, to 1e-4 (closed form)`, async () => {
      const frequency = rate / 8 > 5000 ? 997 : rate / 8
      const y = await resample(sine(rate / 2, rate, frequency, 0.5), rate, 22050)
      assert.equal(y.length, Math.ceil((Math.floor(rate / 2) * 22050) / rate))
      const wanted = sine(y.length, 22050, frequency, 0.5)
      const edge = Math.ceil((80 * 22050) / Math.min(rate, 22050))
      for (let i = edge; i < y.length - edge; i++)
        assert.ok(Math.abs(y[i]! - wanted[i]!) <= 1e-4, `sample ${i}`)
    })

  for (const [from, to] of [
    [44100, 22050],
    [48000, 22050],
    [11025, 22050],
    [44099, 22050],
  ] as const)
    it(`working in pieces changes no bit: ${from} → ${to} Hz of a part is the part of the whole`, async () => {
      const x = testClip(1, 2, 120000)
      const whole = await resample(x, from, to)
      const skip = from === 44099 ? 44099 : from === 11025 ? 12345 : 35200 // a whole number of output periods
      const part = await resample(x.subarray(skip), from, to)
      const offset = (skip * to) / from
      const margin = 600
      assert.ok(Number.isInteger(offset))
      assert.deepEqual(part.subarray(margin), whole.subarray(offset + margin))
    })

  it('an array that is given is filled, with the bits of a new one', async () => {
    const x = testClip(1, 2, 10_000)
    for (const from of [22050, 44100, 44099]) {
      const expected = await resample(x, from, 22050)
      const out = new Float32Array(expected.length).fill(7)
      assert.equal(await native().resample(x, from, 22050, 'best', out, flag()), undefined)
      assert.deepEqual(out, expected)
    }
  })

  it('the fast kernels give what the plain reference gives, to 1e-6, for every kind of ratio', async () => {
    const rates = [44100, 48000, 16000, 11025, 32000, 96000, 22051, 44099, 1000]
    const x = Float32Array.from({ length: 20001 }, (_, i) => Math.sin(i * i * 1e-5))
    const run = (kernels: Kernels) =>
      withKernels(kernels, () => Promise.all(rates.map((rate) => resample(x, rate, 22050))))
    const plain = await run({ kernels: 'plain' })
    for (const instructionSet of ['avx512', 'avx2', 'default'] as const)
      (await run({ instructionSet })).forEach((y, i) => {
        assert.ok(maxDifference(y, plain[i]!) <= 1e-6, `${instructionSet}, ${rates[i]} Hz`)
        assert.ok(y.some((v) => v > 0.9))
      })
  })

  it('an abort ends it within 250 ms, and the next call works', async () => {
    await atBest(250, async () => {
      const abort = flag()
      const running = native().resample(
        new Float32Array(60 * 192000),
        767999,
        22050,
        'best',
        undefined,
        abort,
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
      return afterAbort(running, () => abort.raise(), { code: 'ABORT' })
    })
    assert.equal((await resample(new Float32Array(441), 44100, 22050)).length, 221)
  })

  it('BAD CALL - rates out of range, an array of another size, overflow to infinity', async () => {
    const x = new Float32Array(10)
    for (const rate of [0, 999, 768001, -1, 44100.5])
      await assert.rejects(resample(x, rate, 22050), { code: 'ERR_ARGUMENT' })
    const into = async (out: Float32Array) => native().resample(x, 44100, 22050, 'best', out, flag())
    await assert.rejects(into(new Float32Array(4)), { code: 'ERR_SHAPE' })
    await assert.rejects(resample(new Float32Array(1000).fill(3.4e38), 44100, 22050), {
      code: 'ERR_NON_FINITE',
    })
  })
})
