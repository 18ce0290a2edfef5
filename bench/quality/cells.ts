/** The cells of the comparison: a system, a seed, a number of minutes. A finished one is not run again. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Dataset, preset, type TrainerOptions } from 'clmr'
import { kept, runTraining, type Trains } from './job.js'
import { BASELINES, type Baseline, measure, type Worth } from './measure.js'
import { benchFolder } from './music.js'

export interface System {
  key: string
  name: string
  trains: Trains
  options?: TrainerOptions
}

export const SYSTEMS: readonly System[] = [
  { key: 'small', name: 'clmr, preset small', trains: 'clmr', options: preset('small') },
  { key: 'clmr', name: 'clmr, preset clmr (as published)', trains: 'clmr', options: preset('clmr') },
  { key: 'pytorch', name: 'PyTorch CLMR, malloc tuned', trains: 'pytorch' },
  { key: 'pytorch-installed', name: 'PyTorch CLMR, as installed', trains: 'pytorch-installed' },
]
export { BASELINES }

/** What weights of some age are worth. */
export interface Point {
  minutes: number
  views: number
  worth: Worth
  /** of other music, which no training has heard */
  check?: Worth
}

export interface Plan {
  dataset: Dataset
  check?: Dataset
  minutes: number
  marks: readonly number[]
}

const hashOf = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)
const musicKey = (dataset?: Dataset) => dataset?.tracks.map(({ sha256 }) => sha256) ?? []

async function worthOf(
  model: string,
  { dataset, check }: Plan,
  seed?: number,
): Promise<Omit<Point, 'minutes' | 'views'>> {
  const worth = await measure(model, dataset, seed)
  return check ? { worth, check: await measure(model, check, seed) } : { worth }
}

/** One training with its measures. Trainings and measures are kept apart: a cut in the second does not repeat the first. */
export async function trainedCell(
  { key, trains, options }: System,
  seed: number,
  plan: Plan,
): Promise<Point[]> {
  const { dataset, check, minutes, marks } = plan
  const fitted = options && { ...options, batchSize: Math.min(options.batchSize ?? 48, dataset.length) }
  const threads = process.env.CLMR_THREADS
  const id = hashOf([fitted, minutes, marks, threads, musicKey(dataset)])
  const name = `${key}-${minutes}m-seed${seed}-${id}`
  const folder = join(benchFolder(), 'weights', name)
  const tracks = dataset.tracks.map(({ file }) => file)
  const job = { cache: dataset.cache, tracks, seed, minutes, marks, folder, options: fitted }
  const reached = await kept(name, () => runTraining(trains, job))
  const points: Point[] = []
  for (const { file, ...mark } of reached) {
    const found = await kept(`${name}-${mark.views}-${hashOf(musicKey(check))}`, () => worthOf(file, plan))
    points.push({ ...mark, ...found })
  }
  return points
}

export function baselineCell(baseline: Baseline, seed: number, plan: Plan) {
  const name = `${baseline}-seed${seed}-${hashOf([musicKey(plan.dataset), musicKey(plan.check)])}`
  return kept(name, () => worthOf(baseline, plan, seed))
}
