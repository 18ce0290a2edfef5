// Whether each objective beats random weights in linear evaluation: on the demo's corpus with more tracks, several seeds of
// weights, batches and views. Trainings and results are kept in the folder: a run may be cut anywhere, and more steps go on
// from where fewer ended. The table is written to bench/RESULTS.md when all results are there.
//   npm run bench:objectives -- --out FOLDER [--steps 100] [--seeds 1,2,3] [--only byol --seed 2]
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  byol,
  type Dataset,
  Encoder,
  infoNce,
  ntXent,
  type Objective,
  openDataset,
  optimizers,
  prepare,
  Trainer,
} from 'clmr'
import { writeCorpus } from '#lib/demo/index.js'
import { embedDataset, similarTracks } from '#lib/evaluate/index.js'
import { linearEvaluation } from '#lib/evaluate/linear-evaluation.js'
import { isRunDirectory } from '#lib/runs/reader.js'
import { machine, optionsOf, writeSection } from '../shared/bench.js'

const values = optionsOf({
  out: undefined,
  steps: '100',
  seeds: '1,2,3',
  tracks: '24',
  batch: '16',
  only: undefined,
  seed: undefined,
})
const out = values.out
if (out === undefined) throw new Error('--out FOLDER: where the music and the results go')
const [steps, tracksPerClass, batchSize] = [values.steps, values.tracks, values.batch].map(Number) as [
  number,
  number,
  number,
]

interface Contender {
  objective?: Objective
  /** 0: nothing is learned, batch norm alone gets to know the data */
  rate?: number
}
/** In which running statistics, of momentum 0.1, come to stand at those of the data. */
const CALIBRATION_STEPS = 25
const BASELINE = 'random weights'
const CALIBRATED = 'random weights, batch statistics'
/** Momentum and queue for a run of a few epochs: the published ones are for hundreds. */
const CONTENDERS: Record<string, Contender> = {
  [BASELINE]: {},
  [CALIBRATED]: { objective: ntXent(), rate: 1e-30 },
  ntXent: { objective: ntXent() },
  infoNce: { objective: infoNce({ queue: 512, momentum: 0.99 }) },
  byol: { objective: byol({ momentum: 0.97, scheduleSteps: 1000 }) },
}

interface Result {
  published: number
  standardised: number
  nearest: number
  seconds: number
}

async function corpus(): Promise<Dataset> {
  const cache = join(out!, 'cache')
  if (existsSync(cache)) return openDataset(cache)
  const music = join(out!, 'corpus')
  await writeCorpus(music, { seed: 42, tracksPerClass })
  return prepare(music, { cache, labels: 'folders', seed: 42 })
}

async function train(name: string, seed: number, whole: Dataset): Promise<Encoder> {
  const { objective, rate } = CONTENDERS[name]!
  using dataset = whole.subset('train')
  const run = join(out!, 'runs', `${name.replace(/[ ,]+/g, '-')}-${seed}`)
  const maxSteps = rate === undefined ? steps : CALIBRATION_STEPS
  await using trainer = (await isRunDirectory(run))
    ? await Trainer.resume(run, { dataset, maxSteps })
    : await Trainer.create({
        ...{ dataset, objective, batchSize, seed, maxSteps, epochs: 10_000, runDirectory: run },
        ...{ optimizer: optimizers.adam({ lr: rate ?? 3e-4 }), checkpointEvery: 20, keepCheckpoints: 1 },
      })
  await trainer.fit({
    onStep: ({ step, loss, metrics, viewsPerSecond }) => {
      if (step % 10 === 0)
        process.stderr.write(
          `step ${step}: loss ${loss.toFixed(3)}, ${viewsPerSecond.toFixed(0)} views/s ${JSON.stringify(metrics)}\n`,
        )
    },
  })
  return Encoder.load(run)
}

async function measure(name: string, seed: number): Promise<Result> {
  const dataset = await corpus()
  const started = performance.now()
  using encoder = CONTENDERS[name]!.objective
    ? await train(name, seed, dataset)
    : await Encoder.create({ seed })
  const seconds = (performance.now() - started) / 1000
  const embeddings = await embedDataset(encoder, dataset, {})
  const published = await linearEvaluation(encoder, embeddings, { seed })
  const standardised = await linearEvaluation(encoder, embeddings, { seed, standardise: true })
  let same = 0
  for (const [i, track] of dataset.tracks.entries()) {
    const [nearest] = (await similarTracks(embeddings, i, { k: 1 })).rows
    if (nearest && dataset.tracks[nearest.index]!.labels[0] === track.labels[0]) same++
  }
  dataset.dispose()
  return {
    published: published.accuracy,
    standardised: standardised.accuracy,
    nearest: same / embeddings.dataset.tracks.length,
    seconds,
  }
}

const resultFile = (name: string, seed: number | string) =>
  join(out, `${name.replace(/[ ,]+/g, '-')}-${seed}-${steps}.json`)

const wanted = values.only ? [values.only] : Object.keys(CONTENDERS)
const seeds = (values.seed ?? values.seeds).split(',').map(Number)
for (const seed of seeds)
  for (const name of wanted) {
    if (existsSync(resultFile(name, seed))) continue
    const result = await measure(name, seed)
    process.stderr.write(`${name}, seed ${seed}: ${JSON.stringify(result)}\n`)
    writeFileSync(resultFile(name, seed), JSON.stringify(result))
  }

const all = values.seeds.split(',')
const missing = Object.keys(CONTENDERS).some((name) =>
  all.some((seed) => !existsSync(resultFile(name, seed))),
)
if (!missing) {
  const cell = (results: Result[], key: keyof Result) => {
    const shares = results.map((result) => 100 * result[key])
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length
    return `${mean.toFixed(1)} (${shares.map((share) => share.toFixed(1)).join(', ')})`
  }
  const rows = Object.keys(CONTENDERS).map((name) => {
    const results = all.map((seed) => JSON.parse(readFileSync(resultFile(name, seed), 'utf8')) as Result)
    return `| ${name} | ${cell(results, 'published')} | ${cell(results, 'standardised')} | ${cell(results, 'nearest')} |`
  })
  writeSection(
    'Objectives on the demo corpus',
    `${machine()}\n\nCommand: \`npm run bench:objectives -- --out FOLDER --steps ${steps}\`. ${tracksPerClass} tracks of each of 11 classes, 60/20/20 by track; ${steps} steps of ${batchSize} examples with two views, Adam 3e-4, seeds ${all.join(', ')} of weights, batches and views; % of the test tracks (of all tracks: nearest). In parentheses: seed by seed. "${CALIBRATED}": weights that nothing has changed, with the running statistics of batch norm from ${CALIBRATION_STEPS} batches; without them the embeddings of random weights all but vanish, which is what the published protocol sees.\n\n| | accuracy, published protocol | accuracy, standardised features | nearest track of the same class |\n|---|---|---|---|\n${rows.join('\n')}`,
  )
}
