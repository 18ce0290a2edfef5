/** What the trainings of this benchmark are told and tell: the same for clmr (train.ts) and for PyTorch (train.py). */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TrainerOptions } from 'clmr'
import { MALLOC_TUNED, pythonOfPeers, runContender } from '../shared/bench.js'
import { benchFolder } from './music.js'

export interface TrainingJob {
  /** of `prepare` */
  cache: string
  /** a split; without one all tracks, whose labels no training sees */
  subset?: 'train'
  /** the files of those tracks, for PyTorch */
  tracks: readonly string[]
  seed: number
  /** wall time without what is saved; or else `steps` */
  minutes?: number
  steps?: number
  /** shares of the whole at which weights are saved, ascending, the last one 1 */
  marks: readonly number[]
  /** where weights go */
  folder: string
  /** of clmr's training; PyTorch's is that of its repository */
  options?: TrainerOptions
}

/** Weights on the way. */
export interface Mark {
  minutes: number
  views: number
  file: string
}

export type Trains = 'clmr' | 'pytorch' | 'pytorch-installed'

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** What was found before under this name, or what `find` gives. Written whole: a call that is cut off leaves nothing. */
export async function kept<T>(name: string, find: () => T | Promise<T>): Promise<T> {
  const file = join(benchFolder(), 'cells', `${name}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as T
  const found = await find()
  mkdirSync(join(benchFolder(), 'cells'), { recursive: true })
  writeFileSync(`${file}.part`, JSON.stringify(found))
  renameSync(`${file}.part`, file)
  return found
}

/** Runs a training to its end. */
export function runTraining(who: Trains, job: TrainingJob): Mark[] {
  mkdirSync(job.folder, { recursive: true })
  const file = join(job.folder, 'job.json')
  writeFileSync(file, JSON.stringify(job))
  const [command, args] =
    who === 'clmr'
      ? [process.execPath, ['--import', 'tsx', here('train.ts'), file]]
      : [pythonOfPeers(), [here('train.py'), file]]
  return runContender<Mark[]>(command, args, who === 'pytorch' ? MALLOC_TUNED : {})
}
