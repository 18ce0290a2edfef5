/** The vectors that retrieval compares: one crop a track for the library, others as queries, clean and altered. */
import type { MatrixData } from '../matrix.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { uniform } from '../random.js'
import { readCrops } from './crops.js'
import { readAhead } from './embed.js'
import type { Condition } from './retrieval-conditions.js'
import type { EmbedProgress, LabelledTracks } from './types.js'
import { hashOf, VectorStore } from './vector-store.js'

/** Tracks whose crops are encoded together: 15 MB of audio in two crops each. */
const BATCH = 32

/** How the crops are made. */
export interface CropSettings {
  crops: number
  seed: number
  cache: boolean
  signal?: AbortSignal
  onProgress?: (progress: EmbedProgress) => void
}

/** library [n, dim]; queries [conditions · n · q, dim], by condition, then track */
export interface RetrievalVectors {
  library: Float32Array
  queries: Float32Array
}

/** The vectors of some tracks: of their clips for the library, and of the queries of each condition. */
interface Block {
  library: MatrixData
  queries: MatrixData[]
}

/** One place in each of `crops` equal parts of a track, so that crops overlap only where a part is shorter than a clip. */
function cropStarts(length: number, clipLength: number, crops: number, draw: () => number): number[] {
  const last = Math.max(0, length - clipLength)
  return Array.from({ length: crops }, (_, crop) => {
    const from = Math.floor((crop * length) / crops)
    const free = Math.floor(((crop + 1) * length) / crops) - clipLength - from
    const start = free >= 0 ? from + draw() * (free + 1) : (last * (crop + draw())) / crops
    return Math.min(last, Math.floor(start))
  })
}

/** Encoders that hear the same crops, altered in the same ways. */
interface Listeners {
  encoders: readonly TrackEncoder[]
  conditions: readonly Condition[]
}

/**
 * The clips of some tracks: first of the library, then what asks. Their memory is used again for the next tracks: results
 * of 7.5 MB for each condition would keep the garbage collector busy, and the event loop waits for it.
 */
class Clips {
  readonly #length: number
  readonly #queriesPerTrack: number
  readonly #library: Float32Array
  readonly #queries: Float32Array
  readonly #altered: Float32Array
  tracks = 0

  constructor(clipLength: number, queriesPerTrack: number) {
    this.#length = clipLength
    this.#queriesPerTrack = queriesPerTrack
    this.#library = new Float32Array(BATCH * clipLength)
    this.#queries = new Float32Array(BATCH * queriesPerTrack * clipLength)
    this.#altered = new Float32Array(BATCH * queriesPerTrack * clipLength)
  }

  /** crops of a track: one for the library, the others ask */
  add(crops: Float32Array): void {
    this.#library.set(crops.subarray(0, this.#length), this.tracks * this.#length)
    const queries = crops.subarray(this.#length)
    this.#queries.set(queries, this.tracks * queries.length)
    this.tracks++
  }

  /** Every alteration is made once, whatever the number of encoders. @returns the vectors of each encoder */
  async encode({ encoders, conditions }: Listeners, step: number, signal?: AbortSignal): Promise<Block[]> {
    const samples = this.tracks * this.#queriesPerTrack * this.#length
    const library = this.#library.subarray(0, this.tracks * this.#length)
    const queries = this.#queries.subarray(0, samples)
    const out = this.#altered.subarray(0, samples)
    const blocks: Block[] = []
    for (const encoder of encoders)
      blocks.push({ library: await encoder.encode(library, { signal }), queries: [] })
    for (const { augmenter } of conditions) {
      if (augmenter) await augmenter.augment(queries, { step, out, signal })
      for (const [i, encoder] of encoders.entries())
        blocks[i]!.queries.push(await encoder.encode(augmenter ? out : queries, { signal }))
    }
    this.tracks = 0
    return blocks
  }
}

function joined(batches: readonly MatrixData[]): Float32Array {
  const all = new Float32Array(batches.reduce((sum, { data }) => sum + data.length, 0))
  let at = 0
  for (const { data } of batches) {
    all.set(data, at)
    at += data.length
  }
  return all
}

const vectorsOf = (blocks: readonly Block[], conditions: readonly Condition[]): RetrievalVectors => ({
  library: joined(blocks.map(({ library }) => library)),
  queries: joined(conditions.flatMap((_, i) => blocks.map(({ queries }) => queries[i]!))),
})

/** @returns the vectors of each encoder */
async function encodeCrops(
  listeners: Listeners,
  dataset: LabelledTracks,
  { crops, seed, signal, onProgress }: CropSettings,
): Promise<RetrievalVectors[]> {
  const { encoders, conditions } = listeners
  const { clipLength } = encoders[0]!
  const clips = new Clips(clipLength, crops - 1)
  const blocks: Block[][] = encoders.map(() => [])
  const draw = uniform(seed)
  const total = dataset.tracks.length
  const startsOf = (samples: number) => cropStarts(samples, clipLength, crops, draw)
  const read = (track: number) => readCrops(dataset, track, { length: clipLength, startsOf, signal })
  let done = 0
  for await (const samples of readAhead([...dataset.tracks.keys()], read, signal)) {
    clips.add(samples)
    done++
    if (clips.tracks < BATCH && done < total) continue
    const made = await clips.encode(listeners, blocks[0]!.length, signal)
    for (const [i, block] of made.entries()) blocks[i]!.push(block)
    onProgress?.({ done, total })
  }
  return blocks.map((own) => vectorsOf(own, conditions))
}

/** What the vectors depend on besides the model; undefined if a transform is a function of the caller. */
function requestOf(
  audio: readonly string[],
  conditions: readonly Condition[],
  { crops, seed }: CropSettings,
) {
  const chains = conditions.map(({ augmenter }) => augmenter && [augmenter.seed, augmenter.transforms])
  const isOwn = conditions.some(({ augmenter }) =>
    augmenter?.transforms.some(({ name }) => name === 'custom'),
  )
  return isOwn ? undefined : hashOf({ audio, chains, crops, seed })
}

/** Where the vectors of an encoder are kept. */
interface Place {
  store: VectorStore
  request: string
}

async function placeOf(
  encoder: TrackEncoder,
  dataset: LabelledTracks,
  conditions: readonly Condition[],
  settings: CropSettings,
): Promise<Place | undefined> {
  const store = settings.cache ? await VectorStore.open(encoder, dataset, settings.signal) : undefined
  const request = store && requestOf(store.audio, conditions, settings)
  return request === undefined ? undefined : { store: store!, request }
}

const fileOf = ({ request }: Place) => `retrieval-${request}.safetensors`

/** undefined where they are not all there */
async function readVectors(
  place: Place,
  { dim }: TrackEncoder,
  tracks: number,
  queriesPerTrack: number,
): Promise<RetrievalVectors | undefined> {
  const kept = (await place.store.read(fileOf(place)))?.tensors
  const [library, queries] = [kept?.library?.data, kept?.queries?.data]
  return library?.length === tracks * dim && queries?.length === library.length * queriesPerTrack
    ? { library, queries }
    : undefined
}

async function keepVectors(place: Place, { dim }: TrackEncoder, { library, queries }: RetrievalVectors) {
  const tensorOf = (data: Float32Array) => ({ shape: [data.length / dim, dim], data })
  await place.store.write(fileOf(place), {
    tensors: { library: tensorOf(library), queries: tensorOf(queries) },
    contents: place.request,
  })
}

/** An encoder, its conditions, and its vectors as soon as they are there. */
interface Asked {
  encoder: TrackEncoder
  conditions: readonly Condition[]
  place?: Place
  vectors?: RetrievalVectors
}

/** Those that hear the same samples: clips of one length and rate. */
function byClips(asked: readonly Asked[]): Asked[][] {
  const groups = new Map<string, Asked[]>()
  for (const one of asked) {
    const clips = `${one.encoder.clipLength} at ${one.encoder.sampleRate} Hz`
    groups.set(clips, [...(groups.get(clips) ?? []), one])
  }
  return [...groups.values()]
}

/**
 * The vectors of each encoder, kept or made now. The tracks are read, cropped and altered once for all encoders whose
 * vectors are not kept; once more for each other length of a clip.
 * @param conditionsOf the same for encoders with clips of one length and rate
 */
export async function retrievalVectors(
  encoders: readonly TrackEncoder[],
  dataset: LabelledTracks,
  conditionsOf: (encoder: TrackEncoder) => readonly Condition[],
  settings: CropSettings,
): Promise<RetrievalVectors[]> {
  const { crops, onProgress } = settings
  const tracks = dataset.tracks.length
  const asked: Asked[] = []
  for (const encoder of encoders) {
    const conditions = conditionsOf(encoder)
    const place = await placeOf(encoder, dataset, conditions, settings)
    const vectors = place && (await readVectors(place, encoder, tracks, conditions.length * (crops - 1)))
    asked.push({ encoder, conditions, place, vectors })
  }
  const passes = byClips(asked.filter(({ vectors }) => !vectors))
  const total = tracks * Math.max(1, passes.length)
  if (passes.length === 0) onProgress?.({ done: total, total })
  for (const [i, group] of passes.entries()) {
    const listeners = { encoders: group.map(({ encoder }) => encoder), conditions: group[0]!.conditions }
    const made = await encodeCrops(listeners, dataset, {
      ...settings,
      onProgress: ({ done }) => onProgress?.({ done: i * tracks + done, total }),
    })
    for (const [j, one] of group.entries()) {
      one.vectors = made[j]!
      if (one.place) await keepVectors(one.place, one.encoder, one.vectors)
    }
  }
  return asked.map(({ vectors }) => vectors!)
}
