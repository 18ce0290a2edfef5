/**
 * However a process ends while calls are in flight, it ends with the code that was asked for: every kind of call times
 * every way to end, at random moments. CLMR_TEST_NODE is the node that is tried, this one by default.
 */
import { fileURLToPath } from 'node:url'
import { startNode } from '../helpers/node-process.js'
import { tinyDataset } from '../helpers/tiny-dataset.js'
import { drive } from './driver.js'

const child = fileURLToPath(new URL('../helpers/ending-process.mjs', import.meta.url))

const KINDS = 'create augment encode loss step fit oneStep probe nearest pca resample decode four'.split(' ')
/** The exit code or the signal that is right. */
const WAYS: Record<string, number | NodeJS.Signals> = {
  exit: 7,
  throw: 1,
  rejection: 1,
  reallyExit: 7,
  SIGTERM: 'SIGTERM',
  dispose: 7,
  'worker exit': 7,
  'worker terminate': 7,
}
const LONGEST_MS = 60_000
const DIRTY = /terminate called|FATAL ERROR|mutex lock failed|AddressSanitizer|double free|corrupted/

await drive('A15', async ({ folder, size, draw, figure, fail }) => {
  const dataset = await tinyDataset(folder, [70000, 80000, 90000, 100000])
  dataset.dispose()
  let ends = 0
  for (const [way, right] of Object.entries(WAYS)) {
    const sample = [draw() < 0.5 ? 'four' : KINDS[Math.floor(draw() * KINDS.length)]!]
    const kinds = size.rounds > 0 ? Array.from({ length: size.rounds }, () => KINDS).flat() : sample
    for (const kind of kinds) {
      const milliseconds = Math.round(draw() * 300)
      const { finished } = startNode([child, kind, way, String(milliseconds), `${folder}/cache`], {
        // glibc overwrites what is freed: a thread that uses what a destructor has freed crashes always, not once in a while
        env: { ...process.env, MALLOC_PERTURB_: '165' },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: LONGEST_MS,
        killSignal: 'SIGKILL',
      })
      const { code, signal, stderr } = await finished
      ends++
      const what = `${kind}, ${way} after ${milliseconds} ms`
      if ((code ?? signal) !== right) fail(`${what}: ${code ?? signal} ${stderr.slice(-300)}`)
      if (DIRTY.test(stderr)) fail(`${what}: ${stderr.slice(-300)}`)
    }
  }
  figure('ends', ends)
})
