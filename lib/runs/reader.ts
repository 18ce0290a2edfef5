/** Reads the folder of a run: the one way in for training, models, reports and `clmr verify`. Nothing here changes it. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError, ConfigError, ioError } from '../errors.js'
import { readTextInput } from '../files/input.js'
import {
  type CheckpointState,
  type LoadedCheckpoint,
  listCheckpoints,
  readVerified,
  verifyCheckpoint,
} from './checkpoint.js'
import { currentConfig } from './former.js'
import { CHECKPOINTS_FOLDER, CONFIG_FILE, METRICS_FILE } from './layout.js'
import { type MetricsRecord, metricsPrefixSha256, readMetricsFile } from './metrics.js'

export type RunConfig = Record<string, unknown>

export interface LatestCheckpoint extends LoadedCheckpoint {
  /** checkpoints that were passed over because they are damaged */
  warnings: string[]
}

/** The config, and its hash, which every checkpoint records. */
export interface StoredConfig {
  config: RunConfig
  sha256: string
}

export async function readStoredConfig(path: string): Promise<StoredConfig> {
  const file = join(path, CONFIG_FILE)
  const text = await readTextInput(file).catch((error) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw ioError(error, file, 'read')
    throw new CheckpointError({
      what: 'this is no run directory',
      path,
      expected: `a folder with ${CONFIG_FILE}`,
      remedy: 'Check the path, or start a new run there',
    })
  })
  try {
    const sha256 = createHash('sha256').update(text).digest('hex')
    return { config: currentConfig(JSON.parse(text) as RunConfig), sha256 }
  } catch (cause) {
    throw new ConfigError({ what: 'it is no JSON', path: file, remedy: 'Restore it from a copy', cause })
  }
}

/** Whether a path is the folder of a run. */
export async function isRunDirectory(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => [])
  return names.includes(CONFIG_FILE) && (names.includes(METRICS_FILE) || names.includes(CHECKPOINTS_FOLDER))
}

export interface ValidCheckpoint {
  path: string
  state: CheckpointState
  warnings: string[]
}

/**
 * The newest checkpoint of which every byte is as written; damaged ones are passed over with a warning. Tensors are
 * hashed, but not kept in memory.
 * @returns undefined where the run has no checkpoint yet
 * @throws CheckpointError where it has some, and all are damaged
 */
export async function findLatestCheckpoint(path: string): Promise<ValidCheckpoint | undefined> {
  const { sha256 } = await readStoredConfig(path)
  const all = await listCheckpoints(join(path, CHECKPOINTS_FOLDER))
  const warnings: string[] = []
  for (const { path: candidate } of all) {
    try {
      const state = await verifyCheckpoint(candidate)
      if (state.config !== sha256)
        warnings.push(`${join(path, CONFIG_FILE)} was changed after this checkpoint`)
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

/** The metrics that a checkpoint recorded must still be the beginning of the log. */
async function checkMetrics(file: string, sealed: CheckpointState['metrics'] | undefined) {
  const { records, damaged } = await readMetricsFile(file)
  const reasons: string[] = []
  if (damaged > 0) reasons.push(`${damaged} lines are no records`)
  if (sealed && (await metricsPrefixSha256(file, sealed.bytes)) !== sealed.sha256)
    reasons.push('it is not what was written')
  return { metrics: records.length, problems: reasons.map((reason) => ({ path: file, reason })) }
}

/**
 * Checks that every byte of a run is as written: config, metrics up to the newest checkpoint, all checkpoints.
 * May be called while the run is being trained.
 * @throws CheckpointError where the path is no run directory, IoError
 */
export async function verifyRun(path: string): Promise<RunReport> {
  const { sha256 } = await readStoredConfig(path)
  const problems: RunReport['problems'] = []
  let sealed: CheckpointState['metrics'] | undefined
  const all = await listCheckpoints(join(path, CHECKPOINTS_FOLDER))
  for (const { path: folder, step } of all) {
    try {
      const state = await verifyCheckpoint(folder)
      if (state.config !== sha256)
        problems.push({ path: join(path, CONFIG_FILE), reason: `it is not what it was at step ${step}` })
      sealed ??= state.metrics
    } catch (error) {
      problems.push({ path: folder, reason: (error as Error).message })
    }
  }
  const log = await checkMetrics(join(path, METRICS_FILE), sealed)
  problems.push(...log.problems)
  return { path, ok: problems.length === 0, checkpoints: all.length, metrics: log.metrics, problems }
}

/**
 * The metrics of a run, in the order in which they were logged.
 * @throws IoError where there is no such folder, or no log in it
 */
export async function readRunMetrics(path: string): Promise<MetricsRecord[]> {
  await stat(path).catch((error) => {
    throw ioError(error, path, 'open the run directory')
  })
  const file = join(path, METRICS_FILE)
  await stat(file).catch((error) => {
    throw ioError(error, file, 'read the log of the run')
  })
  return (await readMetricsFile(file)).records
}

/** What a run was started with. @throws CheckpointError where the path is no run directory, ConfigError, IoError */
export async function readRunConfig(path: string): Promise<RunConfig> {
  return (await readStoredConfig(path)).config
}
