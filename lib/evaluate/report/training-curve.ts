/** What a run directory tells about the training: one line a step in metrics.jsonl. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { ClmrError, ioError } from '../../errors.js'

export interface TrainingCurve {
  name: string
  steps: number
  epochs: number
  /** mean loss of the last twentieth of the steps, and of the first */
  firstLoss: number
  finalLoss: number
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
  validationLoss: number
}

const MAX_POINTS = 1500

const numberOr = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise)

/** A line that was cut off by a crash, and lines that are not about a step, are passed over. */
function parseLine(line: string): LoggedStep | undefined {
  let json: Record<string, unknown> | null
  try {
    json = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof json?.step !== 'number' || typeof json.loss !== 'number') return undefined
  return {
    step: json.step,
    epoch: numberOr(json.epoch, 0),
    loss: json.loss,
    viewsPerSecond: numberOr(json.viewsPerSecond, Number.NaN),
    seconds: numberOr(json.seconds, 0),
    validationLoss: numberOr(json.validationLoss, Number.NaN),
  }
}

/** A resumed run logs the steps after its checkpoint again: the later line counts. */
async function readSteps(path: string): Promise<LoggedStep[]> {
  const steps = new Map<number, LoggedStep>()
  try {
    for await (const line of createInterface({
      input: createReadStream(path, 'utf8'),
      crlfDelay: Infinity,
    })) {
      const step = parseLine(line)
      if (step) steps.set(step.step, step)
    }
  } catch (error) {
    throw ioError(error, path, 'read the log of the run')
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

/** @throws IoError where there is no such run; ClmrError ERR_ARGUMENT where it holds no steps */
export async function readTrainingCurve(run: string): Promise<TrainingCurve> {
  const path = join(run, 'metrics.jsonl')
  await stat(run).catch((error) => {
    throw ioError(error, run, 'open the run directory')
  })
  const steps = await readSteps(path)
  if (steps.length === 0)
    throw new ClmrError('ERR_ARGUMENT', {
      what: 'the run has no steps to show',
      path,
      remedy: 'Train first, or leave the run out',
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
    viewsPerSecond: median(steps.map((s) => s.viewsPerSecond)),
    seconds: steps.reduce((sum, s) => sum + s.seconds, 0),
    step: buckets.map((bucket) => bucket.at(-1)!.step),
    loss: buckets.map((bucket) => finiteMean(bucket.map((s) => s.loss))),
    throughput: buckets.map((bucket) => finiteMean(bucket.map((s) => s.viewsPerSecond))),
    validation: buckets.map((bucket) => finiteMean(bucket.map((s) => s.validationLoss))),
  }
}
