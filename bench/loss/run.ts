// NT-Xent forward and backward: clmr against the matrix form in PyTorch and the package simclr, the same projections, in
// one run, each in a process of its own and in turn, so that a drift of the machine meets all of them. Writes
// bench/RESULTS.md.
//   npm run bench:loss -- [--rounds 3] [--seconds 2] [--pairs 256,1024,4096] [--large 16384]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  commandLine,
  MALLOC_TUNED,
  machine,
  optionsOf,
  pythonOfPeers,
  timingOf,
  writeSection,
} from '../shared/bench.js'

const values = optionsOf({
  rounds: '3',
  seconds: '2',
  pairs: '256,1024,4096',
  large: '16384',
})
/** More of them take simclr more memory than machines have. */
const SIMCLR_PAIRS = 1024
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const python = pythonOfPeers()

interface Line {
  times: number[]
  memory: number
  valueError?: number
  gradientError?: number
}

function run(command: string, args: string[], environment: Record<string, string> = {}): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 600_000,
  })
}

interface Contender {
  name: string
  run: (folder: string, pairs: number) => string
  most?: number
}
const ours = (folder: string) =>
  run(process.execPath, ['--import', 'tsx', here('ours.ts'), folder, values.seconds])
const peer =
  (kind: string, environment?: Record<string, string>) =>
  (folder: string, pairs: number): string =>
    run(python, [here('peers.py'), kind, folder, String(pairs), values.seconds], environment)
const CLMR = 'clmr'
const TUNED = 'PyTorch matrix form, malloc tuned'
const CONTENDERS: Contender[] = [
  { name: CLMR, run: ours },
  { name: TUNED, run: peer('matrix', MALLOC_TUNED) },
  { name: 'PyTorch matrix form, as installed', run: peer('matrix') },
  { name: 'simclr.NT_Xent', run: peer('simclr'), most: SIMCLR_PAIRS },
]

function withInputs<T>(pairs: number, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'clmr-bench-loss-'))
  try {
    run(python, [here('peers.py'), 'inputs', folder, String(pairs), '0'])
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const milliseconds = (seconds: number) => (seconds * 1000).toFixed(seconds < 0.01 ? 2 : 1)
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)
const bestOfClmr = new Map<number, number>()

function tableFor(pairs: number): string {
  const lines = new Map<string, Line[]>()
  withInputs(pairs, (folder) => {
    for (let round = 0; round < Number(values.rounds); round++)
      for (const { name, run: measure, most = Number.POSITIVE_INFINITY } of CONTENDERS) {
        if (pairs > most || (most < Number.POSITIVE_INFINITY && round > 0)) continue
        const line = JSON.parse(measure(folder, pairs).trim().split('\n').at(-1)!) as Line
        lines.set(name, [...(lines.get(name) ?? []), line])
        process.stderr.write(`${pairs} pairs, round ${round + 1}: ${name}\n`)
      }
  })
  const timings = new Map(
    [...lines].map(([name, all]) => [name, timingOf(all.flatMap((line) => line.times))]),
  )
  const mine = timings.get(CLMR)!
  bestOfClmr.set(pairs, mine.best)
  const rows = [...lines].map(([name, all]) => {
    const t = timings.get(name)!
    const ratios = `${(t.best / mine.best).toFixed(2)} / ${(t.median / mine.median).toFixed(2)}`
    const memory = megabytes(Math.max(...all.map((line) => line.memory)))
    const { valueError, gradientError } = all[0]!
    return `| ${name} | ${milliseconds(t.best)} | ${milliseconds(t.median)} | ${ratios} | ${memory} | ${valueError!.toExponential(1)} | ${gradientError!.toExponential(1)} |`
  })
  return `| ${pairs} pairs | ms, best | ms, median | time ÷ clmr, best / median | peak MB beyond the input | value, relative error | gradient, relative error |\n|---|---|---|---|---|---|---|\n${rows.join('\n')}`
}

function largeRow(pairs: number): string {
  const { times, memory } = withInputs(pairs, (folder) => JSON.parse(ours(folder).trim()) as Line)
  const { best } = timingOf(times)
  const before = bestOfClmr.get(4096)
  const growth =
    before === undefined
      ? ''
      : `, ${(best / before).toFixed(1)} × the time of 4,096 pairs (N² says ${((pairs / 4096) ** 2).toFixed(0)})`
  return `clmr at ${pairs} pairs: ${milliseconds(best)} ms at best${growth}; ${megabytes(memory)} MB beyond the input.`
}

const tables = values.pairs.split(',').map((pairs) => tableFor(Number(pairs)))
const large = largeRow(Number(values.large))
const bound =
  'What no form can do without is 3·N²·D multiplications and additions for N rows: half of the similarities, and all of their weights times u. 1,024 pairs are 0.81 GFLOP, 3.4 ms at the 234 GFLOP/s that two cores of the EPYC of this file do in registers; 4.5 × a matrix form of 15.9 ms would be 3.5 ms.'
writeSection(
  'Loss',
  `${machine()}\n\nCommand: \`${commandLine('bench:loss')}\`. NT-Xent with its gradient, two views, 64 dimensions, τ 0.5, float32, two threads each; errors are against the matrix form in float64.\n\n${tables.join('\n\n')}\n\n${large}\n\n${bound}`,
)
