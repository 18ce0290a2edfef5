import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Augmenter,
  type Dataset,
  Encoder,
  embedDataset,
  evaluateRetrieval,
  LogMel,
  openDataset,
  prepare,
  type Retrieval,
  transforms,
} from 'clmr'
import { evaluateRetrievals } from '#lib/evaluate/retrieval.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

/** of the small network */
const CLIP = SMALL.clipLength
const gain = new Augmenter({ transforms: [transforms.randomCrop(), transforms.gain()], seed: 3 })

/** Paths of the kept files, below the folder of embeddings. */
async function keptFiles(cache: string): Promise<string[]> {
  const folder = join(cache, 'embeddings')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name))
}

/** The tracks that `work` reads. */
async function reads(dataset: Dataset, work: () => Promise<unknown>): Promise<number[]> {
  const read: number[] = []
  const { readTrack } = dataset
  dataset.readTrack = (i, options) => {
    read.push(i)
    return readTrack.call(dataset, i, options)
  }
  await work()
  dataset.readTrack = readTrack
  return read
}

describe('731 evaluate: embeddings are computed once', () => {
  let dataset: Dataset
  let encoder: Encoder
  const forget = () => rm(join(dataset.cache, 'embeddings'), { recursive: true, force: true })
  let end = () => {}

  before((done) => {
    withTempDir(async (made) => {
      dataset = await tinyDataset(made, [2.2 * CLIP, 1.5 * CLIP, 2.1 * CLIP].map(Math.floor))
      encoder = await Encoder.create({ seed: 5, architecture: SMALL })
      const finished = new Promise<void>((resolve) => {
        end = resolve
      })
      done()
      await finished
      dataset.dispose()
      encoder.dispose()
    })
  })
  after(() => end())
  beforeEach(forget)

  it('the second time no audio is read, and the bits are those without the cache', async () => {
    const plain = await embedDataset(encoder, dataset, { cache: false })
    assert.deepEqual(await keptFiles(dataset.cache), [])
    assert.deepEqual(await reads(dataset, () => embedDataset(encoder, dataset)), [0, 1, 2])
    const again = await Encoder.create({ seed: 5, architecture: SMALL })
    const read = await reads(dataset, async () => {
      const kept = await embedDataset(again, dataset)
      assert.deepEqual(kept.embeddings, plain.embeddings)
      assert.deepEqual(kept.trackMeans, plain.trackMeans)
      assert.deepEqual(kept.trackOf, plain.trackOf)
      const unit = await embedDataset(again, dataset, { normalize: true })
      assert.deepEqual(
        unit.embeddings,
        (await embedDataset(again, dataset, { normalize: true, cache: false })).embeddings,
      )
    })
    assert.deepEqual(read, [0, 1, 2], 'only what asked for no cache')
    again.dispose()
  })

  it('retrieval too, for the same crops and chain only: oracle is retrieval without the cache', async () => {
    const options = { augmenter: gain, seed: 9 }
    const plain = await evaluateRetrieval(encoder, dataset, { ...options, cache: false })
    assert.deepEqual(await evaluateRetrieval(encoder, dataset, options), plain)
    const read = await reads(dataset, async () =>
      assert.deepEqual(await evaluateRetrieval(encoder, dataset, options), plain),
    )
    assert.deepEqual(read, [])
    for (const other of [{ seed: 10 }, { crops: 3 }, { augmenter: new Augmenter({ seed: 4 }) }]) {
      const asked = { ...options, ...other }
      const fresh = await evaluateRetrieval(encoder, dataset, { ...asked, cache: false })
      assert.deepEqual(await evaluateRetrieval(encoder, dataset, asked), fresh)
    }
  })

  it('of several encoders by retrieval, those alone encode crops that lack their vectors: oracle is each alone', async () => {
    const encoders = await Promise.all([6, 7, 8].map((seed) => Encoder.create({ seed, architecture: SMALL })))
    const options = { augmenter: gain, seed: 9 }
    const expected: Retrieval[] = []
    for (const [i, each] of encoders.entries())
      expected.push(await evaluateRetrieval(each, dataset, { ...options, cache: i === 1 }))
    const hearsOnly = (encoder: Encoder, samples: number) => {
      const { encode } = encoder
      encoder.encode = (clips, given) => {
        assert.ok(clips.length <= samples, `${clips.length} samples`)
        return encode.call(encoder, clips, given)
      }
    }
    const all = () => evaluateRetrievals(encoders, dataset, options)
    hearsOnly(encoders[1]!, CLIP) // the one clip by which models are told apart
    assert.deepEqual(await all(), expected)
    for (const each of encoders) hearsOnly(each, CLIP)
    const { augment } = Augmenter.prototype
    Augmenter.prototype.augment = () => assert.fail('crops are altered')
    try {
      assert.deepEqual(await all(), expected)
      for (const [i, each] of encoders.entries())
        assert.deepEqual(await evaluateRetrieval(each, dataset, options), expected[i])
    } finally {
      Object.assign(Augmenter.prototype, { augment })
      for (const each of encoders) each.dispose()
    }
  })

  it('another model, other weights and log-mel statistics have vectors of their own', async () => {
    using other = await Encoder.create({ seed: 6, architecture: SMALL })
    const simple = new LogMel()
    for (const model of [encoder, other, simple]) await embedDataset(model, dataset)
    for (const model of [encoder, other, simple])
      assert.deepEqual(
        (await embedDataset(model, dataset)).embeddings,
        (await embedDataset(model, dataset, { cache: false })).embeddings,
      )
    assert.equal((await keptFiles(dataset.cache)).length, 3)
  })

  it('only the tracks are computed that are not kept: a new one, a changed one', () =>
    withTempDir(async (place) => {
      const [music, away] = [join(place, 'music'), join(place, 'away.wav')]
      using first = await tinyDataset(place, [CLIP, CLIP + 1, CLIP + 2])
      const { cache } = first
      const readNow = async () => {
        using now = await prepare(music, { cache })
        return await reads(now, () => embedDataset(encoder, now))
      }
      await rename(join(music, 'track-2.wav'), away)
      assert.deepEqual(await readNow(), [0, 1])
      await rename(away, join(music, 'track-2.wav'))
      assert.deepEqual(await readNow(), [2])
      await rm(join(music, 'track-0.wav'))
      assert.deepEqual(await readNow(), [])
      // the cached audio itself is another one than it was
      using whole = await openDataset(cache)
      const { file } = whole.tracks[1]!
      const bytes = await readFile(file)
      await writeFile(file, bytes.fill(1, 1000, 1400))
      await utimes(file, 1, 1)
      using damaged = await openDataset(cache)
      assert.deepEqual(await reads(damaged, () => embedDataset(encoder, damaged)), [1])
    }))

  it('a damaged file counts as not there and is written again', async () => {
    const whole = await embedDataset(encoder, dataset)
    const figures = await evaluateRetrieval(encoder, dataset, { augmenter: gain })
    for (const file of await keptFiles(dataset.cache)) {
      const bytes = await readFile(file)
      for (const damaged of [
        bytes.subarray(0, 100),
        Buffer.concat([bytes.subarray(0, -8), Buffer.alloc(8)]),
        Buffer.alloc(0),
      ]) {
        await writeFile(file, damaged)
        assert.deepEqual((await embedDataset(encoder, dataset)).embeddings, whole.embeddings)
        assert.deepEqual(await evaluateRetrieval(encoder, dataset, { augmenter: gain }), figures)
        assert.deepEqual(await readFile(file), bytes)
      }
    }
  })

  it('two at once in one cache do not harm each other', async () => {
    const plain = await embedDataset(encoder, dataset, { cache: false })
    using other = await openDataset(dataset.cache)
    const both = await Promise.all([dataset, other].map((set) => embedDataset(encoder, set)))
    for (const { embeddings } of both) assert.deepEqual(embeddings, plain.embeddings)
    assert.deepEqual(await reads(dataset, () => embedDataset(encoder, dataset)), [])
    assert.equal((await keptFiles(dataset.cache)).length, 1)
  })

  it('a cache that cannot be written is evaluated all the same', async () => {
    await writeFile(join(dataset.cache, 'embeddings'), 'a file in the way')
    const { embeddings } = await embedDataset(encoder, dataset)
    assert.equal(embeddings.rows, 5)
    assert.equal((await evaluateRetrieval(encoder, dataset, { augmenter: gain })).tracks, 3)
  })

  it('the vectors of the eight models used last are kept', async () => {
    const models = join(dataset.cache, 'embeddings')
    for (let i = 1; i <= 9; i++) {
      await mkdir(join(models, `old-${i}`), { recursive: true })
      await utimes(join(models, `old-${i}`), 1000 * i, 1000 * i)
    }
    await embedDataset(encoder, dataset)
    const left = await readdir(models)
    assert.equal(left.length, 8)
    assert.ok(!left.includes('old-1') && !left.includes('old-2') && left.includes('old-3'))
    assert.ok((await stat(join(models, 'old-9'))).isDirectory())
  })
})
