/** Reads the folder of a run: the one way in for training, models, reports and `clmr verify`. Nothing here changes it. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPath } from '../arguments.js'
import { CheckpointError, ConfigError, ioError } from '../errors.js'
import { readTextInput } from '../files/input.js'
import {
  type CheckpointState,
  type LoadedCheckpoint,
  listCheckpoints,
  type PinnedCheckpoint,
  withCheckpoint,
} from './checkpoint.js'
import { currentConfig } from './former.js'
import { CHECKPOINTS_FOLDER, CONFIG_FILE, METRICS_FILE } from './layout.js'
import { type MetricsRecord, metricsPrefixSha256, readMetricsFile } from './metrics.js'
import { withMovedCaches } from './moved-caches.js'

export { isCheckpointFolder, withCheckpoint } from './checkpoint.js'

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
      what: 'this is not a run directory',
      path,
      expected: `a folder with ${CONFIG_FILE}`,
      remedy: 'Check the path',
    })
  })
  try {
    const sha256 = createHash('sha256').update(text).digest('hex')
    return { config: await withMovedCaches(path, currentConfig(JSON.parse(text) as RunConfig)), sha256 }
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

/** A training may delete checkpoints faster than they are opened; so often the list is read anew. */
const MAX_TRIES = 100

function goneAlways(path: string): CheckpointError {
  return new CheckpointError({
    what: `the checkpoints of this run were deleted before they could be opened, ${MAX_TRIES} times`,
    path,
    remedy: 'Read the run once it has ended',
  })
}

/**
 * The newest checkpoint of which every byte is as written, given to `work` while its files are open; damaged ones are
 * passed over with a warning. Those that a training deletes meanwhile are neither.
 * @returns undefined if the run has no checkpoint yet
 * @throws CheckpointError if it has some, and all are damaged
 */
export async function withLatestCheckpoint<T>(
  path: string,
  work: (checkpoint: PinnedCheckpoint, valid: ValidCheckpoint) => Promise<T>,
): Promise<T | undefined> {
  const { sha256 } = await readStoredConfig(path)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const all = await listCheckpoints(join(path, CHECKPOINTS_FOLDER))
    if (all.length === 0) return undefined
    const warnings: string[] = []
    let isGone = false
    for (const { path: candidate } of all) {
      try {
        const done = await withCheckpoint(candidate, async (checkpoint) => {
          const state = await checkpoint.verify()
          if (state.config !== sha256)
            warnings.push(`${join(path, CONFIG_FILE)} was changed after this checkpoint`)
          return work(checkpoint, { path: candidate, state, warnings })
        })
        if (done) return done.result
        isGone = true
        break
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error
        warnings.push(error.message)
      }
    }
    if (isGone) continue
    throw new CheckpointError({
      what: `all ${all.length} checkpoints of this run are damaged: ${warnings[0]}`,
      path,
      remedy: 'Restore the folder from a copy',
    })
  }
  throw goneAlways(path)
}

/** The newest valid checkpoint with its tensors: see `withLatestCheckpoint`. */
export function readLatestCheckpoint(path: string): Promise<LatestCheckpoint | undefined> {
  return withLatestCheckpoint(path, async (checkpoint, { state, warnings }) => ({
    ...(await checkpoint.read(state)),
    warnings,
  }))
}

/** What `verifyRun` found. */
export interface RunReport {
  /** the folder of the run */
  path: string
  /** whether all files are unchanged */
  ok: boolean
  /** number of checkpoints, good and bad */
  checkpoints: number
  /** number of metrics records */
  metrics: number
  /** damaged files, and what is wrong with them */
  problems: { path: string; reason: string }[]
}

/** The metrics that a checkpoint recorded must still be the beginning of the log. */
async function checkMetrics(file: string, sealed: CheckpointState['metrics'] | undefined) {
  const { records, damaged } = await readMetricsFile(file)
  const reasons: string[] = []
  if (damaged > 0) reasons.push(`${damaged} lines are not records`)
  if (sealed && (await metricsPrefixSha256(file, sealed.bytes)) !== sealed.sha256)
    reasons.push('it is not what was written')
  return { metrics: records.length, problems: reasons.map((reason) => ({ path: file, reason })) }
}

/**
 * Checks a run for corruption: its config, its metrics up to the newest checkpoint, and all checkpoints. May be called
 * while the run is being trained.
 * @throws CheckpointError if the path is not a run directory, IoError
 */
export async function verifyRun(path: string): Promise<RunReport> {
  checkPath(path, 'verifyRun')
  const { sha256 } = await readStoredConfig(path)
  const problems: RunReport['problems'] = []
  let sealed: CheckpointState['metrics'] | undefined
  let checkpoints = 0
  for (const { path: folder, step } of await listCheckpoints(join(path, CHECKPOINTS_FOLDER))) {
    try {
      const checked = await withCheckpoint(folder, (checkpoint) => checkpoint.verify())
      if (!checked) continue // the training has deleted it
      checkpoints++
      if (checked.result.config !== sha256)
        problems.push({ path: join(path, CONFIG_FILE), reason: `it is not what it was at step ${step}` })
      sealed ??= checked.result.metrics
    } catch (error) {
      checkpoints++
      problems.push({ path: folder, reason: (error as Error).message })
    }
  }
  const log = await checkMetrics(join(path, METRICS_FILE), sealed)
  problems.push(...log.problems)
  return { path, ok: problems.length === 0, checkpoints, metrics: log.metrics, problems }
}

/**
 * The metrics of a run, in the order in which they were logged.
 * @throws IoError if there is no such folder, or no log in it
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

/** What a run was started with. @throws CheckpointError if the path is no run directory, ConfigError, IoError */
export async function readRunConfig(path: string): Promise<RunConfig> {
  return (await readStoredConfig(path)).config
}
