// The whole way beside the original: from a folder of audio files to the linear evaluation, clmr and CLMR in PyTorch on
// the same files and steps, each in a process of its own and in turn. Writes bench/RESULTS.md and prints the table of
// the README.
//   npm run bench:clmr -- [--data FOLDER] [--steps 50] [--batch 48] [--rounds 1] [--print]
// --data: audio files, a folder a class; without it the music of the demo. --print writes no file.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Dataset, prepare } from 'clmr'
import { writeCorpus } from '#lib/demo/index.js'
import {
  commandLine,
  MALLOC_TUNED,
  machine,
  optionsOf,
  pythonOfPeers,
  runContender,
  writeSection,
} from '../shared/bench.js'
import { type Outcome, PARTS, type WholeWay } from './job.js'

const values = optionsOf({
  data: undefined,
  steps: '50',
  batch: '48',
  rounds: '1',
  print: false,
})
const SEED = 1
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'clmr-bench-'))

interface Contender {
  name: string
  source: string
  command: () => [string, ...string[]]
  environment?: Record<string, string>
}
const python: Contender['command'] = () => [pythonOfPeers(), here('peers.py')]
const CONTENDERS: readonly Contender[] = [
  {
    name: 'clmr',
    source: 'ours.ts',
    command: () => [process.execPath, '--import', 'tsx', here('ours.ts')],
  },
  { name: 'PyTorch CLMR, as installed', source: 'peers.py', command: python },
  { name: 'PyTorch CLMR, malloc tuned', source: 'peers.py', command: python, environment: MALLOC_TUNED },
]

/** Lines of code between the marks, without comments and blank ones. */
function linesOf(source: string): number {
  const text = readFileSync(here(source), 'utf8')
  const [, part] = text.split(/^.*(?:begin|end): what a user writes.*$/m)
  return part!.split('\n').filter((line) => /\S/.test(line) && !/^\s*(?:\/\/|#)/.test(line)).length
}

async function musicFolder(): Promise<string> {
  if (values.data !== undefined) return resolve(values.data)
  const folder = join(scratch, 'corpus')
  await writeCorpus(folder, { seed: SEED, tracksPerClass: 12 })
  return folder
}

function jobOf(folder: string, dataset: Dataset): WholeWay {
  const train = dataset.tracks.filter(({ split }) => split === 'train')
  return {
    folder,
    cache: join(scratch, 'decoded'),
    steps: Number(values.steps),
    batchSize: Math.min(Number(values.batch), train.length),
    seed: SEED,
    tracks: dataset.tracks.map(({ path, labels, split }) => ({
      path,
      label: dataset.classes.indexOf(labels[0]!),
      split,
    })),
    classes: dataset.classes.length,
  }
}

function measure({ command, environment }: Contender, job: WholeWay): Outcome {
  rmSync(job.cache, { recursive: true, force: true })
  mkdirSync(job.cache, { recursive: true })
  const file = join(scratch, 'job.json')
  writeFileSync(file, JSON.stringify(job))
  const [program, ...args] = command()
  return runContender<Outcome>(program, [...args, file], environment)
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
const total = ({ seconds }: Outcome) => sum(PARTS.map((part) => seconds[part]))

function rowOf({ name, source }: Contender, outcomes: Outcome[], base: number): string {
  const fastest = outcomes.reduce((best, one) => (total(one) < total(best) ? one : best))
  const times = PARTS.map((part) => `${fastest.seconds[part].toFixed(1)} s`)
  const peak = Math.max(...outcomes.map((one) => one.peak)) / 1e9
  const whole = `${total(fastest).toFixed(1)} s (${(total(fastest) / base).toFixed(2)} ×)`
  const accuracy = `${(100 * fastest.accuracy).toFixed(1)} %`
  return `| ${[name, whole, ...times, `${peak.toFixed(2)} GB`, linesOf(source), accuracy].join(' | ')} |`
}

try {
  const folder = await musicFolder()
  using dataset = await prepare(folder, { cache: join(scratch, 'split'), labels: 'folders', seed: SEED })
  const job = jobOf(folder, dataset)
  const outcomes = CONTENDERS.map((): Outcome[] => [])
  for (let round = 1; round <= Number(values.rounds); round++)
    for (const [i, contender] of CONTENDERS.entries()) {
      outcomes[i]!.push(measure(contender, job))
      process.stderr.write(`round ${round}: ${contender.name}\n`)
    }
  const base = Math.min(...outcomes[0]!.map(total))
  const minutes = sum(dataset.tracks.map(({ duration }) => duration)) / 60
  const rows = CONTENDERS.map((contender, i) => rowOf(contender, outcomes[i]!, base))
  const body = `${machine()}

Command: \`${commandLine('bench:clmr')}\`. ${dataset.length} files, ${minutes.toFixed(0)} minutes of music; ${job.steps} steps of ${job.batchSize} examples with two views by the published chain; embeddings of all ${outcomes[0]![0]!.clips} windows; a linear probe by the paper's protocol. The fastest of ${values.rounds} round${values.rounds === '1' ? '' : 's'}; ${process.env.CLMR_THREADS ?? 'all'} threads. Peak memory: of the process, and of the largest of PyTorch's loader processes. Lines: what a user has to write, without imports. Accuracy says that both did the work; after so few steps it says no more.

| | whole way | decode | train | embed | probe | peak memory | lines | accuracy |
|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}`
  if (values.print) process.stdout.write(`${body}\n`)
  else writeSection('The whole way', body)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exit()
