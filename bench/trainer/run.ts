// Whole training steps: clmr against CLMR in PyTorch, the same weights, batch and objective, each in a process of its
// own and in turn. Writes bench/RESULTS.md.
//   npm run bench:trainer -- [--examples 48] [--rounds 1] [--seconds 8] [--only fused,eager] [--results file.json]
// --results keeps the times of earlier calls, so that a long run can be cut into several.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  commandLine,
  MALLOC_TUNED,
  machine,
  optionsOf,
  pythonOfPeers,
  timingOf,
  tryContender,
  writeSection,
} from '../shared/bench.js'

const values = optionsOf({
  examples: '48',
  rounds: '1',
  seconds: '8',
  only: '',
  results: undefined,
})
const VIEWS = 2
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

interface Contender {
  /** of --only */
  key: string
  name: string
  command: () => [string, string[]]
  environment?: Record<string, string>
}
interface Line {
  times: number[]
  peak: number
}

const peer = (key: string, name: string, kind: string[], environment?: Record<string, string>): Contender => {
  const [first, ...rest] = kind
  const args = [here('peers.py'), first!, values.examples, values.seconds, ...rest]
  return { key, name, command: () => [pythonOfPeers(), args], environment }
}
const ours = (
  key: string,
  name: string,
  how: [input: string, kernels: string, precision: string],
): Contender => {
  const args = ['--import', 'tsx', here('ours.ts'), values.examples, values.seconds, ...how]
  return { key, name, command: () => [process.execPath, args] }
}

const GIVEN: Contender[] = [
  ours('fused', 'clmr', ['given', 'fused', 'float32']),
  ours('fused-bfloat16', 'clmr, bfloat16', ['given', 'fused', 'bfloat16']),
  ours('plain', 'clmr, plain kernels', ['given', 'plain', 'float32']),
  peer('eager', 'PyTorch eager, malloc tuned', ['eager'], MALLOC_TUNED),
  peer('compile', 'torch.compile, malloc tuned', ['compile'], MALLOC_TUNED),
  peer('bfloat16', 'PyTorch eager bfloat16, malloc tuned', ['bfloat16'], MALLOC_TUNED),
  peer('installed', 'PyTorch eager, as installed', ['eager']),
]
const FROZEN: Contender[] = [
  ours('frozen', 'clmr, frozen', ['frozen', 'fused', 'float32']),
  ours('frozen-plain', 'clmr, plain kernels, frozen', ['frozen', 'plain', 'float32']),
  peer('eager-frozen', 'PyTorch eager, malloc tuned, frozen', ['eager', 'frozen'], MALLOC_TUNED),
]
const AUGMENTED: Contender[] = [
  ours('augmented', 'clmr, augmented', ['augmented', 'fused', 'float32']),
  ours('augmented-bfloat16', 'clmr, bfloat16, augmented', ['augmented', 'fused', 'bfloat16']),
  peer('eager-augmented', 'PyTorch eager, malloc tuned, augmented', ['eager', 'augment'], MALLOC_TUNED),
]

function measure({ name, command, environment }: Contender): Line | undefined {
  return tryContender<Line>(name, ...command(), environment, 15)
}

const { results } = values
const lines: Record<string, Line> =
  results !== undefined && existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : {}
const wanted = values.only.split(',').filter(Boolean)
for (let round = 0; round < Number(values.rounds); round++)
  for (const contender of [...GIVEN, ...FROZEN, ...AUGMENTED]) {
    const { key, name } = contender
    if (wanted.length > 0 && !wanted.includes(key)) continue
    const line = measure(contender)
    if (!line) continue
    const { times, peak } = lines[name] ?? { times: [], peak: 0 }
    lines[name] = { times: [...times, ...line.times], peak: Math.max(peak, line.peak) }
    process.stderr.write(`round ${round + 1}: ${name}\n`)
    if (results !== undefined) writeFileSync(results, JSON.stringify(lines))
  }

const rows = Number(values.examples) * VIEWS
const figure = (x: number, digits = 2) => x.toFixed(digits)

function table(contenders: Contender[]): string {
  const [first] = contenders
  const mine = lines[first!.name]
  const body = contenders.map(({ name }) => {
    const line = lines[name]
    if (!line || !mine) return `| ${name} | not measured | | | |`
    const [t, base] = [timingOf(line.times), timingOf(mine.times)]
    const ratios = `${figure(t.best / base.best)} / ${figure(t.median / base.median)}`
    return `| ${name} | ${figure(rows / t.best, 1)} | ${figure(rows / t.median, 1)} | ${ratios} | ${figure(line.peak / 1e9)} GB |`
  })
  return `| | views/s, best | median | time ÷ clmr, best / median | peak memory |\n|---|---|---|---|---|\n${body.join('\n')}`
}

function cost(): string {
  const [given, augmented] = [lines[GIVEN[0]!.name], lines[AUGMENTED[0]!.name]]
  if (!given || !augmented) return ''
  const share = timingOf(augmented.times).best / timingOf(given.times).best - 1
  return `Reading and augmenting add ${figure(100 * share, 1)} % to clmr's step (best times).`
}

writeSection(
  'Trainer',
  `${machine()}

Command: \`${commandLine('bench:trainer')}\`. Whole steps on ${values.examples} examples with two views, a pass a view (as CLMR), projector, NT-Xent, Adam, two threads; PyTorch with simclr's loss. Peak memory is that of the whole process.

Views that are given:

${table(GIVEN)}

The same views through a frozen encoder, where only the projector learns:

${table(FROZEN)}

Views made in the step by the published chain, out of clips of 3 seconds (clmr: from its cache; PyTorch: from memory, with torchaudio-augmentations):

${table(AUGMENTED)}

${cost()}`,
)
