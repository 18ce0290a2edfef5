/** The thread that runs UMAP: takes a UmapRequest, answers with the plane [n, 2]. */
import { parentPort, workerData } from 'node:worker_threads'
import { UMAP } from 'umap-js'
import { uniform } from '../../random.js'

export interface UmapRequest {
  data: Float32Array
  rows: number
  cols: number
  neighbours: number
  seed: number
  /** one number, not 0 once the thread is to stop */
  stop: Int32Array
}

const { data, rows, cols, neighbours, seed, stop } = workerData as UmapRequest

const points = Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)))
const stopped = () => Atomics.load(stop, 0) !== 0
const umap = new UMAP({ nComponents: 2, nNeighbors: neighbours, random: uniform(seed) })
for (let left = stopped() ? 0 : umap.initializeFit(points); left > 0 && !stopped(); left--) umap.step()
if (!stopped()) parentPort!.postMessage(Float32Array.from(umap.getEmbedding().flat()))
