import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { Encoder, getThreads, setThreads } from 'clmr'
import { afterAbort, atBest } from './helpers/at-best.js'
import { testClips } from './helpers/golden.js'

const T = 59049

const worker = `
  const { parentPort, workerData } = require('node:worker_threads')
  import('clmr').then(async ({ Encoder }) => {
    const encoder = await Encoder.create({ seed: 3 })
    for (let i = 0; i < 2; i++) parentPort.postMessage((await encoder.encode(workerData)).data.slice())
    encoder.dispose()
  })`

function inWorker(clips: Float32Array): Promise<Float32Array[]> {
  return new Promise((resolve, reject) => {
    const results: Float32Array[] = []
    new Worker(worker, { eval: true, workerData: clips })
      .on('message', (data) => results.push(data))
      .on('error', reject)
      .on('exit', () => resolve(results))
  })
}

describe('an encoder among threads', () => {
  const threads = getThreads()
  let encoder: Encoder
  before(async () => {
    encoder = await Encoder.create({ seed: 3 })
  })
  afterEach(() => setThreads(threads))
  after(() => encoder.dispose())

  it('gives the same bits with 1, 2 and 4 threads, for any number of clips', async () => {
    const clips = testClips(90, 91, 5)
    setThreads(1)
    const expected = await encoder.encode(clips)
    for (const n of [2, 4]) {
      setThreads(n)
      assert.deepEqual((await encoder.encode(clips)).data, expected.data)
      const one = encoder.encodeSync(clips.subarray(3 * T, 4 * T))
      assert.deepEqual(one.row(0), expected.row(3))
    }
  })

  it('gives the same bits in four workers and the main thread at once', async () => {
    const clips = testClips(92, 93, 2)
    const expected = (await encoder.encode(clips)).data
    const [mine, ...theirs] = await Promise.all([
      encoder.encode(clips),
      ...Array.from({ length: 4 }, () => inWorker(clips)),
    ])
    assert.deepEqual(mine.data, expected)
    for (const results of theirs) {
      assert.equal(results.length, 2)
      for (const data of results) assert.deepEqual(data, expected)
    }
  })

  it('stops a large batch within 250 ms of an abort, and goes on to work', async () => {
    const clips = testClips(94, 95, 1)
    const large = new Float32Array(64 * T)
    const expected = (await encoder.encode(clips)).data
    for (const after of [1, 30, 60])
      await atBest(250, async () => {
        const controller = new AbortController()
        const running = encoder.encode(large, { signal: controller.signal })
        await new Promise((resolve) => setTimeout(resolve, after))
        return afterAbort(running, () => controller.abort(), { name: 'AbortError' })
      })
    assert.deepEqual((await encoder.encode(clips)).data, expected)
  })

  it('rejects with the reason of a signal that has fired, before any work', async () => {
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await assert.rejects(encoder.encode(testClips(94, 95, 1), { signal }), reason)
  })

  it('leaves the event loop free: it adds at most 20 ms of delay at the 99th percentile', async () => {
    // long enough for some hundred samples: of one hundred, the percentile is whatever the machine did once
    const p99 = async (work: () => Promise<unknown>) => {
      const delay = monitorEventLoopDelay({ resolution: 5 })
      delay.enable()
      const end = performance.now() + 2000
      while (performance.now() < end)
        await Promise.all([work(), new Promise((done) => setTimeout(done, 100))])
      delay.disable()
      return delay.percentile(99) / 1e6
    }
    const clips = testClips(96, 97, 16)
    await atBest(20, async () => {
      const idle = await p99(async () => {})
      return (await p99(() => encoder.encode(clips))) - idle
    })
  })
})
