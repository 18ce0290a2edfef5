// The loss of a training on the demo's corpus: clmr against CLMR in PyTorch with several seeds. Both read the same
// cache, each with its own weights, order, crops and augmentations. Writes bench/RESULTS.md.
//   npm run bench:loss-curve -- [--steps 200] [--examples 4] [--seeds 1,2,3,4,5,6] [--work folder]
// --work keeps the corpus and the finished curves, so that a run that was stopped goes on where it was.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ntXent, optimizers, prepare, setThreads, Trainer } from 'clmr'
import { writeCorpus } from '#lib/demo/index.js'
import { MALLOC_TUNED, machine, optionsOf, pythonOfPeers, writeSection } from '../shared/bench.js'

const values = optionsOf({
  steps: '200',
  examples: '4',
  seeds: '1,2,3,4,5,6',
  work: undefined,
})
const WINDOWS = 10
const [steps, examples] = [Number(values.steps), Number(values.examples)]
const seeds = values.seeds.split(',').map(Number)
const work = values.work ?? mkdtempSync(join(tmpdir(), 'clmr-curve-'))
mkdirSync(work, { recursive: true })

const corpus = join(work, 'corpus')
await writeCorpus(corpus, { seed: 1, tracksPerClass: 12 })
using dataset = await prepare(corpus, { cache: join(work, 'cache'), labels: 'folders', seed: 1 })

/** A curve of losses, from the file of an earlier run where there is one. */
async function curve(name: string, make: () => Promise<number[]>): Promise<number[]> {
  const file = join(work, `${name}-${steps}-${examples}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as number[]
  const losses = await make()
  writeFileSync(file, JSON.stringify(losses))
  process.stderr.write(`${name}\n`)
  return losses
}

async function ours(seed: number): Promise<number[]> {
  using trainer = await Trainer.create({
    dataset,
    batchSize: examples,
    epochs: steps,
    maxSteps: steps,
    viewNorm: 'separate',
    objective: ntXent({ temperature: 0.5 }),
    optimizer: optimizers.adam({ lr: 3e-4 }),
    seed,
  })
  const losses: number[] = []
  for await (const { loss } of trainer.steps()) losses.push(loss)
  return losses
}

async function theirs(seed: number): Promise<number[]> {
  const files = join(work, 'tracks.json')
  writeFileSync(files, JSON.stringify(dataset.tracks.map(({ file }) => file)))
  const script = fileURLToPath(new URL('curve.py', import.meta.url))
  const args = [script, files, values.steps, values.examples, String(seed)]
  const { stdout } = await promisify(execFile)(pythonOfPeers(), args, {
    env: { ...process.env, ...MALLOC_TUNED },
    maxBuffer: 2 ** 24,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as number[]
}

setThreads(2)
const mine: number[][] = []
const peers: number[][] = []
for (const seed of seeds) {
  mine.push(await curve(`clmr-${seed}`, () => ours(seed)))
  peers.push(await curve(`pytorch-${seed}`, () => theirs(seed)))
}

const mean = (losses: number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length
const windowsOf = (losses: number[]) =>
  Array.from({ length: WINDOWS }, (_, w) =>
    mean(losses.slice((w * steps) / WINDOWS, ((w + 1) * steps) / WINDOWS)),
  )
const [our, their] = [mine.map(windowsOf), peers.map(windowsOf)]
const at = (curves: number[][], w: number) => curves.map((curve) => curve[w]!)
let inside = 0
const rows = Array.from({ length: WINDOWS }, (_, w) => {
  const span = at(their, w)
  const [low, high] = [Math.min(...span), Math.max(...span)]
  const loss = mean(at(our, w))
  if (low <= loss && loss <= high) inside++
  const cells = [loss, ...at(our, w), ...span].map((value) => value.toFixed(3))
  return `| ${(w * steps) / WINDOWS + 1}–${((w + 1) * steps) / WINDOWS} | ${cells.join(' | ')} |`
})
/**
 * Whether the two groups differ more than chance has it, without a guess about how losses spread: of all ways to split
 * the curves into two groups of this size, how many lie as far apart as clmr and PyTorch, or farther.
 */
function splitsAsFar(): string {
  const all = [...our, ...their]
  const distance = (group: number[]) => {
    const rest = [...all.keys()].filter((i) => !group.includes(i))
    const [a, b] = [group, rest].map((ids) => ids.map((i) => all[i]!))
    return Math.hypot(...Array.from({ length: WINDOWS }, (_, w) => mean(at(a!, w)) - mean(at(b!, w))))
  }
  const groups = (from: number, size: number): number[][] =>
    size === 0
      ? [[]]
      : Array.from({ length: all.length - from }, (_, k) => from + k).flatMap((i) =>
          groups(i + 1, size - 1).map((rest) => [i, ...rest]),
        )
  const splits = groups(1, our.length - 1).map((rest) => [0, ...rest]) // a split and its mirror image are one
  const actual = distance([...our.keys()])
  const asFar = splits.filter((group) => distance(group) >= actual).length
  return `${asFar} of the ${splits.length} ways to split all curves into two groups of ${our.length}`
}

const names = [...seeds.map((seed) => `clmr ${seed}`), ...seeds.map((seed) => `PyTorch ${seed}`)]
writeSection(
  'Loss curve',
  `${machine()}

Command: \`npm run bench:loss-curve -- --steps ${steps} --examples ${examples} --seeds ${values.seeds}\`. ${steps} steps of ${examples} examples with two views on the demo's corpus (${dataset.length} tracks), Adam 3e-4, τ 0.5, the published chain; PyTorch: SampleCNN with torchaudio-augmentations and simclr's loss. Numbers behind a name are seeds. Mean losses of ${steps / WINDOWS} steps; clmr's mean lies between the lowest and the highest of PyTorch in ${inside} of ${WINDOWS} rows. ${splitsAsFar()} set the groups as far apart as clmr and PyTorch are, or farther. A small share would show a difference.

| steps | clmr, mean | ${names.join(' | ')} |
|${'---|'.repeat(names.length + 2)}
${rows.join('\n')}`,
)
