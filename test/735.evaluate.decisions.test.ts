import assert from 'node:assert/strict'
import { confusionMatrix, f1, Matrix } from 'clmr'
import { f1PerClass } from '#lib/evaluate/decisions.js'
import { stratifiedPart } from '#lib/evaluate/examples.js'
import { bestThresholds, f1At } from '#lib/evaluate/thresholds.js'
import { readGoldenJson } from './helpers/golden.js'

interface Golden {
  thresholds: {
    name: string
    scores: number[][]
    labels: number[][]
    thresholds: number[]
    f1PerClass: number[]
    f1: number
  }[]
  confusion: {
    predicted: number[]
    labels: number[]
    counts: number[][]
    f1PerClass: number[]
    f1: number
  }
  fractions: { sizes: number[]; fraction: number; counts: number[] }[]
}
const golden = readGoldenJson<Golden>('decisions.json')

const near = (actual: readonly number[], expected: readonly number[], what: string) => {
  assert.equal(actual.length, expected.length, what)
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i]! - value) <= 1e-6, `${what}: ${actual} instead of ${expected}`)
}

describe('735 evaluate: decisions', () => {
  for (const { name, scores, labels, ...expected } of golden.thresholds)
    it(`thresholds of the highest F1, and F1 at them, ${name}: oracle is scikit-learn, to 1e-6`, () => {
      const [p, y] = [Matrix.fromRows(scores), Matrix.fromRows(labels)]
      const thresholds = bestThresholds(p, y)
      near(thresholds, expected.thresholds, 'thresholds')
      const said = scores.map((row) => row.map((value, k) => Number(value >= thresholds[k]!)))
      const each = f1PerClass(Matrix.fromRows(said), y).map((value) => (Number.isNaN(value) ? 0 : value))
      near(each, expected.f1PerClass, 'F1 of the classes')
      near([f1At(p, y, thresholds)], [expected.f1], 'F1')
    })

  it('confusion and F1 of five classes: oracle is scikit-learn, to 1e-6', () => {
    const { predicted, labels, counts, ...expected } = golden.confusion
    assert.deepEqual(confusionMatrix(predicted, labels).counts, counts)
    near(f1PerClass(predicted, labels), expected.f1PerClass, 'F1 of the classes')
    near([f1(predicted, labels)], [expected.f1], 'F1')
  })

  it('a stratified part has the counts of train_test_split of scikit-learn where the shares are whole numbers, and is one off at most otherwise', () => {
    for (const { sizes, fraction, counts } of golden.fractions) {
      const classes = sizes.flatMap((n, k) => new Array<number>(n).fill(k))
      const labels = Matrix.fromRows(classes.map((k) => sizes.map((_, i) => Number(i === k))))
      const part = stratifiedPart(labels, fraction, 42)
      const own = sizes.map((_, k) => part.filter((i) => classes[i] === k).length)
      const isWhole = sizes.every((n) => Math.abs(n * fraction - Math.round(n * fraction)) < 1e-9)
      for (const [k, n] of own.entries())
        assert.ok(Math.abs(n - counts[k]!) <= (isWhole ? 0 : 1), `${own} instead of ${counts}`)
    }
  })
})
