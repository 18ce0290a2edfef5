import assert from 'node:assert/strict'
import {
  Augmenter,
  Dataset,
  type EmbedProgress,
  evaluateRetrieval,
  type RetrievalMeasure,
  transforms,
} from 'clmr'
import { evaluateRetrievals } from '#lib/evaluate/retrieval.js'
import { matrix } from '#lib/matrix.js'
import type { Interval, LabelFigures, RankFigures, RetrievalForms } from '#lib/native/figures.js'
import { native } from '#lib/native/load.js'
import { hashUniform, readGoldenJson } from './helpers/golden.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'
import { TOY_CLIP, ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'

type Triple = [value: number, low: number, high: number]
interface Golden {
  n: number
  q: number
  dim: number
  weak: number
  k: number
  resamples: number
  raw: Record<string, Triple>[]
  standardised: Record<string, Triple>[]
  whitened: Record<string, Triple>[]
}

/** The twin of `inputs` in make_retrieval.py. */
function inputs({ n, q, dim, weak }: Golden) {
  const scale = (i: number) => (i % dim >= dim - weak ? Math.fround(1e-6) : 1)
  const library = hashUniform(701, n * dim)
  const noisy = (seed: number, amount: number) =>
    hashUniform(seed, n * q * dim).map((noise, i) => {
      const own = library[Math.floor(i / dim / q) * dim + (i % dim)]!
      return Math.fround(own + Math.fround(amount * noise)) * scale(i)
    })
  const queries = new Float32Array(2 * n * q * dim)
  queries.set(noisy(702, 0.5))
  queries.set(noisy(703, 1.5), n * q * dim)
  const labels = new Float32Array(n * 4)
  for (let i = 0; i < n; i++) {
    labels[i * 4 + (i % 3)] = 1
    if (i % 5 === 0) labels[i * 4 + 1] = 1
  }
  labels.set([0, 0, 0, 1], (n - 1) * 4)
  return { library: library.map((x, i) => x * scale(i)), queries, labels }
}

const abort = () => native().createAbortFlag()

function retrieve(library: Float32Array, queries: Float32Array, dim: number, labels?: Float32Array) {
  const spec = { dim, conditions: 1, k: 2, bootstrap: { resamples: 10, seed: 42 } }
  return native().retrieval(spec, library, queries, labels, abort())
}

describe('76 evaluate: retrieval', () => {
  for (const golden of readGoldenJson<Golden[]>('retrieval.json'))
    it(`figures and intervals of ${golden.n} tracks, ${golden.dim} columns: oracle is numpy and scikit-learn, to 1e-6, on the same resamples`, async () => {
      const { library, queries, labels } = inputs(golden)
      const { dim, k, resamples } = golden
      const spec = { dim, conditions: 2, k, bootstrap: { resamples, seed: 42 } }
      const forms = await native().retrieval(spec, library, queries, labels, abort())
      for (const form of ['raw', 'standardised', 'whitened'] as const)
        for (const [c, ranks] of forms[form].conditions.entries()) {
          const found: Partial<RankFigures & LabelFigures> =
            c === 0 ? { ...ranks, ...forms[form].labels } : ranks
          for (const [name, { value, low, high }] of Object.entries(found) as [string, Interval][])
            for (const [i, expected] of golden[form][c]![name]!.entries())
              assert.ok(
                Math.abs([value, low, high][i]! - expected) <= 1e-6,
                `${form} ${c} ${name} ${i}: ${[value, low, high]} instead of ${golden[form][c]![name]}`,
              )
        }
    })

  it('an encoder that says the same of everything finds nothing, in no form: oracle is the last place', async () => {
    const same = new Float32Array(7 * 3).fill(0.5)
    const forms: RetrievalForms = await retrieve(same, same, 3)
    for (const { conditions } of Object.values(forms)) {
      assert.equal(conditions[0]!.top1.value, 0)
      assert.equal(conditions[0]!.medianRank.value, 7)
    }
  })

  it('two tracks are the least: they are whitened to one column', async () => {
    const { whitened } = await retrieve(Float32Array.of(1, 0, 0, 1), Float32Array.of(2, 0.5, 0.1, 3), 2)
    assert.equal(whitened.conditions[0]!.top1.value, 1)
    await assert.rejects(retrieve(Float32Array.of(1, 0), Float32Array.of(1, 0), 2), { code: 'ERR_DATASET' })
  })

  it('labels that no two tracks share have no figures', async () => {
    const rows = hashUniform(3, 4)
    assert.equal((await retrieve(rows, rows, 2, Float32Array.of(1, 0, 0, 1))).raw.labels, undefined)
  })

  it('BAD CALL - NaN, queries that do not fit, labels that do not fit', async () => {
    const rows = hashUniform(3, 6)
    await assert.rejects(retrieve(rows, rows.with(1, Number.NaN), 2), { code: 'ERR_NON_FINITE' })
    await assert.rejects(retrieve(rows, rows.subarray(0, 4), 2), { code: 'ERR_SHAPE' })
    await assert.rejects(retrieve(rows, rows, 2, new Float32Array(4)), { code: 'ERR_SHAPE' })
  })
})

/** Every track is one value, over and over: any crop of it tells it from the others. */
function steadyDataset(tracks: number) {
  const dataset = toyDataset({ tracks })
  const level = hashUniform(5, tracks * TOY_CLIP)
  const track = (i: number) => {
    const clip = level.subarray(i * TOY_CLIP, (i + 1) * TOY_CLIP)
    const samples = new Float32Array(6 * TOY_CLIP)
    for (let at = 0; at < samples.length; at++) samples[at] = clip[Math.floor(i / 2)]! + 1e-3 * (at % 2)
    return samples
  }
  return { ...dataset, readTrack: async (i: number) => track(i) }
}

/** Each clip by its loudness alone, as a direction. */
class LoudnessEncoder extends ToyEncoder {
  clips: Float32Array[] = []
  override async encode(clips: Float32Array) {
    this.clips.push(clips.slice())
    return super.encode(clips)
  }
}

const fullMeasure = (measure: RetrievalMeasure) => [
  measure.top1,
  measure.topK,
  measure.mrr,
  measure.medianRank,
  ...Object.values(measure.byTransform).flatMap(({ top1, topK, mrr }) => [top1, topK, mrr]),
  measure.labels!.map,
  measure.labels!.precisionAtK,
]

describe('76 evaluate: evaluateRetrieval', () => {
  it('has every figure with its interval, in three forms, clean and under each transform of the chain', async () => {
    const result = await evaluateRetrieval(new ToyEncoder(), toyDataset({ tracks: 20 }))
    assert.equal(result.tracks, 20)
    assert.equal(result.k, 10)
    for (const form of ['raw', 'standardised', 'whitened'] as const) {
      const measure = result[form]
      assert.deepEqual(Object.keys(measure.byTransform), [
        'none',
        'chain',
        ...['polarityInversion', 'noise', 'gain', 'highLowPass', 'delay', 'pitchShift', 'reverb'],
        'mp3LowPass',
      ])
      assert.equal(measure.byTransform.none!.top1, measure.top1)
      const { intervals } = measure
      assert.deepEqual(Object.keys(intervals.byTransform), Object.keys(measure.byTransform))
      for (const [i, value] of fullMeasure(measure).entries())
        assert.ok(Number.isFinite(value), `${form} ${i}`)
      for (const name of ['top1', 'topK', 'mrr', 'medianRank'] as const)
        assert.ok(intervals[name].low <= measure[name] && measure[name] <= intervals[name].high)
    }
    assert.deepEqual(structuredClone(result), result)
    assert.deepEqual(JSON.parse(JSON.stringify(result)), result)
  })

  it('the same seed gives the same figures, however often; another seed takes other crops', async () => {
    const dataset = toyDataset({ tracks: 40 })
    const run = (seed: number) => evaluateRetrieval(new ToyEncoder(), dataset, { seed })
    const first = await run(1)
    assert.deepEqual(await run(1), first)
    assert.notDeepEqual((await run(2)).raw, first.raw)
  })

  it('crops of a track come from parts of their own: oracle is a track that says where it is', async () => {
    const encoder = new LoudnessEncoder()
    const dataset = toyDataset({ tracks: 5 })
    const samples = Float32Array.from({ length: 10 * TOY_CLIP }, (_, i) => i)
    const chain = { augmenter: new Augmenter({ transforms: [transforms.randomCrop()] }) }
    await evaluateRetrieval(encoder, { ...dataset, readTrack: async () => samples }, { crops: 3, ...chain })
    const [library, queries] = encoder.clips as [Float32Array, Float32Array]
    for (let track = 0; track < 5; track++) {
      const starts = [
        library[track * TOY_CLIP]!,
        queries[2 * track * TOY_CLIP]!,
        queries[(2 * track + 1) * TOY_CLIP]!,
      ]
      for (const [c, start] of starts.entries()) {
        assert.ok(start >= Math.floor((c * 160) / 3), `${starts}`)
        assert.ok(start + TOY_CLIP <= Math.floor(((c + 1) * 160) / 3), `${starts}`)
      }
    }
  })

  it('of a cache the crops alone are read, and no batch of altered queries takes new memory: oracle is the result from whole tracks', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(
        folder,
        Array.from({ length: 34 }, (_, i) => 10 + 7 * i),
      )
      const { tracks, labels, classes, task } = dataset
      const whole = { tracks, labels, classes, task, readTrack: (i: number) => dataset.readTrack(i) }
      const expected = await evaluateRetrieval(new ToyEncoder(), whole)
      const { readTrack } = Dataset.prototype
      const { augment } = Augmenter.prototype
      const memory = new Set<ArrayBufferLike | undefined>()
      Dataset.prototype.readTrack = () => assert.fail('a whole track is read')
      Augmenter.prototype.augment = function (batch, options) {
        memory.add(options?.out?.buffer)
        return augment.call(this, batch, options)
      }
      try {
        assert.deepEqual(await evaluateRetrieval(new ToyEncoder(), dataset), expected)
      } finally {
        Object.assign(Dataset.prototype, { readTrack })
        Object.assign(Augmenter.prototype, { augment })
      }
      assert.equal(memory.size, 1)
      assert.ok(!memory.has(undefined))
    }))

  it('several encoders hear crops that are read and altered once, and are as good as alone; clips of another length are cut anew', async () => {
    const short = Object.assign(new ToyEncoder(), { clipLength: TOY_CLIP / 2 })
    short.encode = async (clips) => matrix(clips.slice(), clips.length / 8, 8)
    const encoders = [new ToyEncoder(), short, new LoudnessEncoder()]
    const seen: number[] = []
    const dataset = toyDataset({ tracks: 40 })
    const options = { seed: 3, crops: 3 }
    const alone = await Promise.all(
      encoders.map((encoder) => evaluateRetrieval(encoder, toyDataset({ tracks: 40 }), options)),
    )
    const { augment } = Augmenter.prototype
    let altered = 0
    Augmenter.prototype.augment = function (batch, options) {
      altered++
      return augment.call(this, batch, options)
    }
    try {
      const onProgress = ({ done, total }: EmbedProgress) => seen.push(done, total)
      assert.deepEqual(await evaluateRetrievals(encoders, dataset, { ...options, onProgress }), alone)
    } finally {
      Object.assign(Augmenter.prototype, { augment })
    }
    const tracks = [...dataset.tracks.keys()]
    assert.deepEqual(dataset.reads, [...tracks, ...tracks], 'for each of the two lengths')
    assert.equal(altered, 2 * 2 * 9, 'lengths, blocks of 32 tracks, conditions')
    assert.deepEqual(seen, [32, 80, 40, 80, 72, 80, 80, 80])
  })

  it('the queries alone are altered, by the chain of the augmenter: oracle is the audio that is encoded', async () => {
    const encoder = new LoudnessEncoder()
    const augmenter = new Augmenter({
      transforms: [
        transforms.randomCrop(),
        transforms.gain({ p: 0, db: [-20, -20] }),
        transforms.gain({ p: 0, db: [-6, -6] }),
      ],
    })
    const result = await evaluateRetrieval(encoder, steadyDataset(6), { augmenter })
    assert.deepEqual(Object.keys(result.raw.byTransform), ['none', 'chain', 'gain', 'gain 2', 'mp3LowPass'])
    const [, none, chain, quiet, half] = encoder.clips
    assert.deepEqual(chain, none)
    for (const [i, x] of none!.entries()) {
      assert.ok(Math.abs(quiet![i]! - 0.1 * x) < 1e-6)
      assert.ok(Math.abs(half![i]! - x * 10 ** (-6 / 20)) < 1e-6)
    }
  })

  it('tracks without labels have no figures of labels; a track shorter than a clip is padded', async () => {
    const dataset = {
      ...toyDataset({ tracks: 4, task: 'none' }),
      readTrack: async (i: number) => hashUniform(i, 5),
    }
    const { raw } = await evaluateRetrieval(new ToyEncoder(), dataset)
    assert.equal(raw.labels, undefined)
    assert.equal(raw.intervals.labels, undefined)
    assert.equal(raw.top1, 1)
  })

  it('it counts the tracks that the encoder was trained on, where encoder and data set tell', async () => {
    const plain = toyDataset({ tracks: 6 })
    const known = { ...plain, tracks: plain.tracks.map(({ path }) => ({ path, sourceSha256: `of ${path}` })) }
    const encoder = Object.assign(new ToyEncoder(), { trainedOn: { sources: ['x'], complete: true } })
    assert.deepEqual((await evaluateRetrieval(encoder, known)).trainedOn, { tracks: 0, complete: true })
    encoder.trainedOn.sources = known.tracks.slice(1, 5).map((track) => track.sourceSha256)
    assert.deepEqual((await evaluateRetrieval(encoder, known)).trainedOn, { tracks: 4, complete: true })
    assert.equal((await evaluateRetrieval(encoder, plain)).trainedOn, undefined)
    assert.equal((await evaluateRetrieval(new ToyEncoder(), known)).trainedOn, undefined)
  })

  it('an abort ends it with the reason; progress counts the tracks', async () => {
    const seen: number[] = []
    const onProgress = ({ done }: { done: number }) => seen.push(done)
    await evaluateRetrieval(new ToyEncoder(), toyDataset({ tracks: 40 }), { onProgress })
    assert.deepEqual(seen, [32, 40])
    const controller = new AbortController()
    const stop = { signal: controller.signal, onProgress: () => controller.abort() }
    await assert.rejects(evaluateRetrieval(new ToyEncoder(), toyDataset({ tracks: 40 }), stop), {
      name: 'AbortError',
    })
  })

  it('BAD CALL - no encoder, no data set, one crop, an unknown option, no tracks', async () => {
    const [encoder, dataset] = [new ToyEncoder(), toyDataset({ tracks: 4 })]
    await assert.rejects(evaluateRetrieval({} as never, dataset), { code: 'ERR_ARGUMENT' })
    await assert.rejects(evaluateRetrieval(encoder, [] as never), { code: 'ERR_ARGUMENT' })
    await assert.rejects(evaluateRetrieval(encoder, dataset, { crops: 1 }), { code: 'ERR_CONFIG' })
    await assert.rejects(evaluateRetrieval(encoder, dataset, { crop: 2 } as never), {
      code: 'ERR_CONFIG',
      message: /"crops"/,
    })
    for (const tracks of [0, 1])
      await assert.rejects(evaluateRetrieval(encoder, toyDataset({ tracks })), { code: 'ERR_DATASET' })
  })
})
