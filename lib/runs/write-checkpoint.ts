/** Writes one checkpoint of a run: a folder that appears as a whole or not at all. */
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ClmrError, ioError } from '../errors.js'
import { type FileOperations, syncFolder, writeDurably } from '../files/durable.js'
import { temporaryName } from '../files/temporary.js'
import { safetensorsChunks } from '../formats/safetensors.js'
import { emptyStateDict, toFileTensors } from '../formats/state-dict.js'
import type { StateDict } from '../native/binding.js'
import { type CheckpointContent, type CheckpointState, PIECE_BYTES, renderState } from './checkpoint.js'
import { MODEL_FILE, OPTIMIZER_FILE, STATE_FILE } from './layout.js'

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
  await writeDurably(join(folder, STATE_FILE), [Buffer.from(renderState(state))], files)
  await syncFolder(folder, files)
}

/**
 * Writes `<folder>/step-NNNNNN` as a whole: into a temporary folder, every file synced; then the folder is renamed and
 * its parent synced. An existing one is replaced.
 * @throws IoError; then nothing is left behind, and the existing checkpoints are unchanged
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
