// The process of a14.workers.ts: node threads.mjs terminate COUNT SEED | only-worker COUNT SEED | parallel COUNT SEED.
// Prints one line of JSON. Its death by a signal is what the check looks for.
import { readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

const [kind, count, seed] = process.argv.slice(2)
const file = new URL('./worker-calls.mjs', import.meta.url)
const TASKS = ['encode', 'step', 'augment', 'loss', 'nearest', 'decode']
const threads = () => readdirSync('/proc/self/task').length

let state = Number(seed)
const draw = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

async function terminateOne(task) {
  const worker = new Worker(file, { workerData: { task, seed: 1 } })
  const failed = new Promise((_, reject) => worker.once('error', reject))
  await Promise.race([new Promise((resolve) => worker.once('message', resolve)), failed])
  await new Promise((resolve) => setTimeout(resolve, draw() * 400))
  await worker.terminate()
}

const resultsOf = (number) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: { task: 'results', seed: number } })
    worker.once('message', resolve)
    worker.once('error', reject)
  })

let most = 0
const watch = setInterval(() => {
  most = Math.max(most, threads())
}, 50)
const KINDS = {
  // the addon is open in the main thread too, and busy
  async terminate() {
    const { Encoder } = await import('clmr')
    const encoder = await Encoder.create()
    const clips = new Float32Array(59049).fill(0.1)
    let on = true
    const busy = (async () => {
      while (on) await encoder.encode(clips)
    })()
    for (let i = 0; i < Number(count); i++) await terminateOne(TASKS[i % TASKS.length])
    on = false
    await busy
  },
  // the addon is open in workers only, one after the other: it is closed and opened again each time
  async 'only-worker'() {
    for (let i = 0; i < Number(count); i++) await terminateOne(TASKS[Math.floor(draw() * TASKS.length)])
  },
  async parallel() {
    const { workerResults } = await import('./worker-results.mjs')
    const serial = []
    for (let i = 0; i < Number(count); i++) serial.push(await workerResults(i))
    const parallel = await Promise.all(serial.map((_, i) => resultsOf(i)))
    const same = (a, b) =>
      Buffer.compare(Buffer.from(new Float32Array(a).buffer), Buffer.from(new Float32Array(b).buffer)) === 0
    const isSame = (a, b) => (typeof a === 'number' ? Object.is(a, b) : same(a, b))
    return {
      differing: serial.filter((values, i) => !values.every((v, k) => isSame(v, parallel[i][k]))).length,
    }
  },
}
const told = await KINDS[kind]()
clearInterval(watch)
await new Promise((resolve) => setTimeout(resolve, 300))
process.stdout.write(`${JSON.stringify({ ...told, mostThreads: most, threadsLeft: threads() })}\n`)
