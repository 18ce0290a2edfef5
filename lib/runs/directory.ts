/** The folder of a training run that this process writes to. */
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ArgumentError, ioError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import { type FileOperations, nodeFiles } from '../files/durable.js'
import { makeFolder } from '../files/make-folder.js'
import { removeLeftovers, temporaryName } from '../files/temporary.js'
import { type CheckpointContent, listCheckpoints } from './checkpoint.js'
import { CHECKPOINTS_FOLDER, CONFIG_FILE, METRICS_FILE } from './layout.js'
import { lockRun } from './lock.js'
import type { MetricsRecord } from './metrics.js'
import { MetricsLog } from './metrics-log.js'
import {
  type LatestCheckpoint,
  type RunConfig,
  readLatestCheckpoint,
  readStoredConfig,
  type StoredConfig,
} from './reader.js'
import { writeCheckpoint } from './write-checkpoint.js'

export interface RunOptions {
  /** checkpoints that stay; older ones are deleted after each save. Default 3 */
  keep?: number
  /** metadata of every model.safetensors, such as the sample rate */
  metadata?: Record<string, string>
  files?: FileOperations
}

/** What a killed training left of checkpoints: whoever has the lock of the run may remove them, wherever they come from. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('.step-') && name.endsWith('.tmp'))
      await rm(join(folder, name), { recursive: true, force: true })
}

/** Renamed first, so that a kill in the middle does not leave half a checkpoint under its own name. */
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
    private readonly known: StoredConfig,
    private readonly metrics: MetricsLog,
    private readonly unlock: () => Promise<void>,
    private readonly options: Required<RunOptions>,
  ) {}

  /**
   * Starts a run in a folder, which is made if it is not there.
   * @throws ArgumentError if the folder holds a run, IoError if it cannot be written or another process does
   */
  static async create(path: string, config: RunConfig, options: RunOptions = {}): Promise<RunDirectory> {
    await makeFolder(path, options.files)
    const unlock = await lockRun(path)
    try {
      const held = (await readdir(path)).filter((name) =>
        [CONFIG_FILE, METRICS_FILE, CHECKPOINTS_FOLDER].includes(name),
      )
      if (held.length > 0)
        throw new ArgumentError({
          what: 'the folder already holds a run',
          path,
          given: `a folder with ${held.join(', ')}`,
          remedy: 'Resume that run',
        })
      const text = Buffer.from(`${JSON.stringify(config, null, 2)}\n`)
      await writeAtomically(join(path, CONFIG_FILE), [text], options.files)
    } catch (error) {
      await unlock()
      throw (error as NodeJS.ErrnoException).syscall ? ioError(error, path, 'start the run') : error
    }
    return RunDirectory.enter(path, unlock, options)
  }

  /**
   * Opens the run in a folder, to go on with it. Unfinished files of a crash are removed.
   * @throws CheckpointError if the path is no run directory; IoError if another process writes to it
   */
  static async open(path: string, options: RunOptions = {}): Promise<RunDirectory> {
    await readStoredConfig(path)
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
      const folder = join(path, CHECKPOINTS_FOLDER)
      await makeFolder(folder)
      await removeUnfinished(folder)
      await removeLeftovers(path)
      return new RunDirectory(
        path,
        await readStoredConfig(path),
        await MetricsLog.open(join(path, METRICS_FILE)),
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
      const folder = join(this.path, CHECKPOINTS_FOLDER)
      const path = await writeCheckpoint(folder, content, around, this.options.files)
      await this.prune(folder, step)
      return path
    })
    this.saving = saved.catch(() => undefined)
    return saved
  }

  /** Deletes the oldest checkpoints, and those after `step`, which are left of a training that was abandoned. */
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
   * @returns undefined if there is none yet
   * @throws CheckpointError if there are some, and all are damaged
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

  /** Waits for saves in flight, closes the log and releases the lock. May be called twice. */
  async close(): Promise<void> {
    await this.saving
    await this.metrics.close()
    await this.unlock()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
