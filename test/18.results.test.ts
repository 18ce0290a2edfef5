import assert, { deepEqual } from 'node:assert'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import * as clmr from 'clmr'
import {
  Augmenter,
  bootstrap,
  classMetrics,
  clmrTransforms,
  compareProbes,
  compareRetrieval,
  confusionMatrix,
  type DatasetEmbeddings,
  decodeAudio,
  Encoder,
  embedDataset,
  evaluateRetrieval,
  getDataset,
  inspectModel,
  LinearProbe,
  Matrix,
  nearest,
  ntXentLoss,
  optimizers,
  prepare,
  preset,
  rocAuc,
  schedules,
  similarTracks,
  Trainer,
  transforms,
  verifyCache,
  verifyRun,
  writeReport,
} from 'clmr'
import { objectiveNames } from '#lib/objective/objectives.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'
import { wav } from './helpers/wav.js'

const CLIP = 59_049
const random = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(0.37 * i * (1 + (i % 7))))

/** Paths in a result at which a function of its own stands. */
function functionsIn(value: unknown, at = ''): string[] {
  if (typeof value === 'function') return [at]
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => functionsIn(inner, `${at}.${name}`))
}

/** Typed arrays in the places where JSON should have arrays of numbers. */
function plain(value: unknown): unknown {
  if (value instanceof Matrix) return Array.from(value, (row) => [...row])
  if (ArrayBuffer.isView(value)) return [...(value as Float32Array)]
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}

/** A worker that sends back what it gets. */
async function withEcho(work: (echo: <T>(value: T) => Promise<T>) => Promise<void>): Promise<void> {
  const code = `const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m))`
  const worker = new Worker(code, { eval: true })
  try {
    await work(async (value) => {
      worker.postMessage(value)
      return (await once(worker, 'message'))[0]
    })
  } finally {
    await worker.terminate()
  }
}

/** Types of results that have travelled so far, by the names that the package exports them under. */
const travelled = new Set<string>()

/** Oracle: the value itself; prototypes aside, which a clone loses. */
async function assertTravels(results: Record<string, unknown>): Promise<void> {
  await withEcho(async (echo) => {
    for (const [name, value] of Object.entries(results)) {
      travelled.add(name)
      assert.ok(!Array.isArray(value) || value.length > 0, `${name}: there is one`)
      assert.deepStrictEqual(functionsIn(value), [], name)
      deepEqual(structuredClone(value), value, `${name}: structuredClone`)
      deepEqual(await echo(value), value, `${name}: through a worker`)
      const json = JSON.parse(JSON.stringify(value))
      deepEqual(json, JSON.parse(JSON.stringify(plain(value))), `${name}: JSON`)
    }
  })
}

/** Exported types that are no data: a name, or what has functions because that is its purpose. */
const NO_DATA = ['ErrorCode', 'Task', 'CustomTransform', 'Projector', 'TrackEncoder']

/** The exported interfaces and types that functions return, methods and members of classes have, and callbacks are given. */
function resultTypes(apiReport: string): string[] {
  const exported = new Set(
    [...apiReport.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name),
  )
  const told = apiReport.split('// @public').flatMap((text) => {
    if (/^\s*(export )?function /.test(text)) return [/.*\): (.*);/.exec(text)![1]!]
    const pattern = /^\s*export class/.test(text)
      ? /^ {4}(?:.*\)|readonly \w+): (.*)$/gm
      : /\(\(\w+: (\w+)\) => void/g
    return [...text.matchAll(pattern)].map(([, type]) => type!)
  })
  const names = new Set(told.flatMap((type) => type.match(/\w+/g) ?? []))
  return [...names].filter((name) => exported.has(name) && !NO_DATA.includes(name)).sort()
}

/** What each function of a group makes, under the name of its type. */
function madeBy(group: Record<string, () => object>, suffix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(group).map(([name, make]) => [
      `${name[0]!.toUpperCase()}${name.slice(1)}${suffix}`,
      make(),
    ]),
  )
}

describe('18 results: what calls return can be posted, cloned and written as JSON', () => {
  it('embeddings, views, losses and decoded audio', async () => {
    using encoder = await Encoder.create()
    const clips = random(2 * CLIP)
    const augmenter = new Augmenter()
    const z = random(8 * 4)
    const track = await encoder.encodeTrack(clips.subarray(0, 1.5 * CLIP), { hop: 0.5 })
    const files: unknown[] = []
    const stream = Readable.from([wav({ frames: 500 })], { objectMode: false })
    const sources = [wav({ frames: 500 }), stream, new URL('file:///gone.wav'), new File([], 'empty.wav')]
    for await (const result of encoder.encodeFiles(sources)) {
      assert.equal(result.path, sources[files.length])
      files.push(result)
    }
    assert.deepEqual(
      files.map((file) => structuredClone(file as { name: string }).name),
      ['a Uint8Array of 1044', 'an object (Readable)', 'file:///gone.wav', 'empty.wav'],
    )
    // an error loses its class in a copy, and is written as JSON by its own toJSON
    files.splice(2)
    await assertTravels({
      FileEmbedding: files,
      Matrix: await encoder.encode(clips),
      TrackEmbedding: track,
      views: await augmenter.augment(clips),
      AppliedTransform: augmenter.draw(2),
      NtXentValue: await ntXentLoss(z, { dim: 4 }),
      DecodedAudio: await decodeAudio(wav({ frames: 500 })),
      Neighbours: await nearest(track.windows, track.windows, 2),
    })
  })

  it('transforms, optimizers, schedules, objectives and presets', async () => {
    const { custom: _, ...plainTransforms } = transforms
    const objectives = Object.fromEntries(
      Object.entries(clmr).filter(([name]) => (objectiveNames as string[]).includes(name)),
    ) as Record<string, () => object>
    await assertTravels({
      ...madeBy(plainTransforms, 'Transform'),
      ...madeBy(optimizers, 'Optimizer'),
      ...madeBy(schedules, 'Schedule'),
      ...madeBy(objectives),
      Transform: clmrTransforms(),
      TrainerOptions: preset('clmr'),
    })
  })

  it('data sets, their embeddings, evaluations and probes', async () => {
    const encoder = new ToyEncoder()
    const dataset = toyDataset({ tracks: 12 })
    const embedProgress: unknown[] = []
    const embedded = await embedDataset(encoder, dataset, { onProgress: (p) => embedProgress.push(p) })
    const probeProgress: unknown[] = []
    const [parts, few] = [{ encoder, maxEpochs: 2 }, { resamples: 10 }]
    const onProgress = (p: unknown) => probeProgress.push(p)
    using probe = await LinearProbe.fit({ ...parts, train: dataset, validation: embedded, onProgress })
    using other = await LinearProbe.fit({ ...parts, train: embedded, validation: embedded, lr: 0.1 })
    const asked = toyDataset({ tracks: 20 })
    await assertTravels({
      SimilarTracks: await similarTracks(embedded, 0),
      Evaluation: await probe.evaluate(embedded),
      ClassMetrics: classMetrics(dataset.labels, dataset.labels),
      Retrieval: await evaluateRetrieval(encoder, asked),
      RetrievalDifference: await compareRetrieval(encoder, encoder, asked),
      ProbeDifference: await compareProbes(probe, other, embedded, few),
      Estimate: await bootstrap([1, 2, 4], (sample) => Math.max(...sample), few),
      Confusion: confusionMatrix(['a', 'b'], ['a', 'a']),
      EmbedProgress: embedProgress,
      ProbeProgress: probeProgress,
      ProbeHistory: probe.history,
      ProbeSettings: probe.settings,
      StateDict: probe.state(),
      predictions: await probe.predict(embedded.embeddings),
      trackProbabilities: await probe.predictTracks(embedded),
      ClassProbability: await probe.predictFile('1'),
      TagsOverTime: await probe.predictOverTime('1'),
    })
  })

  it('a prepared data set, a training and what is said of its files', () =>
    withTempDir(async (folder) => {
      using prepared = await tinyDataset(folder, [60_000, 61_000, 62_000, 63_000])
      const [progress, plans, named, reported]: unknown[][] = [[], [], [], []]
      const music = join(folder, 'music')
      await writeFile(join(music, 'broken.wav'), 'no music')
      using dataset = await prepare(music, { cache: prepared.cache, onProgress: (p) => progress!.push(p) })
      using other = await getDataset('audio', music, {
        cache: join(folder, 'other'),
        onPlan: (plan) => plans!.push(plan),
        onProgress: (p) => named!.push(p),
      })
      assert.equal(other.length, dataset.length)
      await dataset.readTrack(0) // opens its native handle
      const runDirectory = join(folder, 'run')
      const steps: unknown[] = []
      const epochs: unknown[] = []
      await using trainer = await Trainer.create({ dataset, batchSize: 2, maxSteps: 2, runDirectory })
      const summary = await trainer.fit({
        onStep: (s) => void steps.push(s),
        onEpoch: (e) => void epochs.push(e),
      })
      const embedded: DatasetEmbeddings<typeof dataset> = await embedDataset(trainer.encoder, dataset)
      using probe = await fitted(trainer.encoder)
      await probe.save(join(folder, 'probe.safetensors'))
      await assertTravels({
        Dataset: dataset,
        Track: dataset.tracks,
        SkippedFile: dataset.skipped,
        PrepareProgress: progress,
        PreparePlan: plans,
        DatasetProgress: named,
        TrainerConfig: trainer.config,
        AugmenterSettings: trainer.config.augmenter,
        Architecture: trainer.encoder.architecture,
        TrainedOn: trainer.encoder.trainedOn,
        StepResult: steps,
        EpochResult: epochs,
        TrainingSummary: summary,
        DatasetEmbeddings: embedded,
        ModelInspection: await inspectModel(runDirectory, { sha256: true }),
        RunReport: await verifyRun(runDirectory),
        CacheReport: await verifyCache(dataset.cache),
        WrittenReport: await writeReport({
          out: join(folder, 'report.html'),
          embeddings: embedded,
          onProgress: (p) => reported!.push(p),
        }),
        ReportProgress: reported,
        projections: await trainer.projector.project(embedded.embeddings),
      })
    }))

  it('these are all: oracle is the report of the exported types', async () => {
    const report = fileURLToPath(new URL('../etc/clmr.api.md', import.meta.url))
    const types = resultTypes(await readFile(report, 'utf8'))
    assert.ok(types.length > 50, `${types.length} types`)
    assert.deepEqual(
      types.filter((name) => !travelled.has(name)),
      [],
    )
  })
})

describe('18 results: what arrives without its class is taken like the matrix that it was', () => {
  it('every call that takes a Matrix takes a structured clone: oracle is the matrix itself', async () => {
    const encoder = new ToyEncoder()
    const embedded = await embedDataset(encoder, toyDataset({ tracks: 12 }))
    const { dataset, ...arrays } = embedded
    const { readTrack: _, reads: __, ...labelled } = dataset
    const clone = { ...structuredClone(arrays), dataset: structuredClone(labelled) }
    const parts = { encoder, maxEpochs: 2 }
    using probe = await LinearProbe.fit({ ...parts, train: embedded, validation: embedded })
    using other = await LinearProbe.fit({ ...parts, train: clone, validation: clone })
    deepEqual(other.state(), probe.state())
    deepEqual(await probe.evaluate(clone), await probe.evaluate(embedded))
    deepEqual(await probe.predict(clone.embeddings), await probe.predict(embedded.embeddings))
    deepEqual(await similarTracks(clone, 3), await similarTracks(embedded, 3))
    const { trackMeans } = embedded
    deepEqual(await nearest(clone.trackMeans, clone.trackMeans, 3), await nearest(trackMeans, trackMeans, 3))
    const labels = structuredClone(dataset.labels)
    assert.equal(rocAuc(labels, labels), 1)
  })

  it('so does the projector of a trainer', async () => {
    using trainer = await Trainer.create({})
    const embeddings = Matrix.from({ data: random(2 * 512), rows: 2, cols: 512 })
    const projected = await trainer.projector.project(embeddings)
    deepEqual(await trainer.projector.project(structuredClone(embeddings)), projected)
  })

  it('a Float32Array of another realm is one: oracle is an array of this one', async () => {
    using encoder = await Encoder.create()
    const foreign: Float32Array = runInNewContext(`new Float32Array(${CLIP}).fill(0.25)`)
    assert.notEqual(Object.getPrototypeOf(foreign), Float32Array.prototype)
    const own = new Float32Array(CLIP).fill(0.25)
    deepEqual((await encoder.encode(foreign)).data, (await encoder.encode(own)).data)
    deepEqual((await encoder.encodeTrack(foreign)).mean, (await encoder.encodeTrack(own)).mean)
    const augmenter = new Augmenter()
    deepEqual((await augmenter.augment(foreign)).data, (await augmenter.augment(own)).data)
    deepEqual(Matrix.fromRows([foreign]).data, own)
    const bytes: Uint8Array = runInNewContext('(bytes) => new Uint8Array(bytes)')([...wav({ frames: 500 })])
    deepEqual((await decodeAudio(bytes)).samples, (await decodeAudio(wav({ frames: 500 }))).samples)
  })
})

/** A probe of two tracks. */
async function fitted(encoder: Encoder): Promise<LinearProbe> {
  const labels = Matrix.from({ data: Float32Array.of(1, 0, 0, 1), rows: 2, cols: 2 })
  const set = {
    tracks: [{ path: 'a' }, { path: 'b' }],
    labels,
    classes: ['low', 'high'],
    task: 'multiclass' as const,
    readTrack: async (i: number) => random(CLIP).map((v) => v * (i + 1)),
  }
  return LinearProbe.fit({ encoder, train: set, validation: set, maxEpochs: 1 })
}
