/** A training and its run directory: what is stored, and how a run is taken up again. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Dataset, ofSources, openDataset, splitsOf } from '../cache/dataset.js'
import { CacheError, CheckpointError, ConfigError } from '../errors.js'
import { emptyStateDict } from '../formats/state-dict.js'
import { cutEventFiles, TensorBoardWriter } from '../formats/tensorboard.js'
import { CLMR_ARCHITECTURE } from '../model/architecture.js'
import { networkMetadata, saveModelState } from '../model/load-state.js'
import type { StateDict, TrainerState } from '../native/binding.js'
import { markedNames } from '../options.js'
import {
  changedParts,
  type DataRecord,
  type RunData,
  recordOf,
  recordsIn,
  type TrainedOn,
  trainedOnIn,
} from '../runs/data-record.js'
import { RunDirectory } from '../runs/directory.js'
import { currentConfig, underNewNames } from '../runs/former.js'
import { BEST_FILE } from '../runs/layout.js'
import { type Caches, rememberCaches } from '../runs/moved-caches.js'
import { readRunConfig } from '../runs/reader.js'
import { tellWarning } from '../warnings.js'
import type { TrainerConfig, TrainerOverrides } from './option-types.js'
import {
  type CompleteTrainerOptions,
  type ForNetwork,
  forNetwork,
  parseTrainerConfig,
  parseTrainerOptions,
  settledOptions,
  storedOptions,
  trainerConfig,
} from './options.js'
import { resumeRemarks } from './remarks.js'
import type { StepResult } from './types.js'
import type { WatchState } from './watch.js'

function notThere(cache: string, name: string): CacheError {
  return new CacheError({
    what: `${name} of this run is not where it was`,
    path: cache,
    remedy: 'Name the folder where it is now with --data (`dataset` of Trainer.resume): the run remembers it',
  })
}

/** Keeps in mind where the data of a run was found this time. */
async function rememberPlaces(run: string, data: RunData, options: CompleteTrainerOptions): Promise<void> {
  const moved: Caches = {}
  for (const [name, dataset] of [
    ['training', options.dataset],
    ['validation', options.validation],
  ] as const) {
    const record = data[name]
    if (!record || !dataset || changedParts(record, dataset).length > 0) continue
    const cache = resolve(dataset.cache)
    if (cache !== record.cache) moved[name] = cache
  }
  if (Object.keys(moved).length > 0) await rememberCaches(run, moved)
}

/** The tracks of a record in a cache: all, a split, or those among tracks that came later. */
async function reopen(
  record: DataRecord | undefined,
  name: string,
  cache = record?.cache,
): Promise<Dataset | undefined> {
  if (!record || cache === undefined) return undefined
  if (cache === record.cache && !existsSync(cache)) throw notThere(cache, name)
  const whole = await openDataset(cache)
  const known = record.sources && ofSources(whole, record.sources)
  const candidates = [whole, ...splitsOf(whole), ...(known ? [known] : [])]
  const same = candidates.find((dataset) => changedParts(record, dataset).length === 0)
  if (same) return same
  const likely = candidates.find((dataset) => dataset.length === record.tracks) ?? whole
  throw otherData(record, likely, name)
}

/**
 * What a run is trained and validated on, in a cache that may lie elsewhere now.
 * @throws ConfigError if the cache holds other tracks; CacheError
 */
export async function dataOfRun(
  run: string,
  cache: string,
): Promise<{ dataset?: Dataset; validation?: Dataset }> {
  const { training, validation } = recordsIn(await readRunConfig(run))
  return {
    dataset: await reopen(training, 'the cache', cache),
    validation: await reopen(validation, 'the cache', cache),
  }
}

function otherData(record: DataRecord, dataset: Dataset, name: string): ConfigError {
  return new ConfigError({
    what: `${name} does not hold the tracks that this run was trained on`,
    given: `${dataset.length} tracks in ${dataset.cache} with other ${changedParts(record, dataset).join(' and ')}`,
    expected: `the ${record.tracks} tracks of ${record.cache} as they were`,
    remedy: 'Start a new run with initFrom',
  })
}

function checkSame(record: DataRecord | undefined, dataset: Dataset, name: string): Dataset {
  if (record && changedParts(record, dataset).length > 0) throw otherData(record, dataset, name)
  return dataset
}

function underPrefix(tensors: StateDict, prefix: string): StateDict {
  const part = emptyStateDict()
  for (const [name, tensor] of Object.entries(tensors))
    if (name.startsWith(prefix)) part[name.slice(prefix.length)] = tensor
  return part
}

/** What TensorBoard shows. */
function scalarsOf(step: Omit<StepResult, 'tracks'>): Record<string, number> {
  const { loss, lr, gradientNorm, viewsPerSecond, validLoss, monitor = {}, metrics } = step
  const told = Object.entries(metrics).map(([name, value]) => [`train/${name}`, value])
  const measured = Object.entries(monitor).map(([name, value]) => [`valid/${name}`, value])
  return {
    'train/loss': loss,
    'train/lr': lr,
    'train/gradient_norm': gradientNorm,
    'train/views_per_second': viewsPerSecond,
    ...Object.fromEntries([...told, ...measured]),
    ...(validLoss === undefined ? {} : { 'valid/loss': validLoss }),
  }
}

/** What a run with these options records of its data. @param before of the weights that it begins with */
export function runDataOf({ dataset, validation }: CompleteTrainerOptions, before: TrainedOn): RunData {
  return { training: dataset && recordOf(dataset), validation: validation && recordOf(validation), before }
}

/** The run directory of a trainer. It is locked while it is open. */
export class Run {
  readonly path: string
  latestCheckpoint: string | undefined
  readonly #config: ForNetwork<TrainerConfig>
  #open: Promise<RunDirectory> | undefined
  #board: Promise<TensorBoardWriter> | undefined

  constructor(path: string, config: ForNetwork<TrainerConfig>, directory?: RunDirectory) {
    this.path = path
    this.#config = config
    this.#open = directory && Promise.resolve(directory)
  }

  /** @throws ArgumentError if the folder holds a run already; IoError */
  static async create(
    path: string,
    options: ForNetwork<CompleteTrainerOptions>,
    data: RunData,
  ): Promise<Run> {
    const config = storedOptions(options)
    const stored = { ...config, cropSeed: 'augmenter', data }
    return new Run(
      path,
      config,
      await RunDirectory.create(path, stored, {
        keep: config.keepCheckpoints,
        metadata: networkMetadata(config.architecture),
      }),
    )
  }

  #directory(): Promise<RunDirectory> {
    const { keepCheckpoints: keep, architecture } = this.#config
    this.#open ??= RunDirectory.open(this.path, { keep, metadata: networkMetadata(architecture) })
    return this.#open
  }

  async appendStep({ tracks: _tracks, ...record }: StepResult): Promise<void> {
    await (await this.#directory()).appendMetrics({ ...record })
    this.#board ??= TensorBoardWriter.create(this.path)
    await (await this.#board).writeScalars(record.step, scalarsOf(record))
  }

  /** @param isBest whether this is the best state so far: it is kept in a file of its own */
  async saveCheckpoint(state: TrainerState, watch: WatchState, isBest: boolean): Promise<void> {
    const directory = await this.#directory()
    const { best } = watch
    if (isBest && best)
      await saveModelState(join(this.path, BEST_FILE), {
        encoder: underPrefix(state.tensors, 'encoder.'),
        architecture: this.#config.architecture,
        projector: underPrefix(state.tensors, 'projector.'),
        head: underPrefix(state.tensors, 'head.'),
        metadata: { step: `${state.step}`, [best.measure]: `${best.value}` },
      })
    const extra = { config: this.#config, ...watch }
    this.latestCheckpoint = await directory.saveCheckpoint({ ...state, extra })
  }

  /** Gives the lock back; the next use takes it again. */
  async close(): Promise<void> {
    const [open, board] = [this.#open, this.#board]
    this.#open = undefined
    this.#board = undefined
    await (await board?.catch(() => undefined))?.close()
    await (await open?.catch(() => undefined))?.close()
  }
}

/** A run of before knows the best validation loss alone. */
function watchStateOf(extra: Record<string, unknown>): WatchState {
  const known = underNewNames(extra, { bestValidationLoss: 'bestValidLoss' }) as WatchState
  const { bestValidLoss, waited, best, pending } = known
  const former =
    bestValidLoss === undefined ? undefined : { measure: 'validLoss' as const, value: bestValidLoss, step: 0 }
  return { bestValidLoss, waited, best: best ?? former, ...(pending && { pending }) }
}

export interface ResumedRun {
  options: ForNetwork<CompleteTrainerOptions>
  run: Run
  state: TrainerState
  /**
   * Of the crops, where it is not that of the augmenter: a run whose config says no `cropSeed` was begun when they came
   * from the seed of the training, and goes on so.
   */
  cropSeed?: number
  trainedOn: TrainedOn
  watch: WatchState
}

/** Everything but the options that were given with `undefined`. */
function given<T extends object>(overrides: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(overrides).filter(([, value]) => value !== undefined),
  ) as Partial<T>
}

/** @throws ConfigError for an option that would change nothing in a run that goes on */
function refuseSettled(overrides: object): void {
  const name = settledOptions.find((option) => option in given(overrides))
  if (name === undefined) return
  throw new ConfigError({
    what: `Trainer.resume does not take the option ${JSON.stringify(name)}: the run has it from its beginning`,
    expected: 'the run directory as the first argument, and options that may change',
    remedy: 'Leave it out',
  })
}

/** What 'auto' came to when the run began is kept: the numbers would change with another precision. */
function settled({ precision, ...overrides }: TrainerOverrides): TrainerOverrides {
  return precision === 'auto' ? overrides : { precision, ...overrides }
}

/** The numbers of a run come from one seed. @throws ConfigError */
function refuseSeed(path: string, before: number, seed: number): void {
  if (seed === before) return
  throw new ConfigError({
    what: 'the run was started with another seed',
    path,
    given: `seed ${seed}`,
    expected: `seed ${before}`,
    remedy: 'Leave it out',
  })
}

/** @throws CheckpointError, ConfigError, IoError */
export async function openRun(path: string, overrides: TrainerOverrides): Promise<ResumedRun> {
  refuseSettled(overrides)
  const { keepCheckpoints, architecture = CLMR_ARCHITECTURE } = (await readRunConfig(
    path,
  )) as Partial<TrainerConfig>
  const keep = overrides.keepCheckpoints ?? keepCheckpoints
  const directory = await RunDirectory.open(path, { keep, metadata: networkMetadata(architecture) })
  try {
    const latest = await directory.loadLatest()
    if (!latest)
      throw new CheckpointError({
        what: 'this run ended before its first checkpoint',
        path,
        remedy: 'Delete the folder and start the run again: nothing is lost',
      })
    await cutEventFiles(path, latest.step)
    const { data: _records, cropSeed, ...config } = directory.config
    const data = recordsIn(directory.config)
    const { training, validation } = data
    const stored = currentConfig((latest.extra.config as object | undefined) ?? config)
    const options = forNetwork(
      parseTrainerOptions({ ...stored, ...given(settled(overrides)), runDirectory: path }, 'Trainer.resume'),
    )
    for (const warning of latest.warnings) tellWarning(warning, options.onWarning)
    const before = parseTrainerConfig(stored, 'the run')
    refuseSeed(path, before.seed, options.seed)
    options.dataset = options.dataset
      ? checkSame(training, options.dataset, 'dataset')
      : await reopen(training, 'the cache')
    options.validation = options.validation ?? (await reopen(validation, 'the cache of the validation set'))
    await rememberPlaces(path, data, options)
    const remarks = resumeRemarks(before, options, given(overrides), latest.step)
    for (const remark of remarks) tellWarning(remark, options.onWarning)
    const run = new Run(path, storedOptions(options), directory)
    run.latestCheckpoint = latest.path
    const other = cropSeed === 'augmenter' ? undefined : options.seed
    return {
      options,
      run,
      state: latest,
      cropSeed: other,
      trainedOn: trainedOnIn(data),
      watch: watchStateOf(latest.extra),
    }
  } catch (error) {
    await directory.close()
    throw error
  }
}

/** Options that change nothing in the numbers of the steps that follow. */
const FREE = markedNames(trainerConfig, 'free')

/** Those of them that a run that goes on may be given. */
export const freeOptions = FREE.filter((name) => !settledOptions.includes(name))

/**
 * Compares a config with that of a run, for going on with the run under it.
 * @throws ConfigError that names the options that have changed, except `free` ones such as epochs
 */
export function refuseChanges(stored: unknown, config: TrainerConfig, path: string): void {
  const before = forNetwork(trainerConfig.strip().parse(stored) as TrainerConfig)
  const now = forNetwork(config, before.architecture)
  const names = (Object.keys(trainerConfig.shape) as (keyof TrainerConfig)[]).filter(
    (name) => !FREE.includes(name),
  )
  const changed = names.filter(
    (name) =>
      !isDeepStrictEqual(before[name], now[name]) && !(name === 'precision' && config[name] === 'auto'),
  )
  if (changed.length === 0) return
  const name = changed[0]!
  throw new ConfigError({
    what: `the run was started with other options: ${changed.join(', ')}`,
    path,
    given: `${name} ${JSON.stringify(now[name])}`,
    expected: `${name} ${JSON.stringify(before[name])}`,
    remedy: 'Start a new run with initFrom',
  })
}
