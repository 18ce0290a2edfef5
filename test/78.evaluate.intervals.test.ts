import assert from 'node:assert/strict'
import {
  accuracy,
  averagePrecision,
  bootstrap,
  confusionMatrix,
  embedDataset,
  f1,
  LinearProbe,
  rocAuc,
} from 'clmr'
import { evaluateProbabilities } from '#lib/evaluate/evaluation.js'
import { Matrix } from '#lib/matrix.js'
import type { ClassFigures } from '#lib/native/figures.js'
import { native } from '#lib/native/load.js'
import { hashUniform, readGoldenJson } from './helpers/golden.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'

type Triple = [value: number | null, low: number | null, high: number | null]
type Figures = Record<keyof ClassFigures, Triple>
interface Case {
  name: string
  multilabel: boolean
  resamples: number
  scores: number[][]
  labels: number[][]
  all: Figures
  classes: Figures[]
  confusion?: number[][]
}
interface Golden {
  cases: Case[]
  words: { predicted: string[]; labels: string[]; f1: number; confusion: number[][] }
  binary: { predicted: number[]; labels: number[]; f1: number }
}
const golden = readGoldenJson<Golden>('intervals.json')

function assertFigures(actual: ClassFigures, expected: Figures, what: string): void {
  for (const name of ['rocAuc', 'prAuc', 'accuracy', 'f1'] as const) {
    const { value, low, high } = actual[name]
    for (const [i, number] of expected[name].entries()) {
      const found = [value, low, high][i]!
      const same = number === null ? Number.isNaN(found) : Math.abs(found - number) <= 1e-6
      assert.ok(same, `${what} ${name}: ${[value, low, high]} instead of ${expected[name]}`)
    }
  }
}

describe('78 evaluate: intervals', () => {
  for (const of of golden.cases)
    it(`figures and intervals, ${of.name}: oracle is scikit-learn on the same resamples, to 1e-6`, async () => {
      const [scores, labels] = [Matrix.fromRows(of.scores), Matrix.fromRows(of.labels)]
      const spec = {
        classes: scores.cols,
        multilabel: of.multilabel,
        bootstrap: { resamples: of.resamples, seed: 42 },
      }
      const found = await native().probeFigures(spec, scores.data, labels.data, native().createAbortFlag())
      assertFigures(found.all, of.all, 'all')
      for (const [k, figures] of found.classes.entries()) assertFigures(figures, of.classes[k]!, `class ${k}`)
      const figures = evaluateProbabilities(scores, labels, of.labels[0]!.map(String), of.multilabel)
      for (const name of ['rocAuc', 'prAuc', 'accuracy', 'f1'] as const)
        assert.ok(Math.abs(figures[name] - of.all[name][0]!) <= 1e-6, name)
      assert.deepEqual(figures.confusion, of.confusion)
    })

  it("bootstrap of a function of one's own equals the native intervals: oracle is scikit-learn, to 1e-6", async () => {
    const { scores, labels, resamples, all, classes } = golden.cases[0]!
    const interval = <S, L>(pairs: [S, L][], figure: (said: S[], labels: L[]) => number) =>
      bootstrap(
        pairs,
        (sample) =>
          figure(
            sample.map(([said]) => said),
            sample.map(([, label]) => label),
          ),
        {
          resamples,
        },
      )
    const auc = await interval(
      scores.map((row, i) => [row[0]!, labels[i]![0]!]),
      rocAuc,
    )
    const expected = classes[0]!.rocAuc
    for (const [i, found] of [auc.value, auc.low, auc.high].entries())
      assert.ok(Math.abs(found - expected[i]!) <= 1e-6, `${found} instead of ${expected[i]}`)
    const right = await interval(
      scores.map((row, i) => [row.map((p) => Number(p >= 0.5)), labels[i]!]),
      accuracy,
    )
    assert.ok(Math.abs(right.high - all.accuracy[2]!) <= 1e-6)
  })

  it('the mean of many coins lies where the normal approximation says, and the seed decides', async () => {
    const coins = Array.from({ length: 400 }, (_, i) => i % 2)
    const mean = (sample: number[]) => sample.reduce((sum, x) => sum + x, 0) / sample.length
    const { value, low, high } = await bootstrap(coins, mean)
    assert.equal(value, 0.5)
    const half = (1.96 * 0.5) / Math.sqrt(400)
    assert.ok(Math.abs(low - (0.5 - half)) < 0.005 && Math.abs(high - (0.5 + half)) < 0.005, `${low} ${high}`)
    assert.deepEqual(
      await bootstrap(coins, mean, { resamples: 100 }),
      await bootstrap(coins, mean, { resamples: 100 }),
    )
    assert.notDeepEqual(
      await bootstrap(coins, mean, { resamples: 101, seed: 1 }),
      await bootstrap(coins, mean, { resamples: 101, seed: 2 }),
    )
  })

  it('the event loop goes on meanwhile, and an abort ends it', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const slow = (sample: number[]) => sample.sort((a, b) => a - b)[0]!
    await bootstrap([...hashUniform(1, 300)], slow, { resamples: 3000 })
    clearInterval(timer)
    assert.ok(turns > 3, `${turns}`)
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 5)
    await assert.rejects(
      bootstrap([...hashUniform(1, 300)], slow, { resamples: 1e6, signal: controller.signal }),
      {
        name: 'AbortError',
      },
    )
  })

  it('BAD CALL - no tracks, no function, a statistic that is no number, misspelt options', async () => {
    const one = () => 1
    await assert.rejects(bootstrap([], one), { code: 'ERR_ARGUMENT' })
    await assert.rejects(bootstrap({} as never, one), { code: 'ERR_ARGUMENT' })
    await assert.rejects(bootstrap([1], 'mean' as never), { code: 'ERR_ARGUMENT' })
    await assert.rejects(bootstrap([1], (async () => 1) as never), { code: 'ERR_ARGUMENT' })
    await assert.rejects(bootstrap([1], one, { resample: 3 } as never), {
      code: 'ERR_CONFIG',
      message: /"resamples"/,
    })
  })
})

describe('78 evaluate: F1 and confusion', () => {
  it('of names and of 0 and 1: oracle is scikit-learn', () => {
    const { words, binary } = golden
    assert.ok(Math.abs(f1(words.predicted, words.labels) - words.f1) <= 1e-12)
    assert.deepEqual(confusionMatrix(words.predicted, words.labels), {
      classes: ['a', 'b', 'c'],
      counts: words.confusion,
    })
    assert.ok(Math.abs(f1(binary.predicted, binary.labels) - binary.f1) <= 1e-12)
    assert.ok(Math.abs(f1(binary.predicted.map(Boolean), binary.labels) - binary.f1) <= 1e-12)
  })

  it('BAD CALL - several classes an example have no confusion; scores are no classes', () => {
    assert.throws(() => confusionMatrix([[1, 1]], [[1, 0]]), { code: 'ERR_ARGUMENT' })
    assert.throws(() => f1([0.4, 0.6], [0, 1]), { code: 'ERR_ARGUMENT', message: /is a score/ })
    assert.throws(() => f1([0], [0, 1]), { code: 'ERR_SHAPE' })
  })
})

describe('78 evaluate: a linear evaluation with its doubt', () => {
  for (const task of ['multiclass', 'multilabel'] as const)
    it(`has an interval for every figure, confusion, F1 and the worst tracks, ${task}`, async () => {
      const encoder = new ToyEncoder()
      const [train, test] = [1, 2].map((seed) => toyDataset({ tracks: 30, seed, task, gap: 0.7 }))
      using probe = await LinearProbe.fit({
        encoder,
        train: train!,
        validation: test!,
        lr: 0.05,
        maxEpochs: 20,
      })
      const embedded = await embedDataset(encoder, test!)
      const result = await probe.evaluate(embedded)
      for (const name of ['rocAuc', 'prAuc', 'accuracy', 'f1'] as const) {
        const { low, high } = result.intervals[name]
        assert.ok(low <= result[name] && result[name] <= high, `${name}: ${low} ${result[name]} ${high}`)
        assert.ok(low < high)
        for (const [k, of] of result.intervals.perClass.entries()) {
          const value = name === 'f1' ? result.f1PerClass[k]! : result.perClass[k]![name]
          assert.ok(of[name].low <= value && value <= of[name].high)
        }
      }
      assert.equal(result.worst.length, 10)
      assert.ok(
        result.worst.every(({ probability }, i, all) => i === 0 || all[i - 1]!.probability <= probability),
      )
      if (task === 'multilabel') assert.equal(result.confusion, undefined)
      else {
        const right = result.confusion!.reduce((sum, row, k) => sum + row[k]!, 0)
        assert.ok(Math.abs(right / 30 - result.accuracy) < 1e-12)
        const wrong = result.worst.filter(({ labels, predicted }) => labels[0] !== predicted[0])
        assert.ok(wrong.length > 0)
      }
      assert.deepEqual(structuredClone(result), result)
      assert.ok(averagePrecision([1, 0], [1, 0]) === 1)
    })
})
