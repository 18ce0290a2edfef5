// Run as a process of its own: calls are in flight when the process ends.
//   node ending-process.mjs KIND WAY MILLISECONDS CACHE
// A kind repeats its call for ever; `oneStep` leaves the thread behind that loads the next batch. A way that can choose
// an exit code takes 7.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import {
  Augmenter,
  decodeAudio,
  Encoder,
  LinearProbe,
  LogMel,
  Matrix,
  nearest,
  ntXentLoss,
  openDataset,
  Trainer,
} from 'clmr'
import { native } from '#lib/native/load.js'

const T = 59049
const FLAC = new URL('../fixtures/audio/tone.flac', import.meta.url).pathname

const noise = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i * i) / 2)
const always = async (call) => {
  for (;;) await call()
}
const made = []
const keep = (object) => {
  made.push(object)
  return object
}

const KINDS = {
  create: () => always(async () => void keep(await Trainer.create({ batchSize: 2 }))),
  augment() {
    const [augmenter, batch] = [new Augmenter(), noise(8 * T)]
    return always(() => augmenter.augment(batch))
  },
  async encode() {
    const [encoder, batch] = [keep(await Encoder.create()), noise(8 * T)]
    return always(() => encoder.encode(batch))
  },
  loss() {
    const z = noise(2048 * 128)
    return always(() => ntXentLoss(z, { dim: 128 }))
  },
  async step() {
    const [trainer, views] = [keep(await Trainer.create({ batchSize: 2 })), noise(4 * T)]
    return always(() => trainer.step(views))
  },
  async fit(cache) {
    const dataset = keep(await openDataset(cache))
    return keep(await Trainer.create({ batchSize: 2, dataset, epochs: 1000 })).fit()
  },
  async oneStep(cache) {
    const dataset = keep(await openDataset(cache))
    for await (const _ of keep(await Trainer.create({ batchSize: 2, dataset, epochs: 1000 })).steps()) break
    end()
  },
  probe() {
    const [tracks, dim] = [400, 512]
    const labels = Matrix.from({ data: new Float32Array(tracks * 4).fill(1), rows: tracks, cols: 4 })
    const dataset = { length: tracks, classes: ['a', 'b', 'c', 'd'], task: 'multilabel', labels }
    const embeddings = Matrix.from({ data: noise(tracks * dim), rows: tracks, cols: dim })
    const trackOf = Int32Array.from({ length: tracks }, (_, i) => i)
    const set = { dataset, embeddings, trackOf, trackMeans: embeddings }
    const encoder = new LogMel() // never asked: the embeddings are given
    const settings = { hidden: 512, batchSize: 64, maxEpochs: 1000 }
    return always(() => LinearProbe.fit({ encoder, train: set, validation: set, ...settings }))
  },
  nearest() {
    const rows = Matrix.from({ data: noise(4000 * 512), rows: 4000, cols: 512 })
    return always(() => nearest(rows, rows, 10))
  },
  pca() {
    const x = noise(3000 * 512)
    return always(() => native().pca(x, 512, 2))
  },
  resample() {
    const x = noise(20 * 48000)
    return always(() => native().resample(x, 48000, 22050, 'best', undefined, native().createAbortFlag()))
  },
  decode: () => always(() => decodeAudio(FLAC)),
  four: () => Promise.all(['augment', 'encode', 'loss', 'step'].map((kind) => KINDS[kind]())),
}

const WAYS = {
  exit: () => process.exit(7),
  throw: () =>
    setImmediate(() => {
      throw new Error('on purpose')
    }),
  rejection: () => void Promise.reject(new Error('on purpose')),
  // what process.exit calls, and what an addon does that calls exit()
  reallyExit: () => process.reallyExit(7),
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  dispose() {
    for (const object of made) object.dispose()
    process.exit(7)
  },
}
/** Ways of the main thread while a worker has the calls. */
const WORKER_WAYS = {
  'worker exit': () => process.exit(7),
  async 'worker terminate'(worker) {
    await worker.terminate()
    process.exit(7)
  },
}

let end = () => {}
let ending = false
const fail = (error) => {
  if (ending) return // what ends the process rejects calls in flight
  console.error(error)
  process.exit(99)
}
const inTime = (milliseconds, way, ...args) =>
  setTimeout(() => {
    ending = true
    way(...args)
  }, milliseconds)
const [kind, way, milliseconds, cache] = isMainThread ? process.argv.slice(2) : workerData
/** A kind that cannot even begin is no test of the end. */
const start = (failed) => KINDS[kind](cache).catch(failed)
if (!isMainThread) {
  parentPort.on('message', () => {}) // keeps the worker alive
  start((error) => parentPort.postMessage(error.message))
} else if (way in WORKER_WAYS) {
  const worker = new Worker(new URL(import.meta.url), { workerData: [kind, way, milliseconds, cache] })
  worker.on('message', fail)
  inTime(100 + Number(milliseconds), WORKER_WAYS[way], worker)
} else {
  // `oneStep` ends when it has come to its point, the others after so long
  if (kind === 'oneStep') end = () => inTime(Number(milliseconds) / 4, WAYS[way])
  else inTime(Number(milliseconds), WAYS[way])
  start(fail)
}
