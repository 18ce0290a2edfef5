// A worker of a14.workers.ts: what it is to do comes as workerData, `{ task, seed }`.
import { parentPort, workerData } from 'node:worker_threads'
import { Augmenter, decodeAudio, Encoder, Matrix, nearest, ntXentLoss, Trainer } from 'clmr'
import { noise, T, workerResults } from './worker-results.mjs'

const FLAC = new URL('../fixtures/audio/tone.flac', import.meta.url).pathname

/** Calls that go on until the thread is terminated. */
const ENDLESS = {
  async encode() {
    const encoder = await Encoder.create()
    for (;;) await encoder.encode(noise(2 * T))
  },
  async step() {
    const trainer = await Trainer.create({ batchSize: 2 })
    for (;;) await trainer.step(noise(4 * T))
  },
  async augment() {
    for (;;) await new Augmenter().augment(noise(2 * T))
  },
  async loss() {
    for (;;) await ntXentLoss(noise(1024 * 64), { dim: 64 })
  },
  async nearest() {
    const rows = Matrix.from({ data: noise(1000 * 128), rows: 1000, cols: 128 })
    for (;;) await nearest(rows, rows, 5)
  },
  async decode() {
    for (;;) await decodeAudio(FLAC)
  },
}

const { task, seed } = workerData
if (task === 'results') parentPort.postMessage(await workerResults(seed))
else {
  setImmediate(() => parentPort.postMessage('running'))
  await ENDLESS[task]()
}
