// SampleCNN inference: clmr against PyTorch and ONNX Runtime, the same weights and inputs, in one run, each in a process
// of its own and in turn, several rounds, so that a drift of the machine meets all of them. Writes bench/RESULTS.md.
//   npm run bench:encoder -- [--rounds 3] [--seconds 4] [--batches 1,16,64]
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MALLOC_TUNED, machine, pythonOfPeers, type Timing, timingOf, writeSection } from '../shared/bench.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    batches: { type: 'string', default: '1,16,64' },
  },
})
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const python = pythonOfPeers()

interface Contender {
  name: string
  command: (batch: number) => [string, string[]]
  environment?: Record<string, string>
}

const peer = (name: string, kind: string, environment?: Record<string, string>): Contender => ({
  name,
  command: (batch) => [python, [here('peers.py'), kind, String(batch), values.seconds]],
  environment,
})
const ours = (name: string, precision: string, environment?: Record<string, string>): Contender => ({
  name,
  command: (batch) => [
    process.execPath,
    ['--import', 'tsx', here('ours.ts'), precision, String(batch), values.seconds],
  ],
  environment,
})

const AVX2 = { ATEN_CPU_CAPABILITY: 'avx2', ONEDNN_MAX_CPU_ISA: 'AVX2' }
const CONTENDERS: Contender[] = [
  ours('clmr float32', 'float32'),
  ours('clmr bfloat16', 'bfloat16'),
  ours('clmr float32, AVX2 only', 'float32', AVX2),
  ours('clmr float32, plain reference', 'float32', { CLMR_KERNELS: 'reference' }),
  peer('PyTorch eager, as installed', 'eager'),
  peer('PyTorch eager, malloc tuned', 'eager', MALLOC_TUNED),
  peer('PyTorch eager bfloat16, malloc tuned', 'eager-bfloat16', MALLOC_TUNED),
  peer('torch.compile, malloc tuned', 'compile', MALLOC_TUNED),
  peer('torch.compile with freezing, malloc tuned', 'compile-freeze', MALLOC_TUNED),
  peer('PyTorch eager, AVX2 only, malloc tuned', 'eager', { ...MALLOC_TUNED, ...AVX2 }),
  peer('ONNX Runtime', 'onnxruntime'),
]

interface Line {
  times: number[]
  error: number
  cosine: number
  memory?: number
}

function measure(contender: Contender, batch: number): Line | undefined {
  const [command, args] = contender.command(batch)
  try {
    const printed = execFileSync(command, args, {
      encoding: 'utf8',
      env: { ...process.env, ...contender.environment },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 600_000,
    })
    return JSON.parse(printed.trim().split('\n').at(-1)!) as Line
  } catch (error) {
    process.stderr.write(`${contender.name} failed: ${(error as Error).message.split('\n')[0]}\n`)
    return undefined
  }
}

function tableFor(batch: number): string {
  const lines = new Map<string, Line[]>()
  for (let round = 0; round < Number(values.rounds); round++)
    for (const contender of CONTENDERS) {
      const line = measure(contender, batch)
      if (line) lines.set(contender.name, [...(lines.get(contender.name) ?? []), line])
      process.stderr.write(`batch ${batch}, round ${round + 1}: ${contender.name}\n`)
    }
  const timings = new Map<string, Timing>(
    [...lines].map(([name, all]) => [name, timingOf(all.flatMap((line) => line.times))]),
  )
  const ourTime = timings.get('clmr float32')!
  const rows = [...lines].map(([name, all]) => {
    const t = timings.get(name)!
    const { error, cosine } = all[0]!
    const ratio = (a: number, b: number) => (a / b).toFixed(2)
    return `| ${name} | ${(batch / t.best).toFixed(1)} | ${(batch / t.median).toFixed(1)} | ${ratio(t.best, ourTime.best)} / ${ratio(t.median, ourTime.median)} | ${error.toExponential(1)} | ${cosine.toFixed(6)} |`
  })
  const memory = lines.get('clmr float32')?.[0]?.memory
  const head =
    '| batch ' +
    `${batch} | clips/s, best | median | time ÷ clmr float32, best / median | relative error to float64 | least cosine |\n|---|---|---|---|---|---|`
  return `${head}\n${rows.join('\n')}\n${memory === undefined ? '' : `\nMemory that clmr float32 takes for it, beyond libtorch and weights: ${(memory / 1e6).toFixed(0)} MB.\n`}`
}

const tables = values.batches.split(',').map((batch) => tableFor(Number(batch)))
writeSection(
  'Encoder',
  `${machine()}\n\nCommand: \`npm run bench:encoder\`. Two threads each. "AVX2 only": told to use no more (${Object.keys(AVX2).join(', ')}).\n\n${tables.join('\n\n')}`,
)
