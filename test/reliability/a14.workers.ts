/** Worker threads: terminated in the middle of native calls, alone with the addon, and several at once. */
import { fileURLToPath } from 'node:url'
import { startNode } from '../helpers/node-process.js'
import { drive } from './driver.js'

const THREADS = fileURLToPath(new URL('./threads.mjs', import.meta.url))
const MAX_THREADS = 40

await drive('A14', async ({ size, seed, figure, fail }) => {
  const kinds = { parallel: size.parallel, terminate: size.terminate, 'only-worker': size.onlyWorker }
  for (const [kind, count] of Object.entries(kinds)) {
    const { code, signal, stdout, stderr } = await startNode([THREADS, kind, `${count}`, `${seed}`]).finished
    if (code !== 0) {
      fail(`${kind}: ${code ?? signal} ${stderr.slice(-400)}`)
      continue
    }
    const { differing = 0, mostThreads, threadsLeft } = JSON.parse(stdout.trim().split('\n').at(-1)!)
    figure(kind, count)
    figure(`${kind}Threads`, `${mostThreads} at most, ${threadsLeft} left`)
    if (differing > 0) fail(`${differing} of ${count} results are others than in one thread`)
    if (mostThreads > MAX_THREADS) fail(`${kind}: ${mostThreads} threads`)
  }
})
