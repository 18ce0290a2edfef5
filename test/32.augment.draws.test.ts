import assert from 'node:assert/strict'
import { type AppliedTransform, Augmenter, clmrTransforms, transforms } from 'clmr'
import { drawMany, philox } from './helpers/augment.js'

const n = 10_000
const numbers = (drawn: AppliedTransform[], name: string) => drawn.map((d) => Number(d[name]))

/** k of n successes are within four standard deviations of a binomial distribution. */
function isProportion(k: number, p: number, what = '') {
  const sigma = Math.sqrt(n * p * (1 - p))
  assert.ok(Math.abs(k - n * p) <= 4 * sigma, `${what}: ${k} of ${n}, expected ${n * p} ± ${4 * sigma}`)
}

/** Values lie in [low, high], and each of ten equal parts gets its share (chi-square, 9 degrees, p = 1e-4). */
function isUniform(values: number[], low: number, high: number) {
  const counts = new Array<number>(10).fill(0)
  for (const value of values) {
    assert.ok(value >= low && value <= high, `${value}`)
    counts[Math.min(9, Math.floor(((value - low) / (high - low)) * 10))]!++
  }
  isEven(counts, 33.7)
}

function isEven(counts: number[], limit: number) {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  assert.ok(chiSquare < limit, `chi-square ${chiSquare}, counts ${counts}`)
}

function countValues(values: number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

describe('drawn parameters, 10,000 of each', () => {
  it('each transform is applied with its probability (binomial, 4 sigma)', () => {
    const chain = clmrTransforms()
    const drawn = new Augmenter({ transforms: chain, views: 1, clipLength: 100 }).draw(n)
    chain.forEach((transform, place) => {
      const p = 'p' in transform ? transform.p : 1
      isProportion(drawn.filter((view) => view[place]!.applied).length, p, transform.name)
    })
  })

  it('transforms are chosen independently of each other (binomial, 4 sigma)', () => {
    const drawn = new Augmenter({ views: 1, clipLength: 100 }).draw(n)
    const both = drawn.filter((view) => view[6]!.applied && view[7]!.applied)
    isProportion(both.length, 0.6 * 0.6, 'pitch and reverb')
  })

  it('p = 0 is never, p = 1 is always', () => {
    assert.ok(drawMany(transforms.gain({ p: 0 }), n).every((d) => !d.applied))
    assert.ok(drawMany(transforms.gain({ p: 1 }), n).every((d) => d.applied))
  })

  it('crops start anywhere, both ends included (chi-square)', () => {
    isUniform(numbers(drawMany(transforms.randomCrop(), n), 'start'), 0, 1000)
    const drawn = new Augmenter({ transforms: [transforms.randomCrop()], views: 1, clipLength: 100 }).draw(
      n,
      {
        length: 103,
      },
    )
    const counts = countValues(drawn.map(([crop]) => Number(crop!.start)))
    assert.deepEqual([...counts.keys()].sort(), [0, 1, 2, 3])
    isEven([...counts.values()], 21.1)
  })

  it('gain, cut-offs and noise are uniform over their ranges (chi-square)', () => {
    isUniform(numbers(drawMany(transforms.gain(), n), 'db'), -20, -1)
    isUniform(numbers(drawMany(transforms.lowPass(), n), 'cutoff'), 2200, 4000)
    isUniform(numbers(drawMany(transforms.noise(), n), 'ratio'), 1e-4, 0.01)
    const decibels = numbers(drawMany(transforms.noise({ snrDb: [10, 40] }), n), 'ratio').map(
      (r) => -20 * Math.log10(r),
    )
    isUniform(decibels, 10 - 1e-9, 40 + 1e-9)
  })

  it('one of the two filters, evenly, each over its own range', () => {
    const drawn = drawMany(transforms.highLowPass(), n)
    const [low, high] = ['lowPass', 'highPass'].map((f) => drawn.filter((d) => d.filter === f))
    isProportion(low!.length, 0.5, 'lowPass')
    assert.equal(low!.length + high!.length, n)
    isUniform(numbers(low!, 'cutoff'), 2200, 4000)
    isUniform(numbers(high!, 'cutoff'), 200, 1200)
  })

  it('delays lie on their grid, the last one included, evenly', () => {
    const counts = countValues(numbers(drawMany(transforms.delay(), n), 'ms'))
    assert.deepEqual([...counts.keys()].sort(), [200, 250, 300, 350, 400, 450, 500])
    isEven([...counts.values()], 27.9)
    assert.deepEqual(
      [...countValues(numbers(drawMany(transforms.delay({ ms: [200, 240] }), n), 'ms')).keys()],
      [200],
    )
  })

  it('pitch is a whole number of cents, both ends included', () => {
    const cents = numbers(drawMany(transforms.pitchShift(), 3 * n), 'cents')
    assert.ok(cents.every(Number.isInteger))
    assert.deepEqual([Math.min(...cents), Math.max(...cents)], [-700, 700])
    isUniform(cents, -700, 700)
  })

  it('reverb parameters are whole percents from 0 to 100, independent of each other', () => {
    const drawn = drawMany(transforms.reverb(), n)
    for (const name of ['reverberance', 'damping', 'roomSize']) {
      const values = numbers(drawn, name)
      assert.ok(values.every((v) => Number.isInteger(v) && v >= 0 && v <= 100))
      assert.ok(values.includes(0) && values.includes(100))
      isEven([...countValues(values).values()], 161)
    }
    isProportion(drawn.filter((d) => d.reverberance! < d.damping!).length, 50 / 101, 'reverberance < damping')
  })

  it('equal ends give a fixed parameter', () => {
    for (const d of drawMany(transforms.pitchShift({ cents: [5, 5] }), 100)) assert.equal(d.cents, 5)
    for (const d of drawMany(transforms.gain({ db: [-6, -6] }), 100)) assert.equal(d.db, -6)
  })

  it('a transform draws the same numbers whatever the others do', () => {
    const at = (probabilities: Parameters<typeof clmrTransforms>[0]) =>
      new Augmenter({ transforms: clmrTransforms(probabilities), clipLength: 100 })
        .draw(50)
        .map((view) => view[7])
    assert.deepEqual(at({ noise: 1, pitchShift: 0 }), at({}))
  })

  it('the row, not the size of the batch, decides', () => {
    const augmenter = new Augmenter({ clipLength: 100 })
    assert.deepEqual(augmenter.draw(20).slice(0, 10), augmenter.draw(5))
  })
})

describe('the counter-based generator', () => {
  it("the tests' own Philox gives Random123's published vectors", () => {
    assert.deepEqual(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    const ones = 0xffffffff
    assert.deepEqual(
      philox([ones, ones, ones, ones], [ones, ones]),
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    )
  })

  it('draws are that Philox, keyed by the seed, at (block, row, step, place·2^16 + purpose)', () => {
    const seed = 0x1234_5678_9abc
    const chain = [transforms.randomCrop(), transforms.gain({ db: [0, 1] })]
    const drawn = new Augmenter({ transforms: chain, views: 3, seed, clipLength: 100 }).draw(4, { step: 77 })
    drawn.forEach((view, row) => {
      const [, word] = philox([0, row, 77, (1 << 16) | 4], [0x56789abc, 0x1234])
      assert.equal(view[1]!.db, (word! >>> 8) / 2 ** 24)
    })
  })
})
