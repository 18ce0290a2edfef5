import { createRequire } from 'node:module'
import { z } from 'zod'
import { checkObject } from '../../arguments.js'
import { ArgumentError, ClmrError } from '../../errors.js'
import { writeAtomically } from '../../files/atomic-file.js'
import { checkOutput } from '../../files/output.js'
import { Matrix, matrix } from '../../matrix.js'
import type { TrackEncoder } from '../../model/track-encoder.js'
import { abortReason } from '../../native/call.js'
import { callbackOption, objectOption, parseOptions, seedOption, signalOption } from '../../options.js'
import { embedDataset } from '../embed.js'
import type { ReportOptions } from '../option-types.js'
import { nearest } from '../search.js'
import type {
  DatasetEmbeddings,
  LabelledTracks,
  NamedResult,
  NamedRetrieval,
  ReportProgress,
} from '../types.js'
import { EXCERPT_RATE, excerptOf, planExcerpts } from './excerpts.js'
import { type MapData, type MapTrack, type PageData, renderPage } from './page.js'
import { project } from './projection.js'
import { readTrainingCurve } from './training-curve.js'

/** @internal */
export const reportOptions = z.strictObject({
  out: z.string().min(1).describe('HTML file to write.'),
  run: z.string().min(1).optional().describe('Run directory, for the loss curve and the throughput.'),
  title: z.string().min(1).default('clmr report').describe('Heading of the page.'),
  projection: z
    .enum(['pca', 'umap'])
    .default('pca')
    .describe('Projection of the embeddings onto the map: principal components or UMAP.'),
  neighbours: z.number().int().min(0).max(50).default(5).describe('Similar tracks to list for each track.'),
  seconds: z
    .number()
    .positive()
    .max(60)
    .default(5)
    .describe('Maximum length of an excerpt in seconds.')
    .meta({ placeholder: 'seconds' }),
  maxAudioBytes: z
    .number()
    .int()
    .min(0)
    .default(8_000_000)
    .describe('Maximum size of all excerpts in bytes.'),
  seed: seedOption('Seed of UMAP.'),
})

/** @internal Of `writeReport`. */
export const reportCallOptions = reportOptions.extend({
  results: objectOption<readonly NamedResult[]>(
    'readonly NamedResult[]',
    'Results of probes: first the one to show, then others to compare it with, such as random weights.',
  ).optional(),
  retrieval: objectOption<readonly NamedRetrieval[]>(
    'readonly NamedRetrieval[]',
    'Results of evaluateRetrieval in the order of `results`: they are shown as figures and as a heat map by transform.',
  ).optional(),
  embeddings: objectOption<DatasetEmbeddings>(
    'DatasetEmbeddings',
    'Embeddings of the tracks on the map, from embedDataset.',
  ).optional(),
  dataset: objectOption<LabelledTracks>(
    'LabelledTracks',
    'Tracks on the map, if there are no embeddings; `encoder` embeds them.',
  ).optional(),
  encoder: objectOption<TrackEncoder>('TrackEncoder', 'Encoder that embeds `dataset`.').optional(),
  signal: signalOption,
  onProgress: callbackOption<ReportProgress>(
    '(progress: ReportProgress) => void',
    'Called as the report is made.',
  ),
})

/** What `writeReport` wrote. */
export interface WrittenReport {
  /** the file */
  path: string
  /** size of the file in bytes */
  bytes: number
  /** tracks on the map */
  tracks: number
  /** how many of them have an excerpt to listen to */
  audible: number
}

type Settings = z.output<typeof reportOptions>
type Live = Pick<z.output<typeof reportCallOptions>, 'signal' | 'onProgress'>

/** Both axes to 0…1. */
function toUnitSquare(plane: Matrix): Matrix {
  const range = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity]
    for (let i = axis; i < plane.data.length; i += 2) {
      low = Math.min(low, plane.data[i]!)
      high = Math.max(high, plane.data[i]!)
    }
    return { low, width: high - low }
  })
  const data = plane.data.map((v, i) => {
    const { low, width } = range[i % 2]!
    return width > 0 ? (v - low) / width : 0.5
  })
  return matrix(data, plane.rows, 2)
}

/** Plain loops: iterators over a million numbers hold the event loop up. */
function variance({ data, rows, cols }: Matrix): number {
  const means = new Float64Array(cols)
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) means[c]! += data[r * cols + c]! / rows
  let sum = 0
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) sum += (data[r * cols + c]! - means[c]!) ** 2
  return sum
}

function projectionWords(name: string, plane: Matrix, x: Matrix): string {
  if (name === 'umap') return 'laid out by UMAP'
  const share = variance(plane) / variance(x)
  const kept = Number.isFinite(share) ? `, which keep ${Math.round(100 * share)} % of the variance` : ''
  return `projected onto the first two principal components${kept}`
}

async function neighboursOf(x: Matrix, k: number): Promise<[number, number][][]> {
  if (k === 0 || x.rows < 2) return Array.from({ length: x.rows }, () => [])
  const { rows } = await nearest(x, x, k + 1)
  return rows.map((row, i) =>
    row
      .filter(({ index }) => index !== i)
      .slice(0, k)
      .map(({ index, score }): [number, number] => [index, Math.round(score * 1e4) / 1e4]),
  )
}

interface LabelSet {
  labels: readonly number[]
  /** tracks with exactly these labels */
  count: number
}

function labelSets(tracks: readonly { labels: readonly number[] }[]): LabelSet[] {
  const sets = new Map<string, LabelSet>()
  for (const { labels } of tracks) {
    const set = sets.get(labels.join())
    if (set) set.count++
    else sets.set(labels.join(), { labels, count: 1 })
  }
  return [...sets.values()]
}

type Labelled = Pick<MapTrack, 'labels' | 'near'>

const alike = (a: { labels: readonly number[] }, b: { labels: readonly number[] }) =>
  a.labels.some((k) => b.labels.includes(k))

/** How often a neighbour shares a class with its track, and how often any other track would. */
export function agreementOf(tracks: readonly Labelled[], neighbours: number): MapData['agreement'] {
  const labelled = tracks.filter((t) => t.labels.length > 0 && t.near.length > 0)
  if (labelled.length === 0) return undefined
  const pairs = labelled.flatMap((t) => t.near.map(([to]) => alike(t, tracks[to]!)))
  const all = labelSets(tracks)
  let hits = -labelled.length // every track is alike itself, which is not asked
  for (const a of labelSets(labelled)) for (const b of all) if (alike(a, b)) hits += a.count * b.count
  return {
    share: pairs.filter(Boolean).length / pairs.length,
    chance: hits / (labelled.length * (tracks.length - 1)),
    neighbours,
  }
}

function audioWords(audible: number, tracks: number, seconds: number): string {
  if (audible === 0) return 'This page holds no sound.'
  const length = `${seconds < 9.5 ? seconds.toFixed(1) : seconds.toFixed(0)} s from the middle`
  if (audible === tracks) return `You hear ${length}, at ${EXCERPT_RATE} Hz.`
  return `${audible} of the ${tracks} tracks can be heard (${length}): with all of them the page would be too large.`
}

/** A track that cannot be read has no excerpt; the report goes on. */
async function addExcerpts(tracks: MapTrack[], dataset: LabelledTracks, s: Settings, live: Live) {
  const plan = planExcerpts(tracks.length, s.seconds, s.maxAudioBytes)
  let audible = 0
  for (const [done, index] of plan.tracks.entries()) {
    try {
      tracks[index]!.audio = await excerptOf(dataset, index, plan.seconds, live.signal)
      audible++
    } catch (error) {
      if (live.signal?.aborted) throw abortReason(live.signal)
      if (!(error instanceof ClmrError)) throw error
    }
    live.onProgress?.({ phase: 'audio', done: done + 1, total: plan.tracks.length })
  }
  return { audible, seconds: plan.seconds }
}

async function makeMap(embedded: DatasetEmbeddings, s: Settings, live: Live) {
  const { dataset, trackMeans } = embedded
  live.onProgress?.({ phase: 'project', done: 0, total: 1 })
  const { name, plane } = await project(trackMeans, s.projection, s.seed, live.signal)
  const near = await neighboursOf(trackMeans, s.neighbours)
  live.onProgress?.({ phase: 'project', done: 1, total: 1 })
  const square = toUnitSquare(plane)
  const labelled = Matrix.from(dataset.labels)
  const tracks = dataset.tracks.map((track, i): MapTrack => {
    const [x, y] = [...square.row(i)].map((v) => Math.round(v * 1e4) / 1e4)
    const row = labelled.cols > 0 ? [...labelled.row(i)] : []
    const labels = row.flatMap((v, k) => (v === 1 ? [k] : []))
    return { name: track.path, labels, x: x!, y: y!, near: near[i]! }
  })
  const { audible, seconds } = await addExcerpts(tracks, dataset, s, live)
  const map: MapData = {
    classes: [...dataset.classes],
    tracks,
    rate: EXCERPT_RATE,
    projection: projectionWords(name, plane, trackMeans),
    audioNote: audioWords(audible, tracks.length, seconds),
    agreement: agreementOf(tracks, s.neighbours),
  }
  return { map, audible }
}

function subtitleOf(curve: PageData['curve'], map: PageData['map']): string {
  const parts = [
    curve?.name,
    map && `${map.tracks.length} tracks of ${map.classes.length} classes`,
    new Date().toISOString().slice(0, 16).replace('T', ' '),
  ]
  return parts.filter(Boolean).join(' · ')
}

function generator(): string {
  const { version } = createRequire(import.meta.url)('clmr/package.json') as { version: string }
  return `Written by clmr ${version}`
}

/**
 * Writes one self-contained page: loss curve and throughput of a run, retrieval, probe results side by side and by
 * class, and a map of the tracks, which plays a track when you click it. The page makes no requests, and names in it
 * are escaped. Each track has an excerpt of up to `seconds` from its middle, as 8-bit µ-law at 11,025 Hz. If all
 * excerpts together exceed `maxAudioBytes`, they are shortened, but not below 2 s. If that is not enough, only some
 * tracks, evenly spread, have an excerpt.
 * @throws ArgumentError if there is nothing to show, ConfigError, IoError, AbortError
 */
export async function writeReport(options: ReportOptions): Promise<WrittenReport> {
  checkObject(options, 'writeReport')
  const {
    results = [],
    retrieval = [],
    embeddings,
    dataset,
    encoder,
    signal,
    onProgress,
    ...settings
  } = parseOptions(reportCallOptions, options, 'writeReport')
  const embeds = embeddings === undefined && dataset !== undefined && encoder !== undefined
  if (
    settings.run === undefined &&
    results.length + retrieval.length === 0 &&
    embeddings === undefined &&
    !embeds
  )
    throw new ArgumentError({
      what: 'there is nothing to report',
      expected: 'a run, results, embeddings, or a data set with an encoder',
      remedy: 'Pass at least one of them',
    })
  await checkOutput(settings.out)
  const curve = settings.run === undefined ? undefined : await readTrainingCurve(settings.run)
  const onEmbed = (p: { done: number; total: number }) => onProgress?.({ phase: 'embed', ...p })
  const known = embeds ? await embedDataset(encoder, dataset, { signal, onProgress: onEmbed }) : embeddings
  const made = known && (await makeMap(known, settings, { signal, onProgress }))
  const page: PageData = {
    title: settings.title,
    subtitle: subtitleOf(curve, made?.map),
    curve,
    results: [...results],
    retrieval,
    multilabel: (known?.dataset.task ?? guessTask(results)) === 'multilabel',
    map: made?.map,
    generator: generator(),
  }
  if (signal?.aborted) throw abortReason(signal)
  const bytes = Buffer.from(renderPage(page))
  await writeAtomically(settings.out, [bytes])
  const tracks = made?.map.tracks.length ?? 0
  return { path: settings.out, bytes: bytes.byteLength, tracks, audible: made?.audible ?? 0 }
}

/** Without a data set: where the tracks of the classes add up to all tracks, each has one class. */
function guessTask(results: readonly NamedResult[]): string {
  const first = results[0]?.evaluation
  const sum = first?.perClass.reduce((n, c) => n + c.tracks, 0)
  return first && sum !== first.tracks ? 'multilabel' : 'multiclass'
}
