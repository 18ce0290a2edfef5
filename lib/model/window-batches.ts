/** Encodes windows of many tracks together: all that wait form the next batch. */

import type { Matrix } from '../matrix.js'

/** Windows of a batch: enough for all threads, and for the late layers to be merged. */
const BATCH = 16
/** Windows that may wait, 0.24 MB each of CLMR's; adding more waits until there is room. */
const MAX_WAITING = 4 * BATCH

/** in: n windows in a row; out: [n, dim] */
export type EncodeBatch = (clips: Float32Array, n: number) => Promise<Matrix>

interface Waiting {
  window: Float32Array
  resolve: (embedding: Float32Array) => void
  reject: (error: unknown) => void
}

/**
 * Takes windows one by one, from any number of tracks, and encodes them in batches, one batch after the other, in the
 * order in which they came. A window that is shorter than a clip is padded with zeros. An embedding does not depend on
 * the batch that it is computed in.
 */
export class WindowBatches {
  readonly #encode: EncodeBatch
  readonly #waiting: Waiting[] = []
  readonly #room: (() => void)[] = []
  readonly #clipLength: number
  readonly #clips: Float32Array
  #running = false

  constructor(clipLength: number, encode: EncodeBatch) {
    this.#encode = encode
    this.#clipLength = clipLength
    this.#clips = new Float32Array(BATCH * clipLength)
  }

  /** Resolves once there is room for the window, to the promise of its embedding. The window must not change. */
  async add(window: Float32Array): Promise<{ embedding: Promise<Float32Array> }> {
    while (this.#waiting.length >= MAX_WAITING) await new Promise<void>((resolve) => this.#room.push(resolve))
    const embedding = new Promise<Float32Array>((resolve, reject) => {
      this.#waiting.push({ window, resolve, reject })
    })
    embedding.catch(() => {}) // the track may have failed before it looks at this one
    if (!this.#running) this.#run()
    return { embedding }
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      for (const resume of this.#room.splice(0)) resume()
      try {
        const embeddings = await this.#encode(this.#fill(batch), batch.length)
        for (const [i, { resolve }] of batch.entries()) resolve(embeddings.row(i))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#running = false
  }

  #fill(batch: Waiting[]): Float32Array {
    const length = this.#clipLength
    for (const [i, { window }] of batch.entries()) {
      this.#clips.set(window, i * length)
      this.#clips.fill(0, i * length + window.length, (i + 1) * length)
    }
    return this.#clips.subarray(0, batch.length * length)
  }
}
