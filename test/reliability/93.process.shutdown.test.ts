/**
 * However a process ends while calls are in flight, it ends with the code that was asked for: every kind of call times
 * every way to end, at random moments. `--short` takes a sample of them; CLMR_EXITS is a number of rounds, CLMR_SEED names
 * the moments. `CLMR_TEST_NODE` is the node that is tried, this one by default.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { rounds } from '../helpers/rounds.js'
import { withTempDir } from '../helpers/temp-dir.js'
import { tinyDataset } from '../helpers/tiny-dataset.js'

const child = fileURLToPath(new URL('../helpers/ending-process.mjs', import.meta.url))
const times = Number(process.env.CLMR_EXITS ?? rounds({ short: 0, long: 2 }))
const seed = Number(process.env.CLMR_SEED ?? 1)

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

/** 0 to 1, by the seed: Mulberry32 (T. Ettinger, public domain). */
function drawer(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Ending {
  code: number | NodeJS.Signals | null
  stderr: string
}

function end(kind: string, way: string, milliseconds: number, cache: string): Promise<Ending> {
  const args = [child, kind, way, String(milliseconds), cache]
  const running = spawn(process.env.CLMR_TEST_NODE ?? process.execPath, args, {
    // glibc overwrites what is freed: a thread that uses what a destructor has freed crashes, not once in a while, but always
    env: { ...process.env, MALLOC_PERTURB_: '165' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  })
  let stderr = ''
  running.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    running.on('error', reject)
    running.on('close', (code, signal) => resolve({ code: code ?? signal, stderr }))
  })
}

describe('93 process: the end while calls are in flight', () => {
  for (const way of Object.keys(WAYS))
    it(`${way}: the exit code that was asked for, never another signal`, () =>
      withTempDir(async (folder) => {
        const dataset = await tinyDataset(folder, [70000, 80000, 90000, 100000])
        dataset.dispose()
        const draw = drawer(seed * 1000 + Object.keys(WAYS).indexOf(way))
        const kinds =
          times > 0
            ? Array.from({ length: times }, () => KINDS).flat()
            : ['step', 'four', 'oneStep', KINDS[Math.floor(draw() * KINDS.length)]!]
        const wrong: string[] = []
        for (const kind of kinds) {
          const milliseconds = Math.round(draw() * 300)
          const { code, stderr } = await end(kind, way, milliseconds, `${folder}/cache`)
          if (code !== WAYS[way])
            wrong.push(`${kind} after ${milliseconds} ms: ${code} ${stderr.slice(-400)}`)
        }
        assert.deepEqual(wrong, [], `${wrong.length} of ${kinds.length} ended otherwise`)
      })).timeout(60_000 + times * KINDS.length * LONGEST_MS)
})
