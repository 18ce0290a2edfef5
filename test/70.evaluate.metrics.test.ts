import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { accuracy, averagePrecision, rocAuc } from 'clmr'
import { classMetrics } from '#lib/evaluate/metrics.js'
import { matrix } from '#lib/matrix.js'
import { numbers } from './helpers/numbers.js'

const close = (actual: number, expected: number, what?: string) =>
  assert.ok(Math.abs(actual - expected) <= 1e-12, `${what ?? ''} ${actual} instead of ${expected}`)

/** The share of (positive, negative) pairs in the right order, half for ties. */
function pairwiseAuc(scores: number[], labels: number[]): number {
  let right = 0
  let pairs = 0
  for (const [i, s] of scores.entries())
    for (const [j, t] of scores.entries())
      if (labels[i] === 1 && labels[j] === 0) {
        pairs++
        right += s > t ? 1 : s === t ? 0.5 : 0
      }
  return right / pairs
}

/** Σ over the distinct scores, from the definition, without sorting. */
function definedAveragePrecision(scores: number[], labels: number[]): number {
  const positives = labels.filter(Boolean).length
  let sum = 0
  for (const cut of new Set(scores)) {
    const above = labels.filter((_, i) => scores[i]! >= cut)
    const hits = above.filter(Boolean).length
    const newHits = labels.filter((y, i) => scores[i] === cut && y).length
    sum += (newHits / positives) * (hits / above.length)
  }
  return sum
}

interface Golden {
  name: string
  kind: 'multilabel' | 'multiclass'
  scores: number[][]
  labels: number[][] | number[]
  rocAuc: number | null
  averagePrecision: number | null
  rocAucPerClass?: (number | null)[]
  averagePrecisionPerClass?: (number | null)[]
  accuracy?: number
}

const golden = JSON.parse(readFileSync(new URL('./golden/metrics.json', import.meta.url), 'utf8')) as Golden[]

describe('70 evaluate: metrics', () => {
  for (const g of golden)
    it(`equal scikit-learn's to 1e-6, ${g.kind}: ${g.name}`, () => {
      const same = (actual: number, expected: number | null) =>
        assert.ok(
          expected === null ? Number.isNaN(actual) : Math.abs(actual - expected) <= 1e-6,
          `${actual} instead of ${expected}`,
        )
      same(rocAuc(g.scores, g.labels), g.rocAuc)
      same(averagePrecision(g.scores, g.labels), g.averagePrecision)
      if (g.accuracy !== undefined) same(accuracy(g.scores, g.labels), g.accuracy)
      const classes = classMetrics(g.scores, g.labels)
      for (const [k, expected] of (g.rocAucPerClass ?? []).entries()) same(classes[k]!.rocAuc, expected)
      for (const [k, expected] of (g.averagePrecisionPerClass ?? []).entries())
        same(classes[k]!.averagePrecision, expected)
    })

  it('agree with the examples in the documentation of scikit-learn', () => {
    const labels = [0, 0, 1, 1]
    const scores = [0.1, 0.4, 0.35, 0.8]
    close(rocAuc(scores, labels), 0.75)
    close(averagePrecision(scores, labels), 0.8333333333333333)
    close(accuracy([0, 2, 1, 3], [0, 1, 2, 3]), 0.5)
    close(
      accuracy(
        [
          [0, 1],
          [1, 1],
        ],
        [
          [1, 1],
          [1, 1],
        ],
      ),
      0.5,
    )
  })

  it('equal their definitions on scores with and without ties: oracle is counting pairs and cuts', () => {
    const draw = numbers(7)
    for (const levels of [2, 3, 10, 1e9])
      for (let round = 0; round < 20; round++) {
        const scores = Array.from({ length: 31 }, () => Math.floor(draw() * levels) / levels)
        const labels = scores.map((_, i) => (i === 0 ? 1 : i === 1 ? 0 : Number(draw() < 0.3)))
        close(rocAuc(scores, labels), pairwiseAuc(scores, labels), `rocAuc, ${levels} levels:`)
        close(averagePrecision(scores, labels), definedAveragePrecision(scores, labels), `${levels} levels:`)
      }
  })

  it('average over classes: oracle is one class at a time', () => {
    const draw = numbers(3)
    const data = Float32Array.from({ length: 40 * 3 }, () => draw())
    const labels = matrix(
      Float32Array.from({ length: 40 * 3 }, (_, i) => (i < 3 ? 1 : i < 6 ? 0 : Number(draw() < 0.4))),
      40,
      3,
    )
    const scores = matrix(data, 40, 3)
    const column = (m: Float32Array, k: number) => Array.from({ length: 40 }, (_, i) => m[i * 3 + k]!)
    const each = [0, 1, 2].map((k) => rocAuc(column(data, k), column(labels.data, k)))
    close(rocAuc(scores, labels), (each[0]! + each[1]! + each[2]!) / 3)
    const rows = Array.from({ length: 40 }, (_, i) => [...scores.row(i)])
    close(averagePrecision(rows, labels), averagePrecision(scores, labels))
  })

  it('take class indices as labels of several columns', () => {
    const scores = [
      [0.7, 0.2, 0.1],
      [0.3, 0.4, 0.3],
      [0.2, 0.5, 0.3],
      [0.4, 0.3, 0.3],
    ]
    const oneHot = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 1],
    ]
    close(rocAuc(scores, [0, 1, 2, 2]), rocAuc(scores, oneHot))
    close(averagePrecision(scores, Int32Array.of(0, 1, 2, 2)), averagePrecision(scores, oneHot))
    close(accuracy(scores, [0, 1, 2, 2]), 0.5)
    close(accuracy(scores, oneHot), 0.5)
  })

  it('say what scikit-learn says of a class of one kind: NaN for ROC-AUC, 0 for average precision', () => {
    assert.ok(Number.isNaN(rocAuc([0.1, 0.2], [1, 1])))
    assert.ok(Number.isNaN(rocAuc([0.1, 0.2], [0, 0])))
    assert.equal(averagePrecision([0.1, 0.2], [0, 0]), 0)
    assert.equal(averagePrecision([0.1, 0.2], [1, 1]), 1)
    const [one, none] = classMetrics(
      [
        [1, 2],
        [2, 3],
      ],
      [
        [0, 0],
        [1, 0],
      ],
    )
    assert.deepEqual(one, { rocAuc: 1, averagePrecision: 1, positives: 1 })
    assert.deepEqual(none, { rocAuc: Number.NaN, averagePrecision: 0, positives: 0 })
  })

  it('take the first of equal largest scores as the answer, as numpy.argmax', () => {
    assert.equal(
      accuracy(
        [
          [0.5, 0.5],
          [0.5, 0.5],
        ],
        [0, 1],
      ),
      0.5,
    )
  })

  it('count multi-label rows as right where every class is', () => {
    const predicted = [
      [0.9, 0.6],
      [0.2, 0.1],
      [0.5, 0.4],
    ]
    const labels = [
      [1, 1],
      [0, 0],
      [0, 0],
    ]
    close(accuracy(predicted, labels), 2 / 3)
    close(accuracy(['a', 'b'], ['a', 'c']), 0.5)
    close(accuracy([true, false], [1, 1]), 0.5)
  })

  const bad: [title: string, call: () => unknown, code: string, message: RegExp][] = [
    ['lengths that differ', () => rocAuc([1, 2], [1]), 'ERR_SHAPE', /2 × 1, labels of 1 × 1/],
    ['no examples', () => rocAuc([], []), 'ERR_ARGUMENT', /no examples/],
    ['NaN scores', () => rocAuc([Number.NaN, 1], [0, 1]), 'ERR_NON_FINITE', /NaN in row 1/],
    ['infinite scores', () => averagePrecision([1, Infinity], [0, 1]), 'ERR_NON_FINITE', /row 2/],
    ['labels that are not binary', () => rocAuc([1, 2], [0, 2]), 'ERR_ARGUMENT', /row 2.*given 2/],
    ['class indices out of range', () => rocAuc([[1, 2]], [2]), 'ERR_ARGUMENT', /0 to 1/],
    ['rows of unequal length', () => rocAuc([[1, 2], [1]], [[1, 0], [1]]), 'ERR_SHAPE', /in row 2/],
    ['an object', () => rocAuc({} as never, [1]), 'ERR_ARGUMENT', /scores/],
    ['a string', () => rocAuc('ab' as never, [1]), 'ERR_ARGUMENT', /scores/],
    [
      'a matrix that is too short',
      () => rocAuc({ data: Float32Array.of(1), rows: 1, cols: 2 }, [1]),
      'ERR_SHAPE',
      /1 × 2/,
    ],
    ['scores as classes', () => accuracy([0.9, 0.1], [1, 0]), 'ERR_ARGUMENT', /score, not a class/],
    ['no predictions', () => accuracy([], []), 'ERR_SHAPE', /at least one/],
  ]
  for (const [title, call, code, message] of bad)
    it(`BAD CALL - ${title}`, () => assert.throws(call, { code, message }))
})
