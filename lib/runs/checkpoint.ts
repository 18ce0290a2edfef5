/** Reads the checkpoints of a run. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CheckpointError, IoError, ioError } from '../errors.js'
import { hashHandle } from '../files/hash-file.js'
import { type OpenFile, type OpenInput, openFile, openRegularFile } from '../files/input.js'
import { readSafetensors } from '../formats/safetensors.js'
import { emptyStateDict, toNamedTensor } from '../formats/state-dict.js'
import type { StateDict } from '../native/binding.js'
import { STATE_FILE } from './layout.js'

/** bytes that are hashed, read or written at a time, so that the event loop is free in between */
export const PIECE_BYTES = 1 << 20

export interface CheckpointContent {
  tensors: StateDict
  step: number
  epoch: number
  /** plain JSON: counters, schedule, and whatever else the trainer needs to go on */
  extra?: Record<string, unknown>
}

export interface CheckpointState {
  format: 1
  step: number
  epoch: number
  extra: Record<string, unknown>
  /** SHA-256 of config.json */
  config: string
  /** the part of metrics.jsonl that had been written */
  metrics: { bytes: number; sha256: string }
  files: Record<string, { bytes: number; sha256: string }>
}

export interface LoadedCheckpoint extends Required<CheckpointContent> {
  path: string
  state: CheckpointState
}

/** state.json: the hash of the state, and the state. */
export function renderState(state: CheckpointState): string {
  const sha256 = createHash('sha256').update(JSON.stringify(state)).digest('hex')
  return `${JSON.stringify({ sha256, state }, null, 2)}\n`
}

function damaged(path: string, what: string, cause?: unknown): CheckpointError {
  return new CheckpointError({
    what: `this checkpoint is damaged: ${what}`,
    path,
    remedy: 'Use an older checkpoint of the run',
    cause,
  })
}

/** A state.json is a few hundred bytes and what the trainer keeps there. */
const MAX_STATE_BYTES = 16 << 20

async function readState(path: string, files: ReadonlyMap<string, OpenInput>): Promise<CheckpointState> {
  const file = files.get(STATE_FILE)
  if (!file) throw damaged(path, `${STATE_FILE} is missing`)
  if (file.stat.size > MAX_STATE_BYTES)
    throw damaged(path, `${STATE_FILE} has ${file.stat.size} bytes, more than ${MAX_STATE_BYTES}`)
  const text = await file.handle.readFile('utf8').catch((error) => {
    throw ioError(error, join(path, STATE_FILE), 'read')
  })
  let state: CheckpointState | undefined
  let isSame: boolean
  try {
    state = (JSON.parse(text) as { state?: CheckpointState } | null)?.state
    isSame = state !== undefined && renderState(state) === text // deep nesting ends in a RangeError
  } catch (error) {
    throw damaged(path, `${STATE_FILE} is no JSON that was written here`, error)
  }
  if (!state || !isSame) throw damaged(path, `${STATE_FILE} is not what was written`)
  if (state.format !== 1) throw damaged(path, `its format is ${state.format}, newer than this version knows`)
  return state
}

/**
 * A checkpoint whose files are all open: it can be read to its end although the training that it comes from deletes it
 * meanwhile. Close it, or declare it with `await using`.
 */
export class PinnedCheckpoint implements AsyncDisposable {
  private constructor(
    readonly path: string,
    private readonly files: Map<string, OpenInput>,
  ) {}

  /** @throws IoError; the raw ENOENT where it was deleted in the middle */
  static async open(path: string): Promise<PinnedCheckpoint> {
    const files = new Map<string, OpenInput>()
    try {
      for (const name of await readdir(path)) files.set(name, await openRegularFile(join(path, name)))
      return new PinnedCheckpoint(path, files)
    } catch (error) {
      for (const { handle } of files.values()) await handle.close()
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
      if (error instanceof IoError) throw damaged(path, `it holds something foreign: ${error.message}`)
      throw ioError(error, path, 'read the checkpoint')
    }
  }

  /** Checks that every byte is as written. @throws CheckpointError that says what is not, IoError */
  async verify(): Promise<CheckpointState> {
    const { path, files } = this
    const state = await readState(path, files)
    for (const [name, expected] of Object.entries(state.files)) {
      const file = files.get(name)
      if (!file) throw damaged(path, `${name} is missing`)
      const found = await hashHandle(file.handle).catch((error) => {
        throw ioError(error, join(path, name), 'read')
      })
      if (found.bytes !== expected.bytes)
        throw damaged(path, `${name} has ${found.bytes} bytes instead of ${expected.bytes}`)
      if (found.sha256 !== expected.sha256) throw damaged(path, `${name} is not what was written`)
    }
    const stranger = [...files.keys()].find(
      (name) => name !== STATE_FILE && !Object.hasOwn(state.files, name),
    )
    if (stranger) throw damaged(path, `it holds the foreign file ${stranger}`)
    return state
  }

  /** Gives one of its files away, which is closed by whoever takes it. */
  take(name: string): OpenFile {
    const file = this.files.get(name)
    if (!file) throw damaged(this.path, `${name} is missing`)
    this.files.delete(name)
    return openFile(join(this.path, name), file)
  }

  /** All tensors. @throws CheckpointError, IoError */
  async read(state: CheckpointState): Promise<LoadedCheckpoint> {
    const tensors = emptyStateDict()
    for (const name of Object.keys(state.files)) {
      const { tensors: read } = await readSafetensors(this.take(name))
      for (const [key, tensor] of read) tensors[key] = toNamedTensor(tensor)
    }
    const { step, epoch, extra } = state
    return { path: this.path, tensors, step, epoch, extra, state }
  }

  async close(): Promise<void> {
    for (const { handle } of this.files.values()) await handle.close()
    this.files.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What stands at a path at the moment: undefined if nothing does. */
const identityOf = (path: string): Promise<string | undefined> =>
  stat(path).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => undefined,
  )

/**
 * Opens a checkpoint and works on it.
 * @returns what `work` returns; undefined if the checkpoint was deleted or replaced before its files were open
 * @throws CheckpointError, IoError; what `work` throws
 */
export async function withCheckpoint<T>(
  path: string,
  work: (checkpoint: PinnedCheckpoint) => Promise<T>,
): Promise<{ result: T } | undefined> {
  const before = await identityOf(path)
  try {
    await using checkpoint = await PinnedCheckpoint.open(path)
    return { result: await work(checkpoint) }
  } catch (error) {
    // files that were gone before they could be opened are missing in it: that is no damage
    if (before === undefined || before !== (await identityOf(path))) return undefined
    throw (error as NodeJS.ErrnoException).syscall ? ioError(error, path, 'read the checkpoint') : error
  }
}

/** `step-NNNNNN` folders, newest first. A missing folder holds none. @throws IoError */
export async function listCheckpoints(folder: string): Promise<{ path: string; step: number }[]> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw ioError(error, folder, 'read')
  })
  return names
    .flatMap((name) => {
      const step = /^step-(\d{6,15})$/.exec(name)?.[1]
      return step === undefined ? [] : [{ path: join(folder, name), step: Number(step) }]
    })
    .sort((a, b) => b.step - a.step)
}

/** Whether a path is one checkpoint of a run. */
export async function isCheckpointFolder(path: string): Promise<boolean> {
  return stat(join(path, STATE_FILE)).then(
    (found) => found.isFile(),
    () => false,
  )
}
