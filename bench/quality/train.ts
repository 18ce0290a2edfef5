// One training of clmr, in a process of its own, with a clock that stands still while weights are saved.
//   node --import tsx train.ts JOB.json
// Prints a line of JSON: the marks. `minutes` or `steps` end it; a schedule is told the steps that fit into the minutes,
// by the speed of the first ones.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDataset, Trainer, type TrainerOptions } from 'clmr'
import type { Mark, TrainingJob } from './job.js'

const job = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as TrainingJob
const { cache, subset, seed, marks, folder } = job
const options = { ...job.options, seed } as TrainerOptions
const MINUTE = 60_000
/** Steps that tell the speed, after one that warms up; and the share of the time after which fewer are enough. */
const TRIAL = 4
const TRIAL_SHARE = 0.1

using dataset = await openDataset(cache, subset ? { subset } : {})
let saving = 0
const started = performance.now()
const minutesNow = () => (performance.now() - started - saving) / MINUTE

async function stepsWithin(minutes: number): Promise<number> {
  using trial = await Trainer.create({ ...options, dataset, maxSteps: TRIAL + 1, epochs: TRIAL + 1 })
  let from = 0
  let counted = 0
  for await (const { step } of trial.steps()) {
    counted = step - 1
    if (step === 1) from = minutesNow()
    else if (minutesNow() > TRIAL_SHARE * minutes) break
  }
  const rate = counted / (minutesNow() - from)
  return Math.max(1, Math.floor((minutes - minutesNow()) * rate))
}

const steps = job.steps ?? (await stepsWithin(job.minutes!))
const reached: Mark[] = []
await using trainer = await Trainer.create({ ...options, dataset, maxSteps: steps, epochs: steps })
const { batchSize, accumulate, augmenter } = trainer.config
const viewsOfStep = batchSize * accumulate * augmenter.views

async function save(step: number): Promise<void> {
  const minutes = minutesNow()
  const from = performance.now()
  const file = join(folder, `${step}.safetensors`)
  await trainer.encoder.save(file)
  reached.push({ minutes, views: step * viewsOfStep, file })
  saving += performance.now() - from
}

let next = 0
for await (const { step, loss } of trainer.steps()) {
  const share = job.steps ? step / job.steps : minutesNow() / job.minutes!
  const isLast = share >= 1 || step === steps
  if (isLast || share >= marks[next]!) await save(step)
  while (share >= (marks[next] ?? Number.POSITIVE_INFINITY)) next++
  if (step % 20 === 0) process.stderr.write(`step ${step} of ${steps}, loss ${loss.toFixed(3)}\n`)
  if (isLast) break
}
process.stdout.write(`${JSON.stringify(reached)}\n`)
