import assert from 'node:assert/strict'
import { Augmenter, transforms } from 'clmr'
import { applyOne } from './helpers/augment.js'
import {
  hashUniform,
  maxAbsoluteError,
  readGolden,
  relativeError,
  testClip,
  testTone,
} from './helpers/golden.js'

const golden = readGolden('augment.safetensors')
const fixed = (value: number): [number, number] => [value, value]
const rms = (x: Float32Array) => Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length)

/** julius' low-pass by its definition, in float64. */
function plainLowPass(x: Float32Array, cutoff: number): Float64Array {
  const half = Math.trunc(8 / cutoff / 2)
  const taps = Array.from({ length: 2 * half + 1 }, (_, i) => {
    const angle = 2 * Math.PI * cutoff * (i - half)
    return (0.5 - 0.5 * Math.cos((Math.PI * i) / half)) * (angle === 0 ? 1 : Math.sin(angle) / angle)
  })
  const sum = taps.reduce((a, b) => a + b, 0)
  return Float64Array.from(x, (_, i) => {
    let y = 0
    for (let k = 0; k < taps.length; k++)
      y += taps[k]! * x[Math.min(x.length - 1, Math.max(0, i + k - half))]!
    return y / sum
  })
}

describe('low-pass and high-pass', () => {
  it('equal julius within 1e-5 (golden, 1e-4 is asked for)', async () => {
    const x = testClip(60, 61, 6000)
    for (const cutoff of [2200, 4000]) {
      const y = await applyOne(transforms.lowPass({ cutoff: fixed(cutoff) }), x)
      assert.ok(relativeError(y, golden[`low_pass.${cutoff}`]!.data) <= 1e-5)
    }
    for (const cutoff of [200, 500, 1200]) {
      const y = await applyOne(transforms.highPass({ cutoff: fixed(cutoff) }), x)
      assert.ok(relativeError(y, golden[`high_pass.${cutoff}`]!.data) <= 1e-5)
    }
  })

  it('equal a plain float64 convolution at odd cut-offs and lengths, shorter than the kernel too', async () => {
    for (const [n, cutoff] of [
      [1, 700],
      [2, 4000],
      [17, 300],
      [300, 97.3],
      [1025, 2999.9],
      [2500, 11025],
    ] as const) {
      const x = hashUniform(n, n)
      const expected = plainLowPass(x, cutoff / 22050)
      const low = await applyOne(transforms.lowPass({ cutoff: fixed(cutoff) }), x)
      const high = await applyOne(transforms.highPass({ cutoff: fixed(cutoff) }), x)
      assert.ok(maxAbsoluteError(low, expected) <= 2e-6, `low ${n} ${cutoff}`)
      assert.ok(
        maxAbsoluteError(
          high,
          expected.map((v, i) => x[i]! - v),
        ) <= 2e-6,
        `high ${n} ${cutoff}`,
      )
    }
  })

  it('a constant passes the low-pass and not the high-pass, up to the very ends', async () => {
    const x = new Float32Array(3000).fill(0.7)
    assert.ok(maxAbsoluteError(await applyOne(transforms.lowPass(), x), x) <= 1e-6)
    assert.ok(maxAbsoluteError(await applyOne(transforms.highPass(), x), new Float32Array(3000)) <= 1e-6)
  })

  it('tones an octave inside pass, tones an octave outside are 40 dB down', async () => {
    for (const [transform, passed, stopped] of [
      [transforms.lowPass({ cutoff: fixed(3000) }), 1500, 6000],
      [transforms.highPass({ cutoff: fixed(800) }), 1600, 400],
    ] as const) {
      const inner = async (hz: number) =>
        (await applyOne(transform, testTone([hz], 8000))).subarray(1000, 7000)
      const reference = rms(testTone([1000], 8000))
      assert.ok(Math.abs(rms(await inner(passed)) / reference - 1) < 0.01)
      assert.ok(rms(await inner(stopped)) / reference < 0.01)
    }
  })

  it('highLowPass does what its drawn filter does by itself', async () => {
    const x = testClip(1, 2, 3000)
    const augmenter = new Augmenter({ transforms: [transforms.highLowPass()], views: 16, clipLength: 3000 })
    const drawn = augmenter.draw(1)
    const views = await augmenter.augment(x)
    const seen = new Set<unknown>()
    for (const [row, [applied]] of drawn.entries()) {
      const cutoff = fixed(Number(applied!.cutoff))
      const alone = await applyOne(
        applied!.filter === 'lowPass' ? transforms.lowPass({ cutoff }) : transforms.highPass({ cutoff }),
        x,
      )
      assert.deepEqual(views.row(row), alone)
      seen.add(applied!.filter)
    }
    assert.equal(seen.size, 2)
  })

  it('the cut-off is in Hz at the sample rate of the augmenter', async () => {
    const x = testClip(1, 2, 3000)
    const double = await applyOne(transforms.lowPass({ cutoff: fixed(4000) }), x, { sampleRate: 44100 })
    assert.deepEqual(double, await applyOne(transforms.lowPass({ cutoff: fixed(2000) }), x))
  })
})
