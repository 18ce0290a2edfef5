/** Reads the checkpoints of a run. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CheckpointError, ioError } from '../errors.js'
import { hashFile } from '../files/hash-file.js'
import { readTextInput } from '../files/input.js'
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
    remedy: 'Use an older checkpoint of the run, or a copy',
    cause,
  })
}

async function readState(path: string): Promise<CheckpointState> {
  const file = join(path, STATE_FILE)
  const text = await readTextInput(file).catch((error) => {
    if (error.code === 'ENOENT') throw damaged(path, `${STATE_FILE} is missing`)
    throw ioError(error, file, 'read')
  })
  let state: CheckpointState | undefined
  try {
    state = (JSON.parse(text) as { state?: CheckpointState }).state
  } catch (error) {
    throw damaged(path, `${STATE_FILE} is no JSON`, error)
  }
  if (!state || renderState(state) !== text) throw damaged(path, `${STATE_FILE} is not what was written`)
  if (state.format !== 1) throw damaged(path, `its format is ${state.format}, newer than this version knows`)
  return state
}

/** Checks that every byte of a checkpoint is as written. @throws CheckpointError that says what is not, IoError */
export async function verifyCheckpoint(path: string): Promise<CheckpointState> {
  const state = await readState(path)
  for (const [name, expected] of Object.entries(state.files)) {
    const file = join(path, basename(name))
    const found = await hashFile(file).catch((error) => {
      if (error.code === 'ENOENT') throw damaged(path, `${name} is missing`)
      throw ioError(error, file, 'read')
    })
    if (found.bytes !== expected.bytes)
      throw damaged(path, `${name} has ${found.bytes} bytes instead of ${expected.bytes}`)
    if (found.sha256 !== expected.sha256) throw damaged(path, `${name} is not what was written`)
  }
  const strangers = (await readdir(path)).filter(
    (name) => name !== STATE_FILE && !Object.hasOwn(state.files, name),
  )
  if (strangers.length > 0) throw damaged(path, `it holds the foreign file ${strangers[0]}`)
  return state
}

/** The tensors of a checkpoint that has been verified. @throws CheckpointError, IoError */
export async function readVerified(path: string, state: CheckpointState): Promise<LoadedCheckpoint> {
  const tensors = emptyStateDict()
  for (const name of Object.keys(state.files)) {
    const { tensors: read } = await readSafetensors(join(path, name))
    for (const [key, tensor] of read) tensors[key] = toNamedTensor(tensor)
  }
  const { step, epoch, extra } = state
  return { path, tensors, step, epoch, extra, state }
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
