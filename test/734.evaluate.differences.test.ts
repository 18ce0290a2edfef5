import assert from 'node:assert/strict'
import {
  ArgumentError,
  accuracy,
  compareProbes,
  compareRetrieval,
  DatasetError,
  evaluateRetrieval,
  LinearProbe,
} from 'clmr'
import { native } from '#lib/native/load.js'
import { clmrEnds } from './helpers/command-line.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'
import { withCache } from './helpers/trainings.js'

/** A toy encoder that hears half as much. */
class Deaf extends ToyEncoder {
  override async encode(clips: Float32Array) {
    const heard = await super.encode(clips)
    return Object.assign(heard, { data: heard.data.map((v, i) => (i % 8 < 2 ? v : 0)) })
  }
}

/** numpy.percentile of sorted values. */
function percentile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1)
  const low = sorted[Math.floor(at)]!
  return low + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - low)
}

describe('734 evaluate: differences of two models on the same tracks', () => {
  it('probes: the difference of every figure, on the same resamples: oracle is the paired bootstrap written out', async () => {
    const encoder = new ToyEncoder()
    const options = {
      encoder,
      train: toyDataset({ tracks: 60, gap: 1 }),
      validation: toyDataset({ tracks: 30, seed: 2, gap: 1 }),
    }
    using good = await LinearProbe.fit({ ...options, lr: 0.05 })
    using poor = await LinearProbe.fit({ ...options, lr: 1e-4, maxEpochs: 1 })
    const test = toyDataset({ tracks: 40, seed: 3, gap: 1 })
    const found = await compareProbes(good, poor, test, { resamples: 200, seed: 8 })
    const [a, b] = [await good.evaluate(test), await poor.evaluate(test)]
    for (const name of ['rocAuc', 'prAuc', 'accuracy', 'f1'] as const)
      assert.ok(Math.abs(found[name].value - (a[name] - b[name])) < 1e-6, name)
    const [p, q] = [await good.predictTracks(test), await poor.predictTracks(test)]
    const labels = Array.from(test.labels, (row) => row.indexOf(1))
    const indices = await native().bootstrapIndices({ resamples: 200, seed: 8 }, 40, 0, 200)
    const differences = Array.from({ length: 200 }, (_, r) => {
      const drawn = [...indices.subarray(r * 40, (r + 1) * 40)]
      const right = (of: typeof p) =>
        accuracy(
          drawn.map((i) => of.row(i)),
          drawn.map((i) => labels[i]!),
        )
      return right(p) - right(q)
    }).sort((x, y) => x - y)
    assert.ok(Math.abs(found.accuracy.low - percentile(differences, 0.025)) < 1e-6)
    assert.ok(Math.abs(found.accuracy.high - percentile(differences, 0.975)) < 1e-6)
    assert.equal(found.perClass.length, 3)
    assert.equal(found.tracks, 40)
    const same = await compareProbes(good, good, test)
    assert.deepEqual(same.accuracy, { value: 0, low: 0, high: 0 })
    const reordered = toyDataset({ tracks: 40, classes: ['flute', 'drums', 'voice'] })
    await assert.rejects(compareProbes(good, poor, reordered), DatasetError)
    await assert.rejects(compareProbes(good, poor, undefined as never), ArgumentError)
    for (const odd of [undefined, null, { seed: 1 }, 'probe']) {
      await assert.rejects(compareProbes(odd as never, poor, test), ArgumentError)
      await assert.rejects(compareProbes(good, odd as never, test), ArgumentError)
    }
  })

  it('retrieval: the figures of the first less those of the second; a model less itself is 0', async () => {
    const dataset = toyDataset({ tracks: 30, gap: 1 })
    const [first, second] = [new ToyEncoder(), new Deaf()]
    const found = await compareRetrieval(first, second, dataset)
    const [a, b] = [await evaluateRetrieval(first, dataset), await evaluateRetrieval(second, dataset)]
    for (const form of ['raw', 'standardised', 'whitened'] as const)
      for (const name of ['top1', 'topK', 'mrr', 'medianRank'] as const)
        assert.ok(Math.abs(found[form][name] - (a[form][name] - b[form][name])) < 1e-9, `${form} ${name}`)
    assert.ok(Math.abs(found.raw.labels!.map - (a.raw.labels!.map - b.raw.labels!.map)) < 1e-9)
    const same = await compareRetrieval(first, first, dataset)
    assert.deepEqual(same.raw.intervals.top1, { low: 0, high: 0 })
    const other = toyDataset({ tracks: 20, seed: 5 })
    const encoder = first
    using probe = await LinearProbe.fit({ encoder, train: dataset, validation: other })
    await assert.rejects(compareProbes(probe, probe, [dataset, other]), { code: 'ERR_ARGUMENT' })
  })

  it('clmr evaluate --compare: a table of differences', function () {
    this.timeout(60_000)
    return withCache(async (_folder, cache) => {
      const args = ['evaluate', '--model', 'log-mel', '--data', cache, '--compare', 'random-fresh']
      const { stdout } = await clmrEnds(0, ...args)
      assert.match(stdout, /^log-mel less random-fresh, in points, on the same 2 tracks/m)
      assert.match(stdout, /^whitened +\S+ \(\S+ to \S+\)/m)
      assert.match(stdout, /^probe, 2 tracks +ROC-AUC/m)
    })
  })
})
