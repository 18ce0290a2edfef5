import assert from 'node:assert/strict'

import {
  hashUniform,
  maxAbsoluteError,
  mix32,
  readGolden,
  readGoldenJson,
  relativeError,
  testClip,
  testTone,
  trainingViews,
} from './helpers/golden.js'

interface Deterministic {
  mix32: [number, number][]
  hashUniform: { seed: number; n: number; values: number[] }[]
  testTone: { frequencies: number[]; n: number; at: number[]; values: number[]; sum: number }
  testClip: {
    toneSeed: number
    noiseSeed: number
    n: number
    at: number[]
    values: number[]
    sumOfSquares: number
  }
  trainingViews: { step: number; examples: number; views: number; n: number; at: number[]; values: number[] }
}

// Oracle: test/golden/deterministic.py (numpy).
describe('golden inputs are the same in TypeScript and in Python', () => {
  const golden = readGoldenJson<Deterministic>('deterministic.json')
  const halfUlp = 2 ** -24

  it('mix32 agrees bit for bit', () => {
    for (const [x, expected] of golden.mix32) assert.equal(mix32(x), expected)
  })

  it('hashUniform agrees bit for bit', () => {
    for (const { seed, n, values } of golden.hashUniform) {
      assert.deepEqual(Array.from(hashUniform(seed, n)), values)
    }
  })

  it('testTone agrees to the rounding of float32', () => {
    const { frequencies, n, at, values, sum } = golden.testTone
    const tone = testTone(frequencies, n)
    assert.ok(
      maxAbsoluteError(
        at.map((i) => tone[i]!),
        values,
      ) <= halfUlp,
    )
    assert.ok(Math.abs(tone.reduce((total, value) => total + value, 0) - sum) < 1e-5)
  })

  it('testClip agrees to the rounding of float32 over a whole clip', () => {
    const { toneSeed, noiseSeed, n, at, values, sumOfSquares } = golden.testClip
    const clip = testClip(toneSeed, noiseSeed, n)
    assert.ok(
      maxAbsoluteError(
        at.map((i) => clip[i]!),
        values,
      ) <= halfUlp,
    )
    const actual = clip.reduce((total, value) => total + value * value, 0)
    assert.ok(Math.abs(actual / sumOfSquares - 1) < 1e-9)
  })

  it('trainingViews lays rows out by example, then view', () => {
    const { step, examples, views, n, at, values } = golden.trainingViews
    const batch = trainingViews(step, examples, views, n)
    assert.ok(
      maxAbsoluteError(
        at.map((i) => batch[i]!),
        values,
      ) <= halfUlp,
    )
  })

  it('the reader finds shapes, dtypes and values of a file that safetensors wrote', () => {
    const tensors = readGolden('model.safetensors')
    assert.deepEqual(tensors.embeddings!.shape, [3, 512])
    assert.equal(tensors.embeddings!.dtype, 'F64')
    assert.equal(tensors.embeddings!.data.length, 3 * 512)
    assert.deepEqual(
      Array.from(tensors.layer_lengths!.data),
      [19683, 6561, 2187, 729, 243, 81, 27, 9, 3, 1, 1],
    )
  })

  it('the error measures notice a wrong length, a NaN and a difference', () => {
    assert.equal(maxAbsoluteError([1, 2], [1]), Number.POSITIVE_INFINITY)
    assert.ok(Number.isNaN(maxAbsoluteError([1, Number.NaN], [1, 2])))
    assert.equal(maxAbsoluteError([1, 2.5], [1, 2]), 0.5)
    assert.equal(relativeError([3, 4.5], [3, 4]), 0.1)
  })
})
