/** What the metrics of a run tell about the training, as curves to draw. */
import { basename, join, resolve } from 'node:path'
import { ClmrError } from '../../errors.js'
import { recordsIn } from '../../runs/data-record.js'
import { METRICS_FILE } from '../../runs/layout.js'
import type { MetricsRecord } from '../../runs/metrics.js'
import { readRunConfig, readRunMetrics } from '../../runs/reader.js'

export interface TrainingCurve {
  name: string
  steps: number
  epochs: number
  /** mean loss of the first `averaged` steps, and of the last */
  firstLoss: number
  finalLoss: number
  /** a twentieth of the steps */
  averaged: number
  /** what was trained on; undefined if the run does not say */
  data?: string
  /** median over the steps */
  viewsPerSecond: number
  seconds: number
  /** columns of equal length, thinned to at most MAX_POINTS */
  step: number[]
  loss: (number | null)[]
  throughput: (number | null)[]
  validation: (number | null)[]
}

interface LoggedStep {
  step: number
  epoch: number
  loss: number
  viewsPerSecond: number
  seconds: number
  validLoss: number
}

const MAX_POINTS = 1500

const numberOr = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise)

/** undefined if a record is not about a step */
function loggedStep(record: MetricsRecord): LoggedStep | undefined {
  if (typeof record.loss !== 'number') return undefined
  return {
    step: record.step,
    epoch: numberOr(record.epoch, 0),
    loss: record.loss,
    viewsPerSecond: numberOr(record.viewsPerSecond, Number.NaN),
    seconds: numberOr(record.seconds, 0),
    validLoss: numberOr(record.validLoss, Number.NaN),
  }
}

/** A resumed run logs the steps after its checkpoint again: the later record counts. */
async function readSteps(run: string): Promise<LoggedStep[]> {
  const steps = new Map<number, LoggedStep>()
  for (const record of await readRunMetrics(run)) {
    const step = loggedStep(record)
    if (step) steps.set(step.step, step)
  }
  return [...steps.values()].sort((a, b) => a.step - b.step)
}

function finiteMean(values: number[]): number | null {
  const finite = values.filter(Number.isFinite)
  return finite.length ? finite.reduce((a, b) => a + b, 0) / finite.length : null
}

function median(values: number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

async function trainingData(run: string): Promise<string | undefined> {
  const config = await readRunConfig(run).catch(() => undefined)
  const training = config && recordsIn(config).training
  return training && `${training.tracks} tracks of ${basename(training.cache)}`
}

/** @throws IoError if there is no such run; ClmrError ERR_ARGUMENT if it holds no steps */
export async function readTrainingCurve(run: string): Promise<TrainingCurve> {
  const steps = await readSteps(run)
  if (steps.length === 0)
    throw new ClmrError('ERR_ARGUMENT', {
      what: 'the run has no steps to show',
      path: join(run, METRICS_FILE),
      remedy: 'Train first',
    })
  const size = Math.ceil(steps.length / MAX_POINTS)
  const buckets = Array.from({ length: Math.ceil(steps.length / size) }, (_, i) =>
    steps.slice(i * size, (i + 1) * size),
  )
  const tail = Math.max(1, Math.floor(steps.length / 20))
  const lossOf = (part: LoggedStep[]) => finiteMean(part.map((s) => s.loss)) ?? Number.NaN
  return {
    name: basename(resolve(run)),
    steps: steps.at(-1)!.step,
    epochs: Math.max(...buckets.map((bucket) => bucket.at(-1)!.epoch)),
    firstLoss: lossOf(steps.slice(0, tail)),
    finalLoss: lossOf(steps.slice(-tail)),
    averaged: tail,
    data: await trainingData(run),
    viewsPerSecond: median(steps.map((s) => s.viewsPerSecond)),
    seconds: steps.reduce((sum, s) => sum + s.seconds, 0),
    step: buckets.map((bucket) => bucket.at(-1)!.step),
    loss: buckets.map((bucket) => finiteMean(bucket.map((s) => s.loss))),
    throughput: buckets.map((bucket) => finiteMean(bucket.map((s) => s.viewsPerSecond))),
    validation: buckets.map((bucket) => finiteMean(bucket.map((s) => s.validLoss))),
  }
}
