import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accuracy, averagePrecision, embedDataset, LinearProbe, rocAuc, similarTracks } from 'clmr'
import { evaluateProbabilities } from '#lib/evaluate/probe.js'
import { nearest } from '#lib/evaluate/search.js'
import { readSafetensors, writeSafetensors } from '#lib/formats/safetensors.js'
import { matrix } from '#lib/matrix.js'
import { withTempDir } from './helpers/temp-dir.js'
import { TOY_CLIP, ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'

const encoder = new ToyEncoder()
const fast = { lr: 0.05 }

function toySets(options: Partial<Parameters<typeof toyDataset>[0]> = {}) {
  return {
    train: toyDataset({ tracks: 90, seed: 1, ...options }),
    validation: toyDataset({ tracks: 30, seed: 2, ...options }),
    test: toyDataset({ tracks: 30, seed: 3, ...options }),
  }
}

describe('73 evaluate: embeddings of a data set', () => {
  it('hold every whole clip of every track, in order, and the mean of each track', async () => {
    const dataset = toyDataset({ tracks: 7 })
    const seen: number[] = []
    const result = await embedDataset(encoder, dataset, { onProgress: (p) => seen.push(p.done / p.total) })
    assert.deepEqual([...result.trackOf], [0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 5, 5, 6])
    assert.equal(result.embeddings.rows, 13)
    assert.deepEqual(
      [...result.embeddings.row(4)],
      [...(await dataset.readTrack(2)).subarray(TOY_CLIP, TOY_CLIP + 8)],
    )
    const [a, b] = [result.embeddings.row(1), result.embeddings.row(2)]
    for (const [e, m] of result.trackMeans.row(1).entries())
      assert.ok(Math.abs(m - (a[e]! + b[e]!) / 2) < 1e-6)
    assert.deepEqual(
      seen,
      Array.from({ length: 7 }, (_, i) => (i + 1) / 7),
    )
  })

  it('read one track ahead and no further, so that memory stays bounded', async () => {
    const dataset = toyDataset({ tracks: 6 })
    const gates: number[] = []
    const slow = new ToyEncoder()
    const encodeTrack = slow.encodeTrack.bind(slow)
    slow.encodeTrack = async (samples) => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      gates.push(dataset.reads.length)
      return encodeTrack(samples)
    }
    await embedDataset(slow, dataset)
    assert.deepEqual(gates, [2, 3, 4, 5, 6, 6])
  })

  it('an abort ends it, a track that cannot be read is the error, no tracks are a DatasetError', async () => {
    const controller = new AbortController()
    const stop = { signal: controller.signal, onProgress: () => controller.abort() }
    await assert.rejects(embedDataset(encoder, toyDataset({ tracks: 5 }), stop), { name: 'AbortError' })
    const damaged = toyDataset({ tracks: 5 })
    damaged.readTrack = async (i) => {
      if (i === 3) throw new Error('track 3 is gone')
      return new Float32Array(TOY_CLIP)
    }
    await assert.rejects(embedDataset(encoder, damaged), /track 3 is gone/)
    await assert.rejects(embedDataset(encoder, toyDataset({ tracks: 0 })), { code: 'ERR_DATASET' })
  })
})

describe('73 evaluate: LinearProbe', () => {
  for (const hidden of [0, 16])
    it(`tells separable classes apart, hidden ${hidden}`, async () => {
      const { train, validation, test } = toySets()
      using probe = await LinearProbe.fit({ encoder, train, validation, hidden, ...fast })
      const result = await probe.evaluate(test)
      assert.equal(result.accuracy, 1)
      assert.equal(result.rocAuc, 1)
      assert.equal(result.prAuc, 1)
      assert.equal(result.tracks, 30)
      assert.equal(result.clips, 60)
      assert.deepEqual(
        result.perClass,
        train.classes.map((name) => ({ class: name, rocAuc: 1, prAuc: 1, accuracy: 1, tracks: 10 })),
      )
      assert.equal(probe.settings.batchSize, 256)
      assert.equal(probe.settings.weightDecay, 1e-6)
    })

  it('multi-label: sigmoid means over the clips of a track, macro metrics of all classes', async () => {
    const { train, validation, test } = toySets({ task: 'multilabel', gap: 1.2 })
    using probe = await LinearProbe.fit({ encoder, train, validation, ...fast })
    const result = await probe.evaluate(test)
    const { embeddings, trackOf } = await embedDataset(encoder, test)
    const clips = await probe.predict(embeddings)
    const scores = Array.from({ length: 30 }, (_, track) => {
      const rows = [...trackOf].flatMap((t, clip) => (t === track ? [clip] : []))
      return [0, 1, 2].map((k) => rows.reduce((sum, clip) => sum + clips.row(clip)[k]!, 0) / rows.length)
    })
    assert.ok(Math.abs(result.rocAuc - rocAuc(scores, test.labels)) < 1e-6)
    assert.ok(Math.abs(result.prAuc - averagePrecision(scores, test.labels)) < 1e-6)
    const decided = scores.map((row) => row.map((p) => Number(p >= 0.5)))
    assert.equal(result.accuracy, accuracy(decided, test.labels))
    assert.ok(result.rocAuc > 0.8 && result.rocAuc < 1, `${result.rocAuc}`)
  })

  it('a class that no track of the test set has is NaN and left out of the means', () => {
    const p = matrix(Float32Array.of(0.9, 0.1, 0.2, 0.1, 0.8, 0.3), 2, 3)
    const y = matrix(Float32Array.of(1, 0, 0, 0, 1, 0), 2, 3)
    const result = evaluateProbabilities(p, y, ['a', 'b', 'c'], true)
    assert.equal(result.rocAuc, 1)
    assert.equal(result.prAuc, 1)
    assert.equal(result.accuracy, 1)
    const { rocAuc: r, prAuc, tracks } = result.perClass[2]!
    assert.deepEqual([r, prAuc, tracks], [Number.NaN, Number.NaN, 0])
  })

  it('takes embeddings in place of data sets, and gives the same bits without embedding again', async () => {
    const { train, validation, test } = toySets({ gap: 1 })
    using direct = await LinearProbe.fit({ encoder, train, validation })
    const counting = new ToyEncoder()
    const options = {
      encoder: counting,
      train: await embedDataset(counting, train),
      validation: await embedDataset(counting, validation),
    }
    const before = counting.encoded
    using cached = await LinearProbe.fit(options)
    const known = await embedDataset(counting, test)
    assert.deepEqual(cached.state(), direct.state())
    assert.deepEqual(await cached.evaluate(known), await direct.evaluate(test))
    assert.equal(counting.encoded, before + 30)
  })

  it('standardise changes the training, and is folded into weights that take raw features', async () => {
    const wide = (set: ReturnType<typeof toyDataset>) => {
      const { readTrack } = set
      set.readTrack = async (i) => (await readTrack(i)).map((v, at) => v * 1000 ** ((at % 4) - 1) + 50)
      return set
    }
    const train = wide(toyDataset({ tracks: 90, seed: 1 }))
    const validation = wide(toyDataset({ tracks: 30, seed: 2 }))
    const test = wide(toyDataset({ tracks: 30, seed: 3 }))
    using probe = await LinearProbe.fit({ encoder, train, validation, ...fast, standardise: true })
    assert.equal((await probe.evaluate(test)).accuracy, 1)
    const best = probe.history.epochs[probe.history.bestEpoch]!
    const { embeddings, trackOf } = await embedDataset(encoder, validation)
    const p = await probe.predict(embeddings)
    let loss = 0
    for (const [clip, track] of trackOf.entries())
      loss -= Math.log(p.row(clip)[validation.labels.row(track).indexOf(1)]!)
    assert.ok(Math.abs(loss / trackOf.length - best.validLoss) < 1e-4)
  })

  it('predictFile lists every class, the likeliest first', async () => {
    const { train, validation } = toySets()
    using probe = await LinearProbe.fit({ encoder, train, validation, ...fast })
    const answer = await probe.predictFile('0.5')
    assert.deepEqual(answer.map((a) => a.class).sort(), [...train.classes].sort())
    assert.ok(Math.abs(answer.reduce((sum, a) => sum + a.probability, 0) - 1) < 1e-6)
    for (let i = 1; i < answer.length; i++) assert.ok(answer[i]!.probability <= answer[i - 1]!.probability)
  })

  it('reports its progress and stops at an abort while embedding', async () => {
    const { train, validation } = toySets()
    const phases: string[] = []
    using probe = await LinearProbe.fit({
      encoder,
      train,
      validation,
      onProgress: (p) => phases.push(p.phase),
    })
    assert.equal(probe.history.epochs.length > 0, true)
    assert.deepEqual([...new Set(phases)], ['train', 'valid', 'fit'])
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const aborted = LinearProbe.fit({ encoder, train, validation, signal: controller.signal, onProgress })
    await assert.rejects(aborted, { name: 'AbortError' })
  })

  async function savedProbe(folder: string) {
    const { train, validation } = toySets()
    const path = join(folder, 'probe.safetensors')
    const probe = await LinearProbe.fit({ encoder, train, validation })
    await probe.save(path)
    return { path, probe, ...(await readSafetensors(path)) }
  }

  it('a saved probe predicts the same bits and knows its classes, whatever they are called', () =>
    withTempDir(async (folder) => {
      const { train, validation, test } = toySets({ classes: ['a"\\</script>', 'ü 😀', '__proto__'], gap: 1 })
      const path = join(folder, 'probe.safetensors')
      using probe = await LinearProbe.fit({ encoder, train, validation, hidden: 5 })
      await probe.save(path)
      using loaded = await LinearProbe.load(path, { encoder })
      assert.deepEqual(await loaded.evaluate(test), await probe.evaluate(test))
      assert.deepEqual(loaded.classes, probe.classes)
      assert.deepEqual(loaded.settings, probe.settings)
      assert.deepEqual(loaded.history, probe.history)
    }))

  it('a probe that was saved when `lr` was `learningRate` is read as it was', () =>
    withTempDir(async (folder) => {
      const { path, probe, tensors, metadata } = await savedProbe(folder)
      using _ = probe
      const before = metadata.get('probe')!.replaceAll('"lr":', '"learningRate":')
      await writeSafetensors(path, tensors, { format: 'clmr-probe', probe: before })
      using loaded = await LinearProbe.load(path, { encoder })
      assert.deepEqual([loaded.settings, loaded.history], [probe.settings, probe.history])
    }))

  it('BAD CALL - files that are no probes, or probes of another size', () =>
    withTempDir(async (folder) => {
      const { path, probe, tensors, metadata } = await savedProbe(folder)
      probe.dispose()
      const other = Object.assign(new ToyEncoder(), { dim: 9 })
      await assert.rejects(LinearProbe.load(path, { encoder: other }), {
        code: 'ERR_CHECKPOINT',
        path,
        message: /\[3,9\]/,
      })
      const saved = JSON.parse(metadata.get('probe')!) as { classes: string[] }
      const broken: [unknown, RegExp][] = [
        [{ ...saved, classes: ['one'] }, /\[1,8\]/],
        [{ ...saved, task: 'x' }, /task/],
        [{ ...saved, settings: {} }, /settings/],
        [[], /not valid/],
      ]
      for (const [description, message] of broken) {
        await writeSafetensors(path, tensors, { format: 'clmr-probe', probe: JSON.stringify(description) })
        await assert.rejects(LinearProbe.load(path, { encoder }), { code: 'ERR_CHECKPOINT', path, message })
      }
      await writeSafetensors(path, tensors, {})
      await assert.rejects(LinearProbe.load(path, { encoder }), {
        code: 'ERR_CHECKPOINT',
        message: /not the file of a probe/,
      })
      const bytes = await readFile(path)
      await writeFile(path, bytes.subarray(0, bytes.length - 1))
      await assert.rejects(LinearProbe.load(path, { encoder }), { code: 'ERR_CHECKPOINT', path })
      await assert.rejects(LinearProbe.load(join(folder, 'none'), { encoder }), { code: 'ERR_IO' })
    }))

  it('BAD CALL - no labels, one class, other classes, misspelt options, no encoder, no data set', async () => {
    const { train, validation } = toySets()
    const none = toyDataset({ tracks: 5, task: 'none' })
    const one = toyDataset({ tracks: 5, classes: ['only'] })
    const cases: [object, string, RegExp][] = [
      [{ train: none, validation }, 'ERR_DATASET', /no labels/],
      [{ train: one, validation: one }, 'ERR_DATASET', /one class/],
      [
        { train, validation: toyDataset({ tracks: 9, classes: ['flute', 'drums', 'voice'] }) },
        'ERR_DATASET',
        /other classes/,
      ],
      [{ train, validation: toyDataset({ tracks: 0 }) }, 'ERR_DATASET', /no tracks/],
      [{ train, validation, hiden: 512 }, 'ERR_CONFIG', /"hidden"/],
      [{ train, validation, lr: -1 }, 'ERR_CONFIG', /lr/],
      [{ train, validation, encoder: undefined }, 'ERR_ARGUMENT', /encoder/],
      [{ validation }, 'ERR_ARGUMENT', /train is not a data set/],
    ]
    for (const [options, code, message] of cases)
      await assert.rejects(
        LinearProbe.fit({ encoder, ...options } as never),
        { code, message },
        String(message),
      )
    const broken = toyDataset({ tracks: 9 })
    broken.readTrack = async () => new Float32Array(TOY_CLIP).fill(Number.NaN)
    await assert.rejects(LinearProbe.fit({ encoder, train: broken, validation }), { code: 'ERR_NON_FINITE' })
  })

  it('BAD CALL - use after dispose; dispose twice is harmless', async () => {
    const { train, validation, test } = toySets()
    const probe = await LinearProbe.fit({ encoder, train, validation })
    probe.dispose()
    probe.dispose()
    await assert.rejects(probe.evaluate(test), { code: 'ERR_DISPOSED' })
    await assert.rejects(probe.predictFile('1'), { code: 'ERR_DISPOSED' })
    assert.throws(() => probe.state(), { code: 'ERR_DISPOSED' })
  })
})

describe('73 evaluate: similar tracks', () => {
  it('a track is most like those of its class, and never among its own neighbours', async () => {
    const dataset = toyDataset({ tracks: 30, gap: 8 })
    const embedded = await embedDataset(encoder, dataset)
    for (const track of [0, 7, 29]) {
      const { rows: found } = await similarTracks(embedded, track, { k: 9 })
      assert.equal(found.length, 9)
      for (const f of found) {
        assert.equal(f.index % 3, track % 3)
        assert.notEqual(f.index, track)
        assert.equal(f.path, dataset.tracks[f.index]!.path)
      }
      const [itself] = (await similarTracks(embedded, embedded.trackMeans.row(track), { k: 1 })).rows
      assert.equal(itself!.index, track)
    }
    assert.equal((await similarTracks(embedded, 0, { k: 1000 })).rows.length, 29)
  })

  it('BAD CALL - k, index and size out of range', async () => {
    const embedded = await embedDataset(encoder, toyDataset({ tracks: 4 }))
    for (const k of [0, -1, 1.5, Number.NaN])
      await assert.rejects(similarTracks(embedded, 0, { k }), { code: 'ERR_ARGUMENT', message: /k is not/ })
    for (const track of [-1, 4, 0.5])
      await assert.rejects(similarTracks(embedded, track), { code: 'ERR_ARGUMENT', message: /0 to 3/ })
    await assert.rejects(similarTracks(embedded, new Float32Array(3)), { code: 'ERR_SHAPE' })
    const all = await nearest(embedded.trackMeans, embedded.trackMeans, 99)
    assert.equal(all.scores.cols, 4)
  })
})
