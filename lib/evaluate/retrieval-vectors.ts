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

interface Asked {
  encoder: TrackEncoder
  conditions: readonly Condition[]
  signal?: AbortSignal
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

  /** out: vectors of the library's clips, and of the queries of every condition */
  async encode({ encoder, conditions, signal }: Asked, step: number): Promise<MatrixData[]> {
    const samples = this.tracks * this.#queriesPerTrack * this.#length
    const queries = this.#queries.subarray(0, samples)
    const out = this.#altered.subarray(0, samples)
    const vectors = [await encoder.encode(this.#library.subarray(0, this.tracks * this.#length), { signal })]
    for (const { augmenter } of conditions) {
      if (augmenter) await augmenter.augment(queries, { step, out, signal })
      vectors.push(await encoder.encode(augmenter ? out : queries, { signal }))
    }
    this.tracks = 0
    return vectors
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

async function encodeCrops(
  encoder: TrackEncoder,
  dataset: LabelledTracks,
  conditions: readonly Condition[],
  { crops, seed, signal, onProgress }: CropSettings,
): Promise<RetrievalVectors> {
  const clips = new Clips(encoder.clipLength, crops - 1)
  const batches: MatrixData[][] = []
  const draw = uniform(seed)
  const total = dataset.tracks.length
  const { clipLength } = encoder
  const startsOf = (samples: number) => cropStarts(samples, clipLength, crops, draw)
  const read = (track: number) => readCrops(dataset, track, { length: clipLength, startsOf, signal })
  let done = 0
  for await (const samples of readAhead([...dataset.tracks.keys()], read, signal)) {
    clips.add(samples)
    done++
    if (clips.tracks < BATCH && done < total) continue
    batches.push(await clips.encode({ encoder, conditions, signal }, batches.length))
    onProgress?.({ done, total })
  }
  return {
    library: joined(batches.map(([vectors]) => vectors!)),
    queries: joined(conditions.flatMap((_, i) => batches.map((vectors) => vectors[i + 1]!))),
  }
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

/** The vectors, kept or made now. */
export async function retrievalVectors(
  encoder: TrackEncoder,
  dataset: LabelledTracks,
  conditions: readonly Condition[],
  settings: CropSettings,
): Promise<RetrievalVectors> {
  const { cache, crops, signal, onProgress } = settings
  const store = cache ? await VectorStore.open(encoder, dataset, signal) : undefined
  const request = store && requestOf(store.audio, conditions, settings)
  if (!request) return encodeCrops(encoder, dataset, conditions, settings)
  const name = `retrieval-${request}.safetensors`
  const total = dataset.tracks.length
  const kept = (await store.read(name))?.tensors
  const [library, queries] = [kept?.library?.data, kept?.queries?.data]
  if (
    library?.length === total * encoder.dim &&
    queries?.length === library.length * conditions.length * (crops - 1)
  ) {
    onProgress?.({ done: total, total })
    return { library, queries }
  }
  const made = await encodeCrops(encoder, dataset, conditions, settings)
  const tensorOf = (data: Float32Array) => ({ shape: [data.length / encoder.dim, encoder.dim], data })
  await store.write(name, {
    tensors: { library: tensorOf(made.library), queries: tensorOf(made.queries) },
    contents: request,
  })
  return made
}
