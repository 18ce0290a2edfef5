/**
 * The folder of a training run, and everything that is written to it.
 *
 *   config.json    what the run was started with
 *   metrics.jsonl  one record a step or an epoch
 *   checkpoints/   step-NNNNNN/, each whole or absent (checkpoint.ts)
 *   run.lock       while a process writes here
 */

import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ArgumentError, CheckpointError, ConfigError, ioError } from '../errors.js'
import { type FileOperations, nodeFiles, temporaryName, writeAtomically } from '../files/atomic-file.js'
import { makeFolder } from '../files/make-folder.js'
import {
  type CheckpointContent,
  type CheckpointState,
  type LoadedCheckpoint,
  listCheckpoints,
  readVerified,
  verifyCheckpoint,
  writeCheckpoint,
} from './checkpoint.js'
import { lockRun } from './lock.js'
import { MetricsLog, type MetricsRecord, metricsPrefixSha256, readMetricsFile } from './metrics-log.js'

const CONFIG = 'config.json'
const METRICS = 'metrics.jsonl'
const CHECKPOINTS = 'checkpoints'

export type RunConfig = Record<string, unknown>

export interface RunOptions {
  /** checkpoints that stay; older ones are deleted after each save. Default 3 */
  keep?: number
  /** metadata of every model.safetensors, such as the sample rate */
  metadata?: Record<string, string>
  files?: FileOperations
}

export interface LatestCheckpoint extends LoadedCheckpoint {
  /** checkpoints that were passed over because they are damaged */
  warnings: string[]
}

interface ReadConfig {
  config: RunConfig
  sha256: string
}

async function readConfig(path: string): Promise<ReadConfig> {
  const file = join(path, CONFIG)
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw ioError(error, file, 'read')
    throw new CheckpointError({
      what: 'this is no run directory',
      path,
      expected: `a folder with ${CONFIG}`,
      remedy: 'Check the path, or start a new run there',
    })
  })
  try {
    const sha256 = createHash('sha256').update(text).digest('hex')
    return { config: JSON.parse(text) as RunConfig, sha256 }
  } catch (cause) {
    throw new ConfigError({ what: 'it is no JSON', path: file, remedy: 'Restore it from a copy', cause })
  }
}

/** Whether a path is the folder of a run. */
export async function isRunDirectory(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => [])
  return names.includes(CONFIG) && (names.includes(METRICS) || names.includes(CHECKPOINTS))
}

export interface ValidCheckpoint {
  path: string
  state: CheckpointState
  warnings: string[]
}

/**
 * The newest checkpoint whose every byte is what was written; damaged ones are passed over with a warning.
 * Nothing is read into memory, nothing is changed in the folder.
 * @returns undefined where the run has no checkpoint yet
 * @throws CheckpointError where it has some, and all are damaged
 */
export async function findLatestCheckpoint(path: string): Promise<ValidCheckpoint | undefined> {
  const { sha256 } = await readConfig(path)
  const all = await listCheckpoints(join(path, CHECKPOINTS))
  const warnings: string[] = []
  for (const { path: candidate } of all) {
    try {
      const state = await verifyCheckpoint(candidate)
      if (state.config !== sha256) warnings.push(`${join(path, CONFIG)} was changed after this checkpoint`)
      return { path: candidate, state, warnings }
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      warnings.push(error.message)
    }
  }
  if (all.length === 0) return undefined
  throw new CheckpointError({
    what: `all ${all.length} checkpoints of this run are damaged: ${warnings[0]}`,
    path,
    remedy: 'Restore the folder from a copy, or start a new run',
  })
}

/** As `findLatestCheckpoint`, with its tensors. */
export async function readLatestCheckpoint(path: string): Promise<LatestCheckpoint | undefined> {
  const latest = await findLatestCheckpoint(path)
  if (!latest) return undefined
  return { ...(await readVerified(latest.path, latest.state)), warnings: latest.warnings }
}

export interface RunReport {
  path: string
  ok: boolean
  /** how many checkpoints and metrics there are, good and bad */
  checkpoints: number
  metrics: number
  problems: { path: string; reason: string }[]
}

/** The metrics that a checkpoint saw must still stand at the beginning of the log. */
async function checkMetrics(file: string, sealed: CheckpointState['metrics'] | undefined) {
  const { records, damaged } = await readMetricsFile(file)
  const reasons: string[] = []
  if (damaged > 0) reasons.push(`${damaged} lines are no records`)
  if (sealed && (await metricsPrefixSha256(file, sealed.bytes)) !== sealed.sha256)
    reasons.push('it is not what was written')
  return { metrics: records.length, problems: reasons.map((reason) => ({ path: file, reason })) }
}

/**
 * Whether every byte of a run is what was written: config, metrics up to the newest checkpoint, all checkpoints.
 * Reads only; works beside a running training.
 * @throws CheckpointError where the path is no run directory, IoError
 */
export async function verifyRun(path: string): Promise<RunReport> {
  const { sha256 } = await readConfig(path)
  const problems: RunReport['problems'] = []
  let sealed: CheckpointState['metrics'] | undefined
  const all = await listCheckpoints(join(path, CHECKPOINTS))
  for (const { path: folder, step } of all) {
    try {
      const state = await verifyCheckpoint(folder)
      if (state.config !== sha256)
        problems.push({ path: join(path, CONFIG), reason: `it is not what it was at step ${step}` })
      sealed ??= state.metrics
    } catch (error) {
      problems.push({ path: folder, reason: (error as Error).message })
    }
  }
  const log = await checkMetrics(join(path, METRICS), sealed)
  problems.push(...log.problems)
  return { path, ok: problems.length === 0, checkpoints: all.length, metrics: log.metrics, problems }
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('.step-') && name.endsWith('.tmp'))
      await rm(join(folder, name), { recursive: true, force: true })
}

/** Under another name first: a kill in the middle must not leave half a checkpoint under its own. */
async function removeCheckpoint(path: string): Promise<void> {
  const aside = temporaryName(path)
  await rename(path, aside)
  await rm(aside, { recursive: true, force: true })
}

/** A run directory that this process writes to. Close it, or declare it with `await using`. */
export class RunDirectory implements AsyncDisposable {
  private saving: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly path: string,
    private readonly known: ReadConfig,
    private readonly metrics: MetricsLog,
    private readonly unlock: () => Promise<void>,
    private readonly options: Required<RunOptions>,
  ) {}

  /**
   * Starts a run in a folder, which is made if it is not there.
   * @throws ArgumentError where the folder holds a run, IoError where it cannot be written or another process does
   */
  static async create(path: string, config: RunConfig, options: RunOptions = {}): Promise<RunDirectory> {
    await makeFolder(path)
    const unlock = await lockRun(path)
    try {
      const held = (await readdir(path)).filter((name) => [CONFIG, METRICS, CHECKPOINTS].includes(name))
      if (held.length > 0)
        throw new ArgumentError({
          what: 'the folder already holds a run',
          path,
          given: `a folder with ${held.join(', ')}`,
          remedy: 'Resume that run, or choose another folder',
        })
      const text = Buffer.from(`${JSON.stringify(config, null, 2)}\n`)
      await writeAtomically(join(path, CONFIG), [text], options.files)
    } catch (error) {
      await unlock()
      throw (error as NodeJS.ErrnoException).syscall ? ioError(error, path, 'start the run') : error
    }
    return RunDirectory.enter(path, unlock, options)
  }

  /**
   * Opens the run in a folder for going on. What a crash left unfinished is cleared away.
   * @throws CheckpointError where the path is no run directory; IoError where another process writes to it
   */
  static async open(path: string, options: RunOptions = {}): Promise<RunDirectory> {
    await readConfig(path)
    return RunDirectory.enter(path, await lockRun(path), options)
  }

  private static async enter(
    path: string,
    unlock: () => Promise<void>,
    given: RunOptions,
  ): Promise<RunDirectory> {
    const { keep = 3, metadata = {}, files = nodeFiles } = given
    const options = { keep, metadata, files }
    try {
      const folder = join(path, CHECKPOINTS)
      await makeFolder(folder)
      await removeLeftovers(folder)
      return new RunDirectory(
        path,
        await readConfig(path),
        await MetricsLog.open(join(path, METRICS)),
        unlock,
        options,
      )
    } catch (error) {
      await unlock()
      throw (error as NodeJS.ErrnoException).syscall ? ioError(error, path, 'open the run') : error
    }
  }

  get config(): RunConfig {
    return this.known.config
  }

  /**
   * Writes a checkpoint durably, then deletes those beyond `keep`. Saves that overlap are done one after the other.
   * @returns its folder
   * @throws IoError; the checkpoints before it are untouched then
   */
  saveCheckpoint(content: CheckpointContent): Promise<string> {
    const saved = this.saving.then(async () => {
      const metrics = await this.metrics.seal()
      const { step, epoch } = content
      const metadata = { producer: 'clmr', ...this.options.metadata, step: `${step}`, epoch: `${epoch}` }
      const around = { config: this.known.sha256, metrics, metadata }
      const folder = join(this.path, CHECKPOINTS)
      const path = await writeCheckpoint(folder, content, around, this.options.files)
      await this.prune(folder, step)
      return path
    })
    this.saving = saved.catch(() => undefined)
    return saved
  }

  /** Older ones go first by step; what lies after `step` is of a future that was given up. */
  private async prune(folder: string, step: number): Promise<void> {
    const all = await listCheckpoints(folder)
    const older = all.filter((checkpoint) => checkpoint.step <= step).slice(Math.max(1, this.options.keep))
    for (const { path } of [...all.filter((checkpoint) => checkpoint.step > step), ...older])
      await removeCheckpoint(path).catch((error) => {
        throw ioError(error, path, 'delete the old checkpoint')
      })
  }

  /**
   * The newest valid checkpoint, to go on from. The metrics after its step are cut off: they will be made again.
   * @returns undefined where there is none yet
   * @throws CheckpointError where there are some, and all are damaged
   */
  async loadLatest(): Promise<LatestCheckpoint | undefined> {
    const latest = await readLatestCheckpoint(this.path)
    await this.metrics.cutAfter(latest?.step ?? 0)
    return latest
  }

  /** @throws IoError, and the log is what it was */
  appendMetrics(record: MetricsRecord): Promise<void> {
    return this.metrics.append(record)
  }

  /** Waits for saves in flight, closes the log, gives the lock back. May be called twice. */
  async close(): Promise<void> {
    await this.saving
    await this.metrics.close()
    await this.unlock()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The records of a run's metrics.jsonl, for reports. @throws IoError */
export async function readRunMetrics(path: string): Promise<MetricsRecord[]> {
  return (await readMetricsFile(join(path, METRICS))).records
}

/** What a run was started with. @throws CheckpointError where the path is no run directory, ConfigError, IoError */
export async function readRunConfig(path: string): Promise<RunConfig> {
  return (await readConfig(path)).config
}
