/**
 * The whole story in one call: corpus → cache → training → comparison with random weights and with log-mel
 * statistics → similar tracks → report. A stage that an earlier call has finished is not repeated; an interrupted one goes on.
 */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Dataset, prepare } from '../cache/index.js'
import { ConfigError, ioError } from '../errors.js'
import { type DatasetEmbeddings, type SimilarTrack, similarTracks, writeReport } from '../evaluate/index.js'
import { randomEncoder } from '../evaluate/random-encoder.js'
import { writeAtomically } from '../files/atomic-file.js'
import { makeFolder } from '../files/make-folder.js'
import { Encoder, LogMel } from '../model/index.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { checkDevice } from '../native/devices.js'
import { isRunDirectory } from '../runs/reader.js'
import { preset, Trainer } from '../train/index.js'
import type { TrainerConfig } from '../train/option-types.js'
import { compareRetrievals, type DemoMeasure, evaluateEncoder } from './compare.js'
import { TRACKS_PER_CLASS, writeCorpus } from './index.js'

/** What is compared, by the name that tables give it. */
export const DEMO_ROWS = {
  trained: 'trained',
  random: 'random weights, batch statistics of the data',
  randomFresh: 'random weights as they begin',
  logMel: 'log-mel statistics',
} as const
export type DemoRow = keyof typeof DEMO_ROWS
const ROWS = Object.keys(DEMO_ROWS) as DemoRow[]

export type DemoStage = 'music' | 'prepare' | 'train' | 'embed' | `embed ${string}` | 'retrieval' | 'report'

export interface DemoProgress {
  stage: DemoStage
  done: number
  total: number
  note?: string
}

export interface DemoOptions {
  /** folder for everything */
  out: string
  /** of the music, the split, the weights and the training; default 42 */
  seed?: number
  /** optimizer steps; default DEMO_STEPS */
  steps?: number
  /** from 3 on; default TRACKS_PER_CLASS */
  tracksPerClass?: number
  /** default 16 */
  batchSize?: number
  /** where to train and to embed; default auto. Training runs on the CPU only so far. */
  device?: TrainerConfig['device']
  /** of activations, in training and embedding; default float32 */
  precision?: TrainerConfig['precision']
  signal?: AbortSignal
  onProgress?: (progress: DemoProgress) => void
}

export interface DemoResult extends Record<DemoRow, DemoMeasure> {
  report: string
  steps: number
  tracks: number
  classes: readonly string[]
  /** of this call, and of its training */
  seconds: number
  trainSeconds: number
  similar: { query: string; tracks: SimilarTrack[] }[]
}

/** Steps of the fused kernels that take about two minutes on two cores. */
export const DEMO_STEPS = 150
const PRESET = 'small'
const QUERIES = 4

type Settings = Required<Omit<DemoOptions, 'signal' | 'onProgress'>> &
  Pick<DemoOptions, 'signal' | 'onProgress'>
type Embedded = DatasetEmbeddings<Dataset>

/** The settings that must be equal for going on with an earlier demo. */
const planOf = ({ seed, steps, tracksPerClass, batchSize, precision }: Settings) => ({
  seed,
  steps,
  tracksPerClass,
  batchSize,
  precision,
  preset: PRESET,
})

interface Marker {
  plan: ReturnType<typeof planOf>
  corpusDone: boolean
}

async function readMarker(path: string): Promise<Marker | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Marker
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw ioError(error, path, 'read')
  }
}

const writeMarker = (path: string, marker: Marker) =>
  writeAtomically(path, [Buffer.from(`${JSON.stringify(marker)}\n`)])

/** The folder of the corpus, filled. @throws ConfigError if `out` holds a demo with other settings */
async function makeCorpus(settings: Settings): Promise<string> {
  const { out, seed, tracksPerClass, signal, onProgress } = settings
  const plan = planOf(settings)
  const marker = join(out, 'demo.json')
  const corpus = join(out, 'corpus')
  await makeFolder(out)
  const earlier = await readMarker(marker)
  if (earlier && JSON.stringify(earlier.plan) !== JSON.stringify(plan))
    throw new ConfigError({
      what: 'this folder holds a demo with other settings',
      path: out,
      given: JSON.stringify(plan),
      expected: JSON.stringify(earlier.plan),
      remedy: 'Choose another folder',
    })
  if (earlier?.corpusDone) return corpus
  await writeMarker(marker, { plan, corpusDone: false })
  const report = (p: { done: number; total: number }) => onProgress?.({ stage: 'music', ...p })
  await writeCorpus(corpus, { seed, tracksPerClass, signal, onProgress: report })
  await writeMarker(marker, { plan, corpusDone: true })
  return corpus
}

function prepareCorpus({ out, seed, signal, onProgress }: Settings, corpus: string): Promise<Dataset> {
  return prepare(corpus, {
    cache: join(out, 'cache'),
    labels: 'folders',
    seed,
    signal,
    onProgress: ({ done, total }) => onProgress?.({ stage: 'prepare', done, total }),
  })
}

/** Trains into the run directory, or goes on there. @returns the seconds that it took now */
async function train(settings: Settings, run: string, dataset: Dataset): Promise<number> {
  const { steps, batchSize, seed, device, precision, signal, onProgress } = settings
  using training = dataset.subset('train')
  await using trainer = (await isRunDirectory(run))
    ? await Trainer.resume(run, { dataset: training, device })
    : await Trainer.create({
        ...preset(PRESET),
        dataset: training,
        runDirectory: run,
        batchSize,
        maxSteps: steps,
        epochs: steps,
        seed,
        device,
        precision,
        checkpointEvery: 25,
      })
  onProgress?.({ stage: 'train', done: trainer.stepsDone, total: steps })
  const summary = await trainer.fit({
    signal,
    onStep: ({ step, loss, viewsPerSecond }) => {
      const note = `loss ${loss.toFixed(3)} · ${viewsPerSecond.toFixed(1)} views/s`
      onProgress?.({ stage: 'train', done: step, total: steps, note })
    },
  })
  return summary.seconds
}

/** The trained encoder and the baselines. */
async function compareAll(settings: Settings, run: string, dataset: Dataset) {
  const { seed, device, precision, signal, onProgress } = settings
  const options = { seed, device, precision }
  using trained = await Encoder.load(run, { device, precision })
  using random = await randomEncoder(dataset, { ...options, signal })
  using randomFresh = await Encoder.create(options)
  using logMel = new LogMel()
  const encoders: Record<DemoRow, TrackEncoder> = { trained, random, randomFresh, logMel }
  const askedFor = (stage: DemoStage) => ({
    seed,
    signal,
    onProgress: (p: { done: number; total: number }) => onProgress?.({ stage, ...p }),
  })
  const measured = new Map<DemoRow, Omit<DemoMeasure, 'retrieval'>>()
  let embeddings: Embedded | undefined
  for (const row of ROWS) {
    const stage: DemoStage = row === 'trained' ? 'embed' : `embed ${DEMO_ROWS[row]}`
    const { embeddings: own, ...measure } = await evaluateEncoder(encoders[row], dataset, askedFor(stage))
    measured.set(row, measure)
    if (row === 'trained') embeddings = own
  }
  const inOrder = ROWS.map((row) => encoders[row])
  const retrievals = await compareRetrievals(inOrder, dataset, askedFor('retrieval'))
  const rows = ROWS.map((row, i) => [row, { retrieval: retrievals[i]!, ...measured.get(row)! }])
  return { embeddings: embeddings!, rows: Object.fromEntries(rows) as Record<DemoRow, DemoMeasure> }
}

/** A few test tracks, spread over the classes, and the three that sound most like each. */
async function findSimilar(embeddings: Embedded): Promise<DemoResult['similar']> {
  const test = [...embeddings.dataset.tracks.entries()].filter(([, { split }]) => split === 'test')
  const queries = Array.from({ length: Math.min(QUERIES, test.length) }, (_, i) =>
    Math.floor((i * test.length) / QUERIES),
  )
  return Promise.all(
    queries.map(async (at) => {
      const [index, { path }] = test[at]!
      return { query: path, tracks: (await similarTracks(embeddings, index, { k: 3 })).rows }
    }),
  )
}

function complete(options: DemoOptions): Settings {
  return {
    seed: 42,
    steps: DEMO_STEPS,
    tracksPerClass: TRACKS_PER_CLASS,
    batchSize: 16,
    device: 'auto',
    precision: 'float32',
    ...options,
  }
}

/** Every row of the comparison, with the features as they are and standardised. */
const shown = (rows: Record<DemoRow, DemoMeasure>) =>
  ROWS.flatMap((row) => [
    { name: DEMO_ROWS[row], evaluation: rows[row].evaluation },
    { name: `${DEMO_ROWS[row]}, standardised`, evaluation: rows[row].standardised },
  ])

/**
 * Makes the corpus, prepares it, trains on its train split with the preset `small`, and compares the encoder with random
 * weights and with log-mel statistics: by retrieval among the tracks that it was not trained on, by a linear probe after
 * the published protocol, by one on standardised features, and by the share of tracks whose nearest neighbour is of their
 * class. The same options give the same numbers on the same machine. Another call in the same folder goes on where the
 * last call ended.
 * @throws ConfigError if `out` holds a demo with other settings, DeviceError, IoError, the signal's reason
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const settings = complete(options)
  const { out, steps, device, signal, onProgress } = settings
  checkDevice(device) // now, and not after the music has been made
  const started = performance.now()
  const run = join(out, 'run')
  const corpus = await makeCorpus(settings)
  using dataset = await prepareCorpus(settings, corpus)
  const trainSeconds = await train(settings, run, dataset)
  const { embeddings, rows } = await compareAll(settings, run, dataset)
  const similar = await findSimilar(embeddings)
  const report = resolve(out, 'report.html')
  await writeReport({
    out: report,
    run,
    title: 'clmr demo',
    results: shown(rows),
    embeddings,
    signal,
    onProgress: ({ phase, done, total }) => onProgress?.({ stage: 'report', done, total, note: phase }),
  })
  const seconds = (performance.now() - started) / 1000
  const { length: tracks, classes } = dataset
  return { report, steps, tracks, classes, seconds, trainSeconds, ...rows, similar }
}
