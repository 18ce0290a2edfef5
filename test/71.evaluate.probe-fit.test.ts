import assert from 'node:assert/strict'
import type { ProbeSpec } from '#lib/evaluate/probe-options.js'
import type { StateDict } from '#lib/native/binding.js'
import { callNative } from '#lib/native/call.js'
import { native } from '#lib/native/load.js'
import { afterAbort, atBest } from './helpers/at-best.js'
import { numbers } from './helpers/numbers.js'

const spec: ProbeSpec = {
  classes: 3,
  hidden: 0,
  multilabel: false,
  lr: 1e-3,
  weightDecay: 1e-6,
  batchSize: 256,
  maxEpochs: 200,
  plateauFactor: 0.1,
  plateauPatience: 5,
  stopPatience: 10,
  seed: 42,
  standardise: false,
  dropout: 0,
  monitor: 'loss',
  keep: 'loss',
}

/** Sum of uniform numbers: near enough to normal, variance 1. */
function normals(seed: number, count: number): Float32Array {
  const draw = numbers(seed)
  return Float32Array.from(
    { length: count },
    () => Array.from({ length: 12 }, draw).reduce((a, b) => a + b) - 6,
  )
}

/** n points around K corners, `gap` apart; labels in one-hot form. */
function blobs(seed: number, n: number, dim: number, classes: number, gap: number) {
  const x = normals(seed, n * dim)
  const y = new Float32Array(n * classes)
  for (let i = 0; i < n; i++) {
    x[i * dim + (i % classes)]! += gap
    y[i * classes + (i % classes)] = 1
  }
  return { x, y }
}

type Points = { x: Float32Array; y: Float32Array }
const fitHead = (options: Partial<ProbeSpec>, train: Points, valid: Points, signal?: AbortSignal) =>
  callNative(signal, (abort) =>
    native().probeFit({ ...spec, ...options }, train.x, train.y, valid.x, valid.y, abort),
  )

function accuracyOf(p: Float32Array, y: Float32Array, classes: number): number {
  const argmax = (row: Float32Array) => row.indexOf(Math.max(...row))
  const n = y.length / classes
  let right = 0
  for (let i = 0; i < n; i++)
    if (y[i * classes + argmax(p.subarray(i * classes, (i + 1) * classes))] === 1) right++
  return right / n
}

/** Mean loss and its gradient of a linear head, in double, written out. */
function lossAndGradient(w: Float32Array, b: Float32Array, { x, y }: Points, K: number, multilabel: boolean) {
  const E = w.length / K
  const n = y.length / K
  const gradient = new Float64Array(w.length + K)
  let loss = 0
  for (let i = 0; i < n; i++) {
    const z = Array.from({ length: K }, (_, k) => {
      let sum = b[k]!
      for (let e = 0; e < E; e++) sum += w[k * E + e]! * x[i * E + e]!
      return sum
    })
    const logSum = Math.log(z.reduce((sum, v) => sum + Math.exp(v), 0))
    for (let k = 0; k < K; k++) {
      const target = y[i * K + k]!
      const p = multilabel ? 1 / (1 + Math.exp(-z[k]!)) : Math.exp(z[k]! - logSum)
      const terms = multilabel ? n * K : n
      loss -= multilabel
        ? (target * Math.log(p) + (1 - target) * Math.log(1 - p)) / terms
        : (target * (z[k]! - logSum)) / terms
      for (let e = 0; e < E; e++) gradient[k * E + e]! += ((p - target) * x[i * E + e]!) / terms
      gradient[K * E + k]! += (p - target) / terms
    }
  }
  return { loss, gradient }
}

/** ReduceLROnPlateau and early stopping as PyTorch and Lightning document them, from the validation losses. */
function replay(losses: number[], lr: number, patience: number, stop: number) {
  const rates: number[] = []
  let best = Infinity
  let bad = 0
  let bestForStop = Infinity
  let bestEpoch = 0
  let waited = 0
  for (const [epoch, loss] of losses.entries()) {
    assert.ok(waited < stop, `epoch ${epoch} should not have run`)
    rates.push(lr)
    if (loss < best - best * 1e-4 || best === Infinity) {
      best = loss
      bad = 0
    } else bad++
    if (bad > patience) {
      if (lr - lr * 0.1 > 1e-8) lr *= 0.1
      bad = 0
    }
    if (loss < bestForStop) {
      bestForStop = loss
      bestEpoch = epoch
      waited = 0
    } else waited++
  }
  return { rates, bestEpoch, waited }
}

describe('71 evaluate: fitting a probe', () => {
  for (const hidden of [0, 16])
    it(`separable classes are told apart without error, hidden ${hidden}`, async () => {
      const train = blobs(1, 600, 8, 3, 12)
      const test = blobs(3, 90, 8, 3, 12)
      const { probe } = await fitHead({ hidden, lr: 0.05 }, train, blobs(2, 90, 8, 3, 12))
      const p = await native().probePredict(probe, test.x, 90)
      assert.equal(accuracyOf(p, test.y, 3), 1)
      for (let i = 0; i < 90; i++)
        assert.ok(Math.abs(p.subarray(i * 3, i * 3 + 3).reduce((a, b) => a + b) - 1) < 1e-6)
      native().dispose(probe)
    })

  it('a hidden layer learns what no linear head can: XOR', async () => {
    const x = normals(5, 2 * 800)
    const y = new Float32Array(2 * 800)
    for (let i = 0; i < 800; i++) y[2 * i + Number(x[2 * i]! * x[2 * i + 1]! > 0)] = 1
    const points = { x, y }
    const linear = await fitHead({ classes: 2, lr: 0.02 }, points, points)
    const deep = await fitHead({ classes: 2, hidden: 32, lr: 0.02 }, points, points)
    assert.ok(accuracyOf(await native().probePredict(linear.probe, x, 800), y, 2) < 0.65)
    assert.ok(accuracyOf(await native().probePredict(deep.probe, x, 800), y, 2) > 0.97)
  })

  for (const multilabel of [false, true])
    it(`ends at the optimum of the convex problem, multilabel ${multilabel}: oracle is the gradient, written out`, async () => {
      const points = blobs(8, 300, 4, 3, 1)
      if (multilabel) for (let i = 0; i < 900; i += 7) points.y[i] = 1 - points.y[i]!
      const options = {
        multilabel,
        weightDecay: 0,
        batchSize: 300,
        lr: 0.05,
        maxEpochs: 3000,
        stopPatience: 500,
        plateauPatience: 500,
      }
      const { probe, history } = await fitHead(options, points, points)
      const state = native().probeState(probe)
      assert.deepEqual(Object.keys(state), ['0.weight', '0.bias'])
      const { loss, gradient } = lossAndGradient(
        state['0.weight']!.data,
        state['0.bias']!.data,
        points,
        3,
        multilabel,
      )
      assert.ok(Math.max(...gradient.map(Math.abs)) < 2e-4, `gradient ${Math.max(...gradient.map(Math.abs))}`)
      assert.ok(Math.abs(history.epochs[history.bestEpoch]!.validLoss - loss) < 1e-5)
    })

  it('weight decay is L2 in the gradient, not decoupled: a decay that outweighs it moves weights by lr · −sign(w)', async () => {
    const train = blobs(8, 30, 4, 3, 1)
    const one = { maxEpochs: 1, weightDecay: 1e4, lr: 1e-3 }
    const after = native().probeState((await fitHead(one, train, train)).probe)['0.weight']!.data
    const still = await fitHead({ ...one, lr: 1e-12 }, train, train)
    for (const [i, w] of native().probeState(still.probe)['0.weight']!.data.entries())
      assert.ok(Math.abs(after[i]! - w + 1e-3 * Math.sign(w)) < 2e-6, `weight ${i} moved by ${after[i]! - w}`)
  })

  it('the learning rate and the end follow ReduceLROnPlateau and EarlyStopping: oracle is their documented rule', async () => {
    const train = blobs(11, 200, 6, 3, 0.5)
    const valid = blobs(12, 60, 6, 3, 0.5)
    let reductions = 0
    let stops = 0
    for (const [plateauPatience, stopPatience, lr] of [
      [5, 10, 0.05],
      [1, 10, 0.3],
      [0, 4, 0.1],
      [2, 200, 0.05],
    ] as const) {
      const { history } = await fitHead({ plateauPatience, stopPatience, lr, batchSize: 32 }, train, valid)
      const losses = history.epochs.map((e) => e.validLoss)
      const { rates, bestEpoch, waited } = replay(losses, lr, plateauPatience, stopPatience)
      for (const [i, e] of history.epochs.entries())
        assert.ok(
          Math.abs(e.lr - rates[i]!) <= 1e-9 * rates[i]!,
          `epoch ${i}: ${e.lr} instead of ${rates[i]}`,
        )
      assert.equal(history.bestEpoch, bestEpoch)
      assert.equal(losses[bestEpoch], Math.min(...losses))
      assert.equal(waited === stopPatience || losses.length === 200, true)
      reductions += new Set(rates).size - 1
      stops += Number(waited === stopPatience)
    }
    assert.ok(
      reductions >= 4 && stops >= 2,
      `${reductions} reductions, ${stops} early stops: the test saw too little`,
    )
  })

  it('keeps the weights of the best validation loss, not the last ones', async () => {
    const train = blobs(21, 60, 10, 3, 0.5)
    const valid = blobs(22, 60, 10, 3, 0.5)
    const { probe, history } = await fitHead({ lr: 0.2, plateauPatience: 100, batchSize: 16 }, train, valid)
    const state = native().probeState(probe)
    const { loss } = lossAndGradient(state['0.weight']!.data, state['0.bias']!.data, valid, 3, false)
    assert.ok(history.bestEpoch < history.epochs.length - 1)
    assert.ok(Math.abs(loss - history.epochs[history.bestEpoch]!.validLoss) < 1e-5)
    assert.ok(Math.abs(loss - history.epochs.at(-1)!.validLoss) > 1e-4)
  })

  it('the first Adam step moves every weight by the learning rate: oracle is the closed form', async () => {
    const train = blobs(31, 30, 4, 3, 1)
    const one = { maxEpochs: 1, weightDecay: 0, lr: 1e-3 }
    const after = native().probeState((await fitHead(one, train, train)).probe)
    const before = native().probeState((await fitHead({ ...one, lr: 1e-12 }, train, train)).probe)
    const { gradient } = lossAndGradient(before['0.weight']!.data, before['0.bias']!.data, train, 3, false)
    for (const [i, w] of after['0.weight']!.data.entries()) {
      const moved = w - before['0.weight']!.data[i]!
      assert.ok(Math.abs(moved + 1e-3 * Math.sign(gradient[i]!)) < 2e-6, `weight ${i} moved by ${moved}`)
    }
  })

  it('the seed decides everything, and another seed gives other weights', async () => {
    const train = blobs(41, 100, 6, 3, 1)
    const weights = async (seed: number) => {
      const { probe } = await fitHead({ seed, hidden: 8, batchSize: 16, maxEpochs: 3 }, train, train)
      return native().probeState(probe)
    }
    assert.deepEqual(await weights(1), await weights(1))
    assert.notDeepEqual((await weights(1))['0.weight']!.data, (await weights(2))['0.weight']!.data)
  })

  it('a batch larger than the data, a single example and a single label work', async () => {
    const points = { x: Float32Array.of(1, 2), y: Float32Array.of(1) }
    const { probe, history } = await fitHead(
      { classes: 1, multilabel: true, batchSize: 256, maxEpochs: 3 },
      points,
      points,
    )
    assert.equal(history.epochs.length, 3)
    const [p] = await native().probePredict(probe, points.x, 1)
    assert.ok(p! > 0 && p! < 1)
  })

  it('a probe is what its state says: predictions after a round trip are the same bits', async () => {
    const train = blobs(51, 100, 6, 3, 1)
    const { probe } = await fitHead({ hidden: 8, maxEpochs: 3 }, train, train)
    const copy = native().probeFromState({ ...spec, hidden: 8 }, native().probeState(probe))
    assert.deepEqual(
      await native().probePredict(copy, train.x, 100),
      await native().probePredict(probe, train.x, 100),
    )
    const damaged: StateDict[] = [
      {},
      {
        '0.weight': { shape: [3, 6], data: new Float32Array(18) },
        '0.bias': { shape: [4], data: new Float32Array(4) },
      },
    ]
    for (const broken of damaged)
      assert.throws(() => native().probeFromState(spec, broken), { code: 'ERR_CHECKPOINT' })
  })

  it('stops within 250 ms of an abort and keeps the process usable', async () => {
    const train = blobs(61, 4000, 64, 3, 0.1)
    await atBest(250, async () => {
      const controller = new AbortController()
      const options = { hidden: 512, batchSize: 16, stopPatience: 200 }
      const running = fitHead(options, train, train, controller.signal)
      await new Promise((resolve) => setTimeout(resolve, 100))
      return afterAbort(running, () => controller.abort(), { name: 'AbortError' })
    })
    assert.equal((await fitHead({ maxEpochs: 1 }, train, train)).history.epochs.length, 1)
  })

  const good = blobs(71, 12, 4, 3, 1)
  const changed = (points: Points, change: (p: Points) => void) => {
    const copy = { x: points.x.slice(), y: points.y.slice() }
    change(copy)
    return copy
  }
  const bad: [string, Points, Points, Partial<ProbeSpec>, string, RegExp][] = [
    [
      'NaN features',
      changed(good, (p) => p.x.fill(Number.NaN, 3, 4)),
      good,
      {},
      'ERR_NON_FINITE',
      /training embeddings/,
    ],
    [
      'infinite validation features',
      good,
      changed(good, (p) => p.x.fill(-Infinity, 0, 1)),
      {},
      'ERR_NON_FINITE',
      /validation/,
    ],
    ['labels of 2', changed(good, (p) => p.y.fill(2, 0, 1)), good, {}, 'ERR_DATASET', /0 or 1/],
    [
      'two classes in a single-label problem',
      changed(good, (p) => p.y.fill(1, 0, 3)),
      good,
      {},
      'ERR_DATASET',
      /exactly one/,
    ],
    [
      'no validation examples',
      good,
      { x: new Float32Array(0), y: new Float32Array(0) },
      {},
      'ERR_DATASET',
      /no validation/,
    ],
    [
      'no training examples',
      { x: new Float32Array(0), y: new Float32Array(0) },
      good,
      {},
      'ERR_SHAPE',
      /training/,
    ],
    [
      'another embedding size for validation',
      good,
      { x: good.x.slice(0, 6), y: good.y.slice(0, 6) },
      {},
      'ERR_SHAPE',
      /valid/,
    ],
    ['a batch of nothing', good, good, { batchSize: 0 }, 'ERR_ARGUMENT', /out of range/],
  ]
  for (const [title, train, valid, options, code, message] of bad)
    it(`BAD CALL - ${title}`, () =>
      assert.rejects(async () => fitHead(options, train, valid), { code, message }))
})
