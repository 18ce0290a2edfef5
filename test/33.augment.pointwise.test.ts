import assert from 'node:assert/strict'
import { Augmenter, transforms } from 'clmr'
import { applyOne } from './helpers/augment.js'
import { hashUniform, maxAbsoluteError, readGolden, testClip } from './helpers/golden.js'

const golden = readGolden('augment.safetensors')
const fixed = (value: number): [number, number] => [value, value]

describe('polarity, gain, reverse, delay, noise', () => {
  const clip = testClip(60, 61, 10400)

  it('polarity inversion is exact (closed form −x; golden torchaudio-augmentations)', async () => {
    const y = await applyOne(transforms.polarityInversion(), clip)
    assert.deepEqual(
      y,
      clip.map((v) => -v),
    )
    assert.ok(maxAbsoluteError(y.slice(0, 500), golden.polarity_inversion!.data) <= 2 ** -24)
  })

  it('reverse is exact (closed form; golden torchaudio-augmentations)', async () => {
    const y = await applyOne(transforms.reverse(), clip)
    assert.deepEqual(y, clip.slice().reverse())
    assert.ok(maxAbsoluteError(y.slice(0, 500), golden.reverse!.data) <= 2 ** -24)
  })

  it('gain is exact (closed form 10^(dB/20); golden torchaudio-augmentations)', async () => {
    for (const db of [-20, -1]) {
      const y = await applyOne(transforms.gain({ db: fixed(db) }), clip)
      const factor = Math.fround(10 ** (db / 20))
      assert.deepEqual(
        y,
        clip.map((v) => v * factor),
      )
      assert.ok(maxAbsoluteError(y.slice(0, 500), golden[`gain.${db}`]!.data) <= 1e-7)
    }
  })

  it('a gain above 0 dB does not clip, where torchaudio clips to ±1', async () => {
    const y = await applyOne(transforms.gain({ db: fixed(9) }), clip)
    const clipped = y.map((v) => Math.max(-1, Math.min(1, v)))
    assert.ok(Math.max(...y) > 1.2)
    assert.ok(maxAbsoluteError(clipped.slice(0, 500), golden['gain.+9']!.data) <= 3e-7)
  })

  it('delay is exact (closed form (x + volume·delayed) / 2)', async () => {
    for (const ms of [0, 200, 450, 500, 5000]) {
      const y = await applyOne(transforms.delay({ ms: fixed(ms), volume: 0.5 }), clip)
      const offset = Math.trunc(ms * 22.05)
      assert.deepEqual(
        y,
        clip.map((v, i) => Math.fround(v + 0.5 * (clip[i - offset] ?? 0)) / 2),
      )
    }
  })

  it('delay equals torchaudio-augmentations (golden), offsets cut down to whole samples', async () => {
    for (const [ms, from, to] of [
      [250, 5000, 6000],
      [450, 9500, 10400],
    ] as const) {
      const y = await applyOne(transforms.delay({ ms: fixed(ms) }), clip)
      assert.ok(maxAbsoluteError(y.slice(from, to), golden[`delay.${ms}.from${from}`]!.data) <= 1e-7)
    }
    const impulse = new Float32Array(10400)
    impulse[0] = 1
    for (const [i, offset] of golden['delay.offsets']!.data.entries()) {
      const y = await applyOne(transforms.delay({ ms: fixed(200 + 50 * i) }), impulse)
      assert.equal(y.indexOf(0.25), offset)
    }
  })

  it('noise is normal, with the drawn ratio to the deviation of the clip (moments, 5 sigma)', async () => {
    const n = 59049
    const x = testClip(5, 6, n)
    const mean = (v: ArrayLike<number>, power: number) =>
      Array.from(v).reduce((s, a) => s + a ** power, 0) / v.length
    const deviation = Math.sqrt(((mean(x, 2) - mean(x, 1) ** 2) * n) / (n - 1))
    for (const [transform, ratio] of [
      [transforms.noise({ ratio: [0.5, 0.5] }), 0.5],
      [transforms.noise({ snrDb: fixed(20) }), 0.1],
    ] as const) {
      const z = Float64Array.from(await applyOne(transform, x), (v, i) => (v - x[i]!) / (ratio * deviation))
      assert.ok(Math.abs(mean(z, 1)) < 5 / Math.sqrt(n))
      assert.ok(Math.abs(mean(z, 2) - 1) < 5 * Math.sqrt(2 / n))
      assert.ok(Math.abs(mean(z, 3)) < 5 * Math.sqrt(15 / n))
      assert.ok(Math.abs(mean(z, 4) - 3) < 5 * Math.sqrt(96 / n))
      const lag = z.slice(1).reduce((s, a, i) => s + a * z[i]!, 0) / n
      assert.ok(Math.abs(lag) < 5 / Math.sqrt(n), 'neighbours are independent')
    }
  })

  it('noise differs from view to view and is repeated by its seed', async () => {
    const augmenter = new Augmenter({ transforms: [transforms.noise()], views: 2, clipLength: clip.length })
    const views = await augmenter.augment(clip)
    assert.notDeepEqual(views.row(0), views.row(1))
    const parameters = augmenter.draw(1)
    const same = await augmenter.apply(clip, [parameters[1]!, parameters[1]!])
    assert.deepEqual(same.row(0), views.row(1))
    assert.deepEqual(same.row(1), views.row(1))
  })

  it('noise on silence is silence', async () => {
    assert.deepEqual(await applyOne(transforms.noise(), new Float32Array(1000)), new Float32Array(1000))
  })

  it('clips of one to nine samples go through everything', async () => {
    for (let n = 1; n < 10; n++) {
      const x = hashUniform(n, n)
      assert.deepEqual(await applyOne(transforms.reverse(), x), x.slice().reverse())
      assert.equal((await applyOne(transforms.delay(), x)).length, n)
      assert.ok((await applyOne(transforms.noise(), x)).every(Number.isFinite))
    }
  })
})
