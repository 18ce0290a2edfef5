import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Encoder, embedDataset, Matrix } from 'clmr'
import { randomEncoder } from '#lib/evaluate/random-encoder.js'
import { clmrEnds, clmrJson } from './helpers/command-line.js'
import { testClip } from './helpers/golden.js'
import { SMALL, smallSetting } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

const CLIP = 59_049
const LENGTHS = [2.2, 2.4, 2.6].map((clips) => Math.floor(clips * CLIP))

/** Evaluates tracks without labels. */
const withPlainCache = (work: (cache: string, folder: string) => Promise<void>) =>
  withTempDir(async (folder) => {
    using dataset = await tinyDataset(folder, LENGTHS)
    await work(dataset.cache, folder)
  })

describe('79 cli: evaluate', () => {
  it('needs no labels: retrieval is printed, with the number of tracks, and beside the baselines', () =>
    withPlainCache(async (cache) => {
      const args = ['evaluate', '--model', 'random-fresh', '--data', cache, '--baselines']
      const { stdout } = await clmrEnds(0, ...args)
      assert.match(stdout, /^Retrieval among 3 tracks, 3 queries/)
      for (const name of ['random-fresh', 'random', 'log-mel'])
        assert.match(stdout, new RegExp(`^${name} +whitened`, 'm'))
      assert.match(stdout, /^mp3LowPass /m)
      assert.match(stdout, /^0 of 3 queried tracks were trained on$/m)
      assert.doesNotMatch(stdout, /ROC-AUC/)
      const result = await clmrJson(...args)
      assert.deepEqual(Object.keys(result), ['retrieval', 'baselines'])
      const { random, 'log-mel': logMel } = result.baselines as Record<
        string,
        { retrieval: { tracks: number } }
      >
      assert.equal(random!.retrieval.tracks, 3)
      assert.equal(logMel!.retrieval.tracks, 3)
    }))

  it('without labels it says how many of the queried tracks were trained on', () =>
    withPlainCache(async (cache, folder) => {
      const run = join(folder, 'run')
      const small = ['--set', smallSetting, '--quiet']
      await clmrEnds(0, 'train', '--data', cache, '--run', run, '--max-steps', '1', ...small)
      const args = ['evaluate', '--model', run, '--data', cache]
      const { stderr } = await clmrEnds(0, ...args)
      assert.match(stderr, /^3 of 3 queried tracks were trained on: these figures flatter the model$/m)
      const { retrieval } = await clmrJson<{ retrieval: { trainedOn: object } }>(...args)
      assert.deepEqual(retrieval.trainedOn, { tracks: 3, complete: true })
    }))

  it('embed takes log-mel in the place of a model', () =>
    withPlainCache(async (_cache, folder) => {
      const out = join(folder, 'x.jsonl')
      const { rows } = await clmrJson('embed', '--model', 'log-mel', join(folder, 'music'), '--out', out)
      assert.equal(rows, 3)
    }))
})

describe('79 evaluate: random weights with batch statistics of the data', () => {
  it('embeddings of different clips differ, where those of new weights are nearly the same: oracle is their cosine', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, LENGTHS)
      using measured = await randomEncoder(dataset, { seed: 7 })
      using again = await randomEncoder(dataset, { seed: 7 })
      using fresh = await Encoder.create({ seed: 7 })
      const cosine = async (encoder: Encoder) => {
        const { trackMeans } = await embedDataset(encoder, dataset, { normalize: true })
        return trackMeans.row(0).reduce((sum, x, i) => sum + x * trackMeans.row(2)[i]!, 0)
      }
      const [ofMeasured, ofFresh] = [await cosine(measured), await cosine(fresh)]
      assert.ok(ofMeasured < ofFresh, `${ofMeasured} against ${ofFresh}`)
      const clip = await dataset.readTrack(0)
      assert.deepEqual(
        (await measured.encodeTrack(clip)).windows.data,
        (await again.encodeTrack(clip)).windows.data,
      )
    }))
  for (const count of [1, 17])
    it(`${count} track${count > 1 ? 's' : ''}: no batch of a single clip, whose deviation is not a number`, async () => {
      const samples = testClip(300, 400, 2 * SMALL.clipLength)
      const tracks = Array.from({ length: count }, (_, i) => ({ path: `${i}` }))
      const labels = Matrix.from({ data: new Float32Array(0), rows: count, cols: 0 })
      const readTrack = async () => samples
      using encoder = await randomEncoder(
        { tracks, labels, classes: [], task: 'none', readTrack },
        { seed: 7, architecture: SMALL },
      )
      const { data } = await encoder.encode(samples)
      assert.ok(data.every(Number.isFinite))
    })
})
