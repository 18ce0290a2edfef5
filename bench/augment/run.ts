// Augmentations: clmr against torchaudio-augmentations (sox, julius), torch-audiomentations and audiomentations, the same
// tasks in one run, each contender in a process of its own and in turn, several rounds, so that a drift of the machine meets
// all of them; then the distances from sox and julius. Writes bench/RESULTS.md.
//   npm run bench:augment -- [--rounds 2] [--seconds 0.2]
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  commandLine,
  MALLOC_TUNED,
  machine,
  optionsOf,
  pythonOfPeers,
  runContender,
  writeSection,
} from '../shared/bench.js'

const values = optionsOf({
  rounds: '2',
  seconds: '0.2',
})
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const python = pythonOfPeers()
const tasks = JSON.parse(readFileSync(here('tasks.json'), 'utf8')) as Record<string, { title: string }>

interface Contender {
  name: string
  command: [string, string[]]
  environment?: Record<string, string>
}

const peer = (name: string, environment?: Record<string, string>): Contender => ({
  name: `${name}${environment ? ', malloc tuned' : ''}`,
  command: [python, [here('peers.py'), name, values.seconds]],
  environment,
})
const ours = (name: string, threads: number, environment?: Record<string, string>): Contender => ({
  name,
  command: [process.execPath, ['--import', 'tsx', here('ours.ts'), String(threads), values.seconds]],
  environment,
})

const OURS = 'clmr'
const SOX = 'torchaudio-augmentations'
const CONTENDERS: Contender[] = [
  ours(OURS, 1),
  ours('clmr, two threads', 2),
  ours('clmr, AVX2 only', 1, { CLMR_CPU_CAPABILITY: 'avx2' }),
  ours('clmr, plain', 1, { CLMR_KERNELS: 'plain' }),
  peer(SOX),
  peer(SOX, MALLOC_TUNED),
  peer('torch-audiomentations'),
  peer('audiomentations'),
]

type Times = Record<string, number>

function measure({ name, command: [program, args], environment }: Contender): Times {
  process.stderr.write(`${name}\n`)
  return runContender<Times>(program, args, environment)
}

/** Contender → task → seconds a view, the mean of the rounds. */
function measureAll(): Map<string, Map<string, number>> {
  const rounds = Number(values.rounds)
  const all = new Map(CONTENDERS.map(({ name }) => [name, new Map<string, number>()]))
  for (let round = 0; round < rounds; round++)
    for (const contender of CONTENDERS) {
      const seconds = all.get(contender.name)!
      for (const [task, some] of Object.entries(measure(contender)))
        seconds.set(task, (seconds.get(task) ?? 0) + some / rounds)
    }
  return all
}

function timeTable(seconds: Map<string, Map<string, number>>): string {
  const names = [...seconds.keys()]
  const us = seconds.get(OURS)!
  const rows = Object.entries(tasks).map(([task, { title }]) => {
    const cells = names.map((name) => {
      const time = seconds.get(name)!.get(task)
      if (time === undefined) return '–'
      const ms = (time * 1000).toFixed(3)
      return name === OURS ? ms : `${ms} (${(time / us.get(task)!).toFixed(2)})`
    })
    return `| ${title} | ${cells.join(' | ')} |`
  })
  return `| ms a view (time ÷ clmr) | ${names.join(' | ')} |\n|---|${names.map(() => '---|').join('')}\n${rows.join('\n')}`
}

interface Quality {
  distances: Record<string, number>
  pitch: Record<string, number>[]
}

function qualityTables({ distances, pitch }: Quality): string {
  const plain = Object.entries(distances).map(
    ([what, value]) => `| ${what} | ${value === 0 ? 0 : value.toExponential(1)} |`,
  )
  const both = (row: Record<string, number>, what: string, digits: number) =>
    `${row[`${what}, ours`]!.toFixed(digits)} / ${row[`${what}, sox`]!.toFixed(digits)}`
  const rows = pitch.map(
    (row) =>
      `| ${row.cents! > 0 ? '+' : '−'}${Math.abs(row.cents!)} | ${row.distance!.toExponential(1)} | ${row['distance of the tune']!.toExponential(1)} | ${both(row, 'cents off', 2)} | ${both(row, 'signal to artefact', 1)} | ${both(row, 'log-spectral distance', 2)} | ${both(row, 'clicks', 2)} |`,
  )
  return `| distance at fixed parameters | |\n|---|---|\n${plain.join('\n')}

Pitch, clmr / sox (\`pitch\` and \`rate\`). Distance: relative to sox's output, of three tones with a tenth of white noise and of a synthesised tune. Cents off and signal to artefact (dB): tones of 220 to 1,760 Hz, the worst and the mean. Log-spectral distance (dB) from the tune synthesised at the shifted pitch. Clicks: part of the clicks of a train that are there once.

| cents | distance | of the tune | cents off | signal to artefact | log-spectral distance | clicks |
|---|---|---|---|---|---|---|
${rows.join('\n')}`
}

const seconds = measureAll()
const quality = JSON.parse(
  execFileSync(python, [here('quality.py'), process.execPath], { encoding: 'utf8', maxBuffer: 1e8 })
    .trim()
    .split('\n')
    .at(-1)!,
) as Quality
writeSection(
  'Augmentation',
  `${machine()}

Command: \`${commandLine('bench:augment')}\`. One thread unless said otherwise; clips of 59,049 samples at 22,050 Hz; torchaudio-augmentations 0.2.4 (sox and julius), torch-audiomentations 0.12.0 (batches of 4), audiomentations 0.43.1 (its filters are recursive ones, not sinc filters; its pitch shift is Signalsmith's). "–": it has no such transform.

${timeTable(seconds)}

${qualityTables(quality)}`,
)
