/** The windows of tracks, kept: files of up to 256 tracks each. What was interrupted goes on from the last full file. */
import { z } from 'zod'
import { matrix } from '../matrix.js'
import type { TrackEncoder, TrackVectors } from '../model/track-encoder.js'
import type { Kept } from './kept-file.js'
import type { LabelledTracks } from './types.js'
import { hashOf, VectorStore } from './vector-store.js'

/** Tracks per file. */
const PACK = 256

/** The windows of a track, and their mean. */
export type KeptTrack = Pick<TrackVectors, 'windows' | 'mean'>

/** Tracks of a file, by their audio, with the number of windows of each. */
const contents = z.array(z.tuple([z.string(), z.number().int().positive()]))

function pack(tracks: ReadonlyMap<string, KeptTrack>, dim: number): Kept {
  const all = [...tracks.values()]
  const rows = all.reduce((sum, { windows }) => sum + windows.rows, 0)
  const windows = { shape: [rows, dim], data: new Float32Array(rows * dim) }
  const means = { shape: [all.length, dim], data: new Float32Array(all.length * dim) }
  let at = 0
  for (const [i, track] of all.entries()) {
    windows.data.set(track.windows.data, at)
    means.data.set(track.mean, i * dim)
    at += track.windows.data.length
  }
  return {
    tensors: { windows, means },
    contents: [...tracks].map(([audio, track]) => [audio, track.windows.rows]),
  }
}

/** undefined for what `pack` did not make. */
function unpack({ tensors, contents: listed }: Kept, dim: number): [string, KeptTrack][] | undefined {
  const parsed = contents.safeParse(listed)
  const { windows, means } = tensors
  if (!parsed.success || !windows || !means) return undefined
  const rows = parsed.data.reduce((sum, [, count]) => sum + count, 0)
  if (`${windows.shape}` !== `${[rows, dim]}` || `${means.shape}` !== `${[parsed.data.length, dim]}`)
    return undefined
  let at = 0
  return parsed.data.map(([audio, count], i) => {
    const data = windows.data.subarray(at * dim, (at + count) * dim)
    at += count
    return [audio, { windows: matrix(data, count, dim), mean: means.data.subarray(i * dim, (i + 1) * dim) }]
  })
}

/** The windows of the tracks of a data set, `hop` samples apart. */
export class KeptWindows {
  readonly #store: VectorStore
  readonly #dim: number
  readonly #prefix: string
  readonly #known = new Map<string, KeptTrack>()
  readonly #fresh = new Map<string, KeptTrack>()

  private constructor(store: VectorStore, dim: number, hop: number) {
    this.#store = store
    this.#dim = dim
    this.#prefix = `windows-${hop}-`
  }

  /** undefined if nothing can be kept. */
  static async open(
    encoder: TrackEncoder,
    dataset: LabelledTracks,
    hop: number,
    signal?: AbortSignal,
  ): Promise<KeptWindows | undefined> {
    const store = await VectorStore.open(encoder, dataset, signal)
    if (!store) return undefined
    const kept = new KeptWindows(store, encoder.dim, hop)
    await kept.#read(signal)
    return kept
  }

  async #read(signal?: AbortSignal): Promise<void> {
    const wanted = new Set(this.#store.audio)
    for (const name of await this.#store.list(this.#prefix)) {
      signal?.throwIfAborted()
      const file = await this.#store.read(name)
      for (const [audio, windows] of (file && unpack(file, this.#dim)) ?? [])
        if (wanted.has(audio)) this.#known.set(audio, windows)
    }
  }

  /** of a track of the data set */
  of(track: number): KeptTrack | undefined {
    return this.#known.get(this.#store.audio[track]!)
  }

  async keep(track: number, windows: KeptTrack): Promise<void> {
    this.#fresh.set(this.#store.audio[track]!, windows)
    if (this.#fresh.size >= PACK) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#fresh.size === 0) return
    const name = `${this.#prefix}${hashOf([...this.#fresh.keys()])}.safetensors`
    await this.#store.write(name, pack(this.#fresh, this.#dim))
    this.#fresh.clear()
  }
}
