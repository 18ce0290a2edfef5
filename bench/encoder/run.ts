// SampleCNN inference: clmr against PyTorch and ONNX Runtime, the same weights and inputs, in one run, each in a process
// of its own and in turn, several rounds, so that a drift of the machine meets all of them. Writes bench/RESULTS.md.
//   npm run bench:encoder -- [--rounds 3] [--seconds 4] [--batches 1,16,64]
import { fileURLToPath } from 'node:url'
import { withNativeProgram } from '../../scripts/native-program.mjs'
import {
  commandLine,
  MALLOC_TUNED,
  machine,
  nodePeer,
  optionsOf,
  pythonOfPeers,
  type Timing,
  timingOf,
  tryContender,
  writeSection,
} from '../shared/bench.js'
import { networkFolder } from './network.js'

const values = optionsOf({
  rounds: '3',
  seconds: '4',
  batches: '1,16,64',
})
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const python = pythonOfPeers()
const onnxruntimeNode = nodePeer('onnxruntime-node', '1.30.0')
const folder = await networkFolder(python)

interface Contender {
  name: string
  command: (batch: number) => [string, string[]]
  environment?: NodeJS.ProcessEnv
}

const script = (name: string, file: string, first: string, environment?: NodeJS.ProcessEnv): Contender => ({
  name,
  command: (batch) => [
    process.execPath,
    ['--import', 'tsx', here(file), first, folder, String(batch), values.seconds],
  ],
  environment,
})
const ours = (name: string, precision: string, environment?: NodeJS.ProcessEnv) =>
  script(name, 'ours.ts', precision, environment)
const peer = (name: string, kind: string, environment?: NodeJS.ProcessEnv): Contender => ({
  name,
  command: (batch) => [python, [here('peers.py'), kind, folder, String(batch), values.seconds]],
  environment,
})

const KERNEL = 'the kernels of clmr float32 alone, from C++'
const AVX2 = { ATEN_CPU_CAPABILITY: 'avx2', ONEDNN_MAX_CPU_ISA: 'AVX2' }
const CONTENDERS: Contender[] = [
  ours('clmr float32', 'float32'),
  ours('clmr bfloat16', 'bfloat16'),
  ours('clmr float32, AVX2 only', 'float32', AVX2),
  ours('clmr float32, plain', 'float32', { CLMR_KERNELS: 'plain' }),
  peer('PyTorch eager, as installed', 'eager'),
  peer('PyTorch eager, malloc tuned', 'eager', MALLOC_TUNED),
  peer('PyTorch eager bfloat16, malloc tuned', 'eager-bfloat16', MALLOC_TUNED),
  peer('torch.compile, malloc tuned', 'compile', MALLOC_TUNED),
  peer('torch.compile with freezing, malloc tuned', 'compile-freeze', MALLOC_TUNED),
  peer('PyTorch eager, AVX2 only, malloc tuned', 'eager', { ...MALLOC_TUNED, ...AVX2 }),
  peer('ONNX Runtime, Python', 'onnxruntime'),
  script('ONNX Runtime, Node', 'onnxruntime-node.ts', onnxruntimeNode),
]

interface Line {
  times: number[]
  error?: number
  cosine?: number
  memory?: number
  /** GFLOP/s of this machine's multiply-adds, of the kernels' own program */
  peak?: number
}

function measure({ name, command, environment }: Contender, batch: number): Line | undefined {
  return tryContender<Line>(name, ...command(batch), environment, 10)
}

/** in: contenders; out: what each measured, a line a round */
function allRounds(contenders: Contender[], batch: number): Map<string, Line[]> {
  const lines = new Map<string, Line[]>()
  for (let round = 0; round < Number(values.rounds); round++)
    for (const contender of contenders) {
      const line = measure(contender, batch)
      if (line) lines.set(contender.name, [...(lines.get(contender.name) ?? []), line])
      process.stderr.write(`batch ${batch}, round ${round + 1}: ${contender.name}\n`)
    }
  return lines
}

// GFLOP a clip. Seven eighths lie in the layers that go in tiles of nine (11 products for 27), the rest in tiles of six
const DIRECT = 3.463
const MULTIPLY_ADDS = { direct: DIRECT, winograd: DIRECT * ((0.869 * 11) / 27 + (0.131 * 8) / 18) }

function remarks(lines: Map<string, Line[]>, batch: number, best: (name: string) => number): string {
  const memory = Math.max(...lines.get('clmr float32')!.map((line) => line.memory!))
  const peak = Math.max(...lines.get(KERNEL)!.map((line) => line.peak!))
  const share = (name: string, work: number) => ((100 * work * batch) / best(name) / peak).toFixed(0)
  const overhead = 100 * (best('clmr float32') / best(KERNEL) - 1)
  return [
    `Peak memory of clmr float32 for it, beyond libtorch, weights and clips: ${(memory / 1e6).toFixed(0)} MB.`,
    `\`encode\` from JavaScript against the kernels alone, best times: ${overhead.toFixed(1)} %.`,
    `Multiply-adds of two cores in registers: ${peak.toFixed(0)} GFLOP/s. Of these ONNX Runtime (Python) does ${share('ONNX Runtime, Python', MULTIPLY_ADDS.direct)} % with direct convolution (${MULTIPLY_ADDS.direct} GFLOP a clip), clmr ${share('clmr float32', MULTIPLY_ADDS.winograd)} % with F(9,3) and F(6,3) (${MULTIPLY_ADDS.winograd.toFixed(2)}).`,
  ].join('\n')
}

function tableFor(batch: number, contenders: Contender[]): string {
  const lines = allRounds(contenders, batch)
  const timings = new Map<string, Timing>(
    [...lines].map(([name, all]) => [name, timingOf(all.flatMap((line) => line.times))]),
  )
  const ourTime = timings.get('clmr float32')!
  const rows = [...lines].map(([name, all]) => {
    const t = timings.get(name)!
    const { error, cosine } = all[0]!
    const ratio = (a: number, b: number) => (a / b).toFixed(2)
    return `| ${name} | ${(batch / t.best).toFixed(1)} | ${(batch / t.median).toFixed(1)} | ${ratio(t.best, ourTime.best)} / ${ratio(t.median, ourTime.median)} | ${error?.toExponential(1) ?? ''} | ${cosine?.toFixed(6) ?? ''} |`
  })
  const head =
    '| batch ' +
    `${batch} | clips/s, best | median | time ÷ clmr float32, best / median | relative error to float64 | least cosine |\n|---|---|---|---|---|---|`
  return `${head}\n${rows.join('\n')}\n\n${remarks(lines, batch, (name) => timings.get(name)!.best)}`
}

const tables = withNativeProgram('clmr_inference_kernels', (program, environment) => {
  const kernels: Contender = {
    name: KERNEL,
    command: (batch) => [program, [String(batch), values.seconds]],
    environment,
  }
  return values.batches.split(',').map((batch) => tableFor(Number(batch), [...CONTENDERS, kernels]))
})
if (!tables) throw new Error('the native program could not be built: run npm run build:native first')
writeSection(
  'Encoder',
  `${machine()}\n\nCommand: \`${commandLine('bench:encoder')}\`. A SampleCNN that was trained for 60 steps, on clips of the demo corpus. Two threads each. "AVX2 only": told to use no more (${Object.keys(AVX2).join(', ')}).\n\n${tables.join('\n\n')}`,
)
