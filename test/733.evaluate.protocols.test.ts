import assert from 'node:assert/strict'
import { embedDataset, LinearProbe, type Matrix } from 'clmr'
import { examplesOf, stratifiedPart } from '#lib/evaluate/examples.js'
import { clmrJson } from './helpers/command-line.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'
import { withCache } from './helpers/trainings.js'

const encoder = new ToyEncoder()
const sets = (options: Partial<Parameters<typeof toyDataset>[0]> = {}) => ({
  encoder,
  train: toyDataset({ tracks: 90, seed: 1, ...options }),
  validation: toyDataset({ tracks: 30, seed: 2, ...options }),
})

describe('733 evaluate: protocols', () => {
  it('a name stands for the settings of that protocol, and what is given besides counts', async () => {
    using paper = await LinearProbe.fit({ ...sets(), protocol: 'paper' })
    using plain = await LinearProbe.fit(sets())
    assert.deepEqual(paper.state(), plain.state())
    using code = await LinearProbe.fit({ ...sets(), protocol: 'clmr-code', maxEpochs: 3 })
    const { examples, batchSize, keep, maxEpochs } = code.settings
    assert.deepEqual([examples, batchSize, keep, maxEpochs], ['one-clip', 48, 'last', 3])
    assert.equal(code.history.bestEpoch, 2)
    using marble = await LinearProbe.fit({ ...sets({ gap: 1 }), protocol: 'marble', hidden: 16 })
    assert.deepEqual(
      [marble.settings.hidden, marble.settings.dropout, marble.settings.monitor],
      [16, 0.2, 'metric'],
    )
    assert.ok(marble.settings.lrGrid!.includes(marble.settings.lr))
    using mirRef = await LinearProbe.fit({ ...sets(), protocol: 'mir-ref' })
    const { history } = mirRef
    assert.ok(history.epochs.every(({ lr }) => lr === 1e-3))
    assert.ok(history.epochs.length <= 100)
    await assert.rejects(LinearProbe.fit({ ...sets(), protocol: 'none' as never }), { code: 'ERR_CONFIG' })
  })

  it("'tracks' trains on and judges the means of the tracks: oracle is a set whose only clips they are", async () => {
    const asMeans = async (set: ReturnType<typeof toyDataset>) => {
      const { dataset, trackMeans } = await embedDataset(encoder, set)
      return {
        dataset,
        embeddings: trackMeans,
        trackMeans,
        trackOf: Int32Array.from(trackMeans, (_, i) => i),
      }
    }
    const { train, validation } = sets({ gap: 1 })
    const test = toyDataset({ tracks: 30, seed: 3, gap: 1 })
    using probe = await LinearProbe.fit({ encoder, train, validation, examples: 'tracks', lr: 0.05 })
    using oracle = await LinearProbe.fit({
      encoder,
      train: await asMeans(train),
      validation: await asMeans(validation),
      lr: 0.05,
    })
    assert.deepEqual(probe.state(), oracle.state())
    const [{ clips: _, ...found }, { clips: __, ...expected }] = [
      await probe.evaluate(test),
      await oracle.evaluate(await asMeans(test)),
    ]
    assert.deepEqual(found, expected)
  })

  it("'one-clip' takes one clip of every track, drawn by the seed", async () => {
    const all = await embedDataset(encoder, toyDataset({ tracks: 30 }))
    const { x, trackOf } = examplesOf(all, 'one-clip', 7)
    assert.deepEqual([...trackOf], [...Array(30).keys()])
    const clipsOf = (track: number) =>
      [...all.trackOf.keys()]
        .filter((clip) => all.trackOf[clip] === track)
        .map((clip) => `${all.embeddings.row(clip)}`)
    for (let track = 0; track < 30; track++) assert.ok(clipsOf(track).includes(`${x.row(track)}`))
    assert.deepEqual(examplesOf(all, 'one-clip', 7).x, x)
    assert.notDeepEqual(examplesOf(all, 'one-clip', 8).x, x)
  })

  it('of a grid the learning rate with the lowest validation loss is kept: oracle is each rate by itself', async () => {
    const grid = [1e-4, 0.05, 5]
    const lowest = async (lr: number) => {
      using probe = await LinearProbe.fit({ ...sets({ gap: 1 }), lr, maxEpochs: 20 })
      return Math.min(...probe.history.epochs.map(({ validLoss }) => validLoss))
    }
    const losses = [await lowest(grid[0]!), await lowest(grid[1]!), await lowest(grid[2]!)]
    using probe = await LinearProbe.fit({ ...sets({ gap: 1 }), lrGrid: grid, maxEpochs: 20 })
    assert.equal(probe.settings.lr, grid[losses.indexOf(Math.min(...losses))])
  })

  it('the metric ends the training and says which weights are kept; dropout changes only training', async () => {
    const options = { monitor: 'metric', keep: 'metric', stopPatience: 4, lr: 0.05 } as const
    using probe = await LinearProbe.fit({ ...sets(), ...options })
    assert.equal(probe.history.epochs.length, probe.history.bestEpoch + 5)
    using wide = await LinearProbe.fit({ ...sets(), hidden: 32, maxEpochs: 2 })
    using dropped = await LinearProbe.fit({ ...sets(), hidden: 32, maxEpochs: 2, dropout: 0.5 })
    assert.notDeepEqual(dropped.state(), wide.state())
    const { embeddings } = await embedDataset(encoder, toyDataset({ tracks: 4 }))
    assert.deepEqual(await dropped.predict(embeddings), await dropped.predict(embeddings))
  })

  it('a part of the labels keeps the share of every class, and one track of the rarest', async () => {
    const { labels } = toyDataset({ tracks: 90, task: 'multilabel' })
    const sizes = (part: readonly number[], of: Matrix) =>
      [0, 1, 2].map((k) => part.filter((track) => of.row(track)[k] === 1).length)
    const whole = sizes([...Array(90).keys()], labels)
    for (const fraction of [0.01, 0.1, 0.5]) {
      const part = stratifiedPart(labels, fraction, 5)
      for (const [k, size] of sizes(part, labels).entries())
        assert.ok(size >= Math.max(1, Math.round(fraction * whole[k]!)), `class ${k}: ${size} of ${whole[k]}`)
      assert.ok(part.length <= Math.ceil(fraction * 90) + 3)
      assert.deepEqual(stratifiedPart(labels, fraction, 5), part)
    }
    const { labels: single } = toyDataset({ tracks: 90 })
    assert.deepEqual(sizes(stratifiedPart(single, 0.1, 5), single), [3, 3, 3])
    assert.notDeepEqual(stratifiedPart(single, 0.1, 6), stratifiedPart(single, 0.1, 5))
    using few = await LinearProbe.fit({ ...sets(), labelFraction: 0.1 })
    assert.equal(few.settings.labelFraction, 0.1)
  })

  it('clmr evaluate --protocol --label-fractions --seeds: every spread in the result', function () {
    this.timeout(60_000)
    return withCache(async (_folder, cache) => {
      const args = [
        'evaluate',
        '--model',
        'log-mel',
        '--data',
        cache,
        '--protocol',
        'marble',
        '--hidden',
        '8',
      ]
      const { repeated } = await clmrJson<{
        repeated: { labelFraction: number; seeds: number[]; accuracy: { mean: number; lowest: number } }[]
      }>(...args, '--label-fractions', '50,100', '--seeds', '2')
      assert.deepEqual(
        repeated.map(({ labelFraction, seeds }) => [labelFraction, seeds]),
        [
          [0.5, [42, 43]],
          [1, [42, 43]],
        ],
      )
      for (const { accuracy } of repeated) assert.ok(accuracy.lowest <= accuracy.mean)
    })
  })
})
