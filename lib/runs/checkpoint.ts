/**
 * One checkpoint of a run: a folder that appears as a whole or not at all.
 *
 *   step-000120/model.safetensors      encoder.*, projector.*, and whatever else is no optimiser state
 *   step-000120/optimizer.safetensors  optimizer.*
 *   step-000120/state.json             step, epoch, what the trainer added, and the hash of every file
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CheckpointError, ClmrError, ioError } from '../errors.js'
import { type FileOperations, syncFolder, temporaryName, writeDurably } from '../files/atomic-file.js'
import { readSafetensors, safetensorsChunks } from '../formats/safetensors.js'
import { emptyStateDict, toFileTensors, toNamedTensor } from '../formats/state-dict.js'
import type { StateDict } from '../native/binding.js'

export const STATE_FILE = 'state.json'
export const MODEL_FILE = 'model.safetensors'
const OPTIMIZER_FILE = 'optimizer.safetensors'
/** hashed and written at a time, so that the event loop is free in between */
const PIECE_BYTES = 1 << 20

export interface CheckpointContent {
  tensors: StateDict
  step: number
  epoch: number
  /** plain JSON: counters, schedule, whatever the trainer needs to go on */
  extra?: Record<string, unknown>
}

export interface CheckpointState {
  format: 1
  step: number
  epoch: number
  extra: Record<string, unknown>
  /** SHA-256 of config.json */
  config: string
  /** how much of metrics.jsonl there was */
  metrics: { bytes: number; sha256: string }
  files: Record<string, { bytes: number; sha256: string }>
}

export interface LoadedCheckpoint extends Required<CheckpointContent> {
  path: string
  state: CheckpointState
}

/** state.json: the hash of the state, and the state. */
function render(state: CheckpointState): string {
  const sha256 = createHash('sha256').update(JSON.stringify(state)).digest('hex')
  return `${JSON.stringify({ sha256, state }, null, 2)}\n`
}

async function* hashed(
  chunks: Uint8Array[],
  done: (result: { bytes: number; sha256: string }) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let bytes = 0
  for (const chunk of chunks)
    for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES)
      hash.update(piece)
      bytes += piece.byteLength
      yield piece
    }
  done({ bytes, sha256: hash.digest('hex') })
}

function splitTensors(tensors: StateDict): Record<string, StateDict> {
  const parts = { [MODEL_FILE]: emptyStateDict(), [OPTIMIZER_FILE]: emptyStateDict() }
  for (const [name, tensor] of Object.entries(tensors))
    parts[name.startsWith('optimizer.') ? OPTIMIZER_FILE : MODEL_FILE]![name] = tensor
  return parts
}

export interface Surroundings {
  config: string
  metrics: CheckpointState['metrics']
  /** of model.safetensors */
  metadata: Record<string, string>
}

async function fill(folder: string, content: CheckpointContent, around: Surroundings, files: FileOperations) {
  const { step, epoch, extra = {} } = content
  const { config, metrics } = around
  const state: CheckpointState = { format: 1, step, epoch, extra, config, metrics, files: {} }
  await files.mkdir(folder)
  for (const [name, tensors] of Object.entries(splitTensors(content.tensors))) {
    const chunks = safetensorsChunks(toFileTensors(tensors), name === MODEL_FILE ? around.metadata : {})
    const note = (result: { bytes: number; sha256: string }) => {
      state.files[name] = result
    }
    await writeDurably(join(folder, name), hashed(chunks, note), files)
  }
  await writeDurably(join(folder, STATE_FILE), [Buffer.from(render(state))], files)
  await syncFolder(folder, files)
}

/**
 * Writes `<folder>/step-NNNNNN` as a unit: into a temporary folder, every file synced, renamed, parent synced. One
 * that stands there already is replaced.
 * @throws IoError; nothing is left behind then, and the checkpoints that were there are what they were
 */
export async function writeCheckpoint(
  folder: string,
  content: CheckpointContent,
  around: Surroundings,
  files: FileOperations,
): Promise<string> {
  const path = join(folder, `step-${String(content.step).padStart(6, '0')}`)
  const [fresh, replaced] = [temporaryName(path), temporaryName(path)]
  const clean = (name: string) => files.rm(name, { force: true, recursive: true }).catch(() => undefined)
  try {
    await fill(fresh, content, around, files)
    const stands = await stat(path).then(
      () => true,
      () => false,
    )
    if (stands) await files.rename(path, replaced)
    try {
      await files.rename(fresh, path)
    } catch (error) {
      if (stands) await files.rename(replaced, path)
      throw error
    }
    await syncFolder(folder, files)
  } catch (error) {
    await clean(fresh)
    throw error instanceof ClmrError ? error : ioError(error, path, 'write the checkpoint')
  }
  await clean(replaced)
  return path
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
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') throw damaged(path, `${STATE_FILE} is missing`)
    throw ioError(error, file, 'read')
  })
  let state: CheckpointState | undefined
  try {
    state = (JSON.parse(text) as { state?: CheckpointState }).state
  } catch (error) {
    throw damaged(path, `${STATE_FILE} is no JSON`, error)
  }
  if (!state || render(state) !== text) throw damaged(path, `${STATE_FILE} is not what was written`)
  if (state.format !== 1) throw damaged(path, `its format is ${state.format}, newer than this version knows`)
  return state
}

async function sha256Of(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    hash.update(piece as Buffer)
    bytes += (piece as Buffer).length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** Every byte of a checkpoint is what was written. @throws CheckpointError that says what is not, IoError */
export async function verifyCheckpoint(path: string): Promise<CheckpointState> {
  const state = await readState(path)
  for (const [name, expected] of Object.entries(state.files)) {
    const file = join(path, basename(name))
    const found = await sha256Of(file).catch((error) => {
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
