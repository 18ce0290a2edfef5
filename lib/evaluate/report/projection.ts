/** Track embeddings [n, E] → places on a map [n, 2]. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { onAbort } from '../../abort.js'
import { type Matrix, matrix } from '../../matrix.js'
import { abortReason, callNative } from '../../native/call.js'
import { native } from '../../native/load.js'
import type { UmapRequest } from './umap-worker.js'

export type ProjectionName = 'pca' | 'umap'

async function principalPlane(x: Matrix): Promise<Matrix> {
  const components = Math.min(2, x.cols)
  const p = await callNative(undefined, () => native().pca(x.data, x.cols, components))
  if (components === 2) return matrix(p, x.rows, 2)
  return matrix(
    Float32Array.from({ length: 2 * x.rows }, (_, i) => (i % 2 ? 0 : p[i / 2]!)),
    x.rows,
    2,
  )
}

/** UMAP (McInnes et al., 2018) by umap-js, in a thread of its own; the same seed gives the same map. */
function umapPlane(x: Matrix, seed: number, signal?: AbortSignal): Promise<Matrix> {
  const file = new URL('./umap-worker.js', import.meta.url)
  if (!existsSync(fileURLToPath(file))) throw new Error(`${file} is missing`)
  const request: UmapRequest = {
    data: x.data.slice(),
    rows: x.rows,
    cols: x.cols,
    neighbours: Math.min(15, x.rows - 1),
    seed,
    stop: new Int32Array(new SharedArrayBuffer(4)),
  }
  const worker = new Worker(file, { workerData: request })
  return new Promise<Matrix>((resolve, reject) => {
    // Told to stop, not terminated: on Node 20 that can end the process while the thread starts or V8 compiles for it.
    const ignore = onAbort(signal, () => {
      Atomics.store(request.stop, 0, 1)
      worker.unref()
      reject(abortReason(signal!))
    })
    worker.once('message', (plane: Float32Array) => resolve(matrix(plane, x.rows, 2)))
    worker.once('error', reject)
    worker.once('exit', () => {
      ignore()
      reject(new Error('the UMAP thread ended without a result'))
    })
  })
}

/** UMAP needs a few neighbours: below 4 tracks the principal plane is taken. */
export async function project(
  x: Matrix,
  name: ProjectionName,
  seed: number,
  signal?: AbortSignal,
): Promise<{ name: ProjectionName; plane: Matrix }> {
  if (signal?.aborted) throw abortReason(signal)
  if (name === 'umap' && x.rows >= 4) return { name, plane: await umapPlane(x, seed, signal) }
  return { name: 'pca', plane: await principalPlane(x) }
}
