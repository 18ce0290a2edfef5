/** Finds the file that holds the tensors of a model, and the run that it comes from. */
import { basename, join, resolve } from 'node:path'
import { CheckpointError } from '../errors.js'
import type { FileInput } from '../files/source.js'
import { openTensorFile, type TensorFile } from '../formats/tensor-file.js'
import { isCheckpointFolder, verifyCheckpoint } from '../runs/checkpoint.js'
import { recordsIn, TRAINED_ON_UNKNOWN, type TrainedOn, trainedOnIn } from '../runs/data-record.js'
import { BEST_FILE, MODEL_FILE } from '../runs/layout.js'
import { findLatestCheckpoint, isRunDirectory, readRunConfig } from '../runs/reader.js'

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

/** The run that a model is of: the path itself, or the run whose checkpoint, or file of a checkpoint, it is. */
export async function runOf(path: string): Promise<string | undefined> {
  const ofFile: Record<string, string> = { [MODEL_FILE]: '../../..', [BEST_FILE]: '..' }
  const up = (await isCheckpointFolder(path)) ? '../..' : (ofFile[basename(resolve(path))] ?? '.')
  const folder = resolve(path, up)
  return (await isRunDirectory(folder)) ? folder : undefined
}

/** What the weights of a model have been trained on, as far as its run says it. */
export async function trainedOnOf(path: string): Promise<TrainedOn> {
  const run = await runOf(path)
  const config = run && (await readRunConfig(run).catch(() => undefined))
  return config ? trainedOnIn(recordsIn(config)) : TRAINED_ON_UNKNOWN
}

/**
 * Opens the tensors of a model: a file, one checkpoint of a run, or the newest valid checkpoint of a run directory.
 * @throws as loadModelState
 */
export async function openModel(
  input: FileInput,
): Promise<{ file: TensorFile; inRun: boolean; warnings: string[] }> {
  const located = typeof input === 'string' ? await locateModel(input) : undefined
  const file = await openTensorFile(located?.file ?? input)
  return { file, inRun: located !== undefined, warnings: located?.warnings ?? [] }
}
