/** Finds the file that holds the tensors of a model. */
import { join } from 'node:path'
import { CheckpointError } from '../errors.js'
import { openTensorFile, type TensorFile } from '../formats/tensor-file.js'
import { isCheckpointFolder, verifyCheckpoint } from '../runs/checkpoint.js'
import { MODEL_FILE } from '../runs/layout.js'
import { findLatestCheckpoint, isRunDirectory } from '../runs/reader.js'

interface Located {
  file: string
  warnings: string[]
}

/** A run directory → the model of its newest valid checkpoint; one checkpoint → its model; a file → itself. */
async function locateModel(path: string): Promise<Located | undefined> {
  if (await isCheckpointFolder(path)) {
    await verifyCheckpoint(path)
    return { file: join(path, MODEL_FILE), warnings: [] }
  }
  if (!(await isRunDirectory(path))) return undefined
  const latest = await findLatestCheckpoint(path)
  if (latest) return { file: join(latest.path, MODEL_FILE), warnings: latest.warnings }
  throw new CheckpointError({
    what: 'this run has no checkpoint yet',
    path,
    remedy: 'Wait until it has written one, or train longer',
  })
}

/**
 * Opens the tensors of a model: a file, one checkpoint of a run, or the newest valid checkpoint of a run directory.
 * @throws as loadModelState
 */
export async function openModel(
  path: string,
): Promise<{ file: TensorFile; inRun: boolean; warnings: string[] }> {
  const located = await locateModel(path)
  const file = await openTensorFile(located?.file ?? path)
  return { file, inRun: located !== undefined, warnings: located?.warnings ?? [] }
}
