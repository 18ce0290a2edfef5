/**
 * Vectors of the tracks of a cache, kept beside them so that each is computed once:
 *   embeddings/<model>/windows-<hop>-….safetensors     windows of some tracks, and their means
 *   embeddings/<model>/retrieval-….safetensors         crops of a data set, clean and altered
 * A model is named by a hash of its weights, a track by its checksum and the time of its file: what has changed is not
 * found. Files are written whole, so several processes may share a folder.
 */
import { createHash } from 'node:crypto'
import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { z } from 'zod'
import { Dataset } from '../cache/dataset.js'
import { embeddingsFolder } from '../cache/layout.js'
import { ClmrError } from '../errors.js'
import { makeFolder } from '../files/make-folder.js'
import { modelKey } from '../model/model-key.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { type Kept, readKept, writeKept } from './kept-file.js'
import type { LabelledTracks } from './types.js'

/** Models whose vectors are kept. */
const MODELS = 8

/** Of every call that embeds a data set. */
export const cacheOption = z
  .boolean()
  .default(true)
  .describe(
    'Whether to keep the embeddings in the folder of the cache, and to reuse those kept there. It applies only to an `Encoder` or `LogMel` with a prepared data set.',
  )

export const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32)

/** Another version may compute other vectors. */
const version = () => (createRequire(import.meta.url)('clmr/package.json') as { version: string }).version

/** Deletes the vectors of the models that were not used for the longest time. */
async function forgetOldModels(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const models = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => undefined)
      return { name, used: found?.mtimeMs ?? 0 }
    }),
  )
  const old = models.sort((a, b) => b.used - a.used).slice(MODELS)
  for (const { name } of old) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {})
}

/** The vectors of one model for one data set. */
export class VectorStore {
  /** of every track, what its audio is known by */
  readonly audio: readonly string[]
  readonly #encoder: TrackEncoder
  readonly #model: string
  readonly #cache: string

  private constructor(encoder: TrackEncoder, model: string, cache: string, audio: readonly string[]) {
    this.#encoder = encoder
    this.#model = model
    this.#cache = cache
    this.audio = audio
  }

  /** undefined if nothing can be kept: for an encoder or tracks that are not ours, or audio that is gone. */
  static async open(
    encoder: TrackEncoder,
    dataset: LabelledTracks,
    signal?: AbortSignal,
  ): Promise<VectorStore | undefined> {
    if (!(dataset instanceof Dataset)) return undefined
    const model = await modelKey(encoder, signal)
    if (model === undefined) return undefined
    const found = dataset.tracks.map(async ({ file, sha256 }) => {
      const now = await stat(file).catch(() => undefined)
      return now && hashOf([sha256, now.size, now.mtimeMs])
    })
    const audio = await Promise.all(found)
    return audio.every((key) => key !== undefined)
      ? new VectorStore(encoder, model, dataset.cache, audio)
      : undefined
  }

  get #folder(): string {
    return join(embeddingsFolder(this.#cache), hashOf([this.#model, version()]))
  }

  /** Names of the files that begin so. */
  async list(prefix: string): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => [])
    return names.filter((name) => name.startsWith(prefix) && name.endsWith('.safetensors')).sort()
  }

  async read(name: string): Promise<Kept | undefined> {
    const kept = await readKept(join(this.#folder, name))
    const now = new Date()
    if (kept) await utimes(this.#folder, now, now).catch(() => {}) // used, so not to be forgotten
    return kept
  }

  /** Nothing is kept of a model that has been trained since `open`, nor where the cache cannot be written. */
  async write(name: string, kept: Kept): Promise<void> {
    if ((await modelKey(this.#encoder)) !== this.#model) return
    const isThere = await makeFolder(this.#folder).then(
      () => true,
      (error) => {
        if (error instanceof ClmrError) return false
        throw error
      },
    )
    if (isThere && (await writeKept(join(this.#folder, name), kept)))
      await forgetOldModels(embeddingsFolder(this.#cache))
  }
}
