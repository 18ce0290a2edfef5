/** Finds the file that holds the tensors of a model, and the run that it comes from. */
import { basename, dirname, join, resolve } from 'node:path'
import { CheckpointError } from '../errors.js'
import type { FileInput } from '../files/source.js'
import { openTensorFile, type TensorFile } from '../formats/tensor-file.js'
import { recordsIn, TRAINED_ON_UNKNOWN, type TrainedOn, trainedOnIn } from '../runs/data-record.js'
import { BEST_FILE, MODEL_FILE } from '../runs/layout.js'
import {
  isCheckpointFolder,
  isRunDirectory,
  readRunConfig,
  withCheckpoint,
  withLatestCheckpoint,
} from '../runs/reader.js'
import { isModelFolder, readModelConfig } from './folder.js'

interface OpenModel {
  file: TensorFile
  inRun: boolean
  warnings: string[]
}

/** A run directory → the model of its newest valid checkpoint; one checkpoint → its model; undefined for anything else. */
async function openInRun(path: string): Promise<OpenModel | undefined> {
  if (await isCheckpointFolder(path)) {
    const opened = await withCheckpoint(path, async (checkpoint) => {
      await checkpoint.verify()
      return openTensorFile(checkpoint.take(MODEL_FILE))
    })
    if (opened) return { file: opened.result, inRun: true, warnings: [] }
  }
  if (!(await isRunDirectory(path))) return undefined
  const latest = await withLatestCheckpoint(path, async (checkpoint, { warnings }) => ({
    file: await openTensorFile(checkpoint.take(MODEL_FILE)),
    inRun: true,
    warnings,
  }))
  if (latest) return latest
  throw new CheckpointError({
    what: 'this run has no checkpoint yet',
    path,
    remedy: 'Wait until the training has written one',
  })
}

/** The run that a model is of: the path itself, or the run whose checkpoint, or file of a checkpoint, it is. */
export async function runOf(path: string): Promise<string | undefined> {
  const ofFile: Record<string, string> = { [MODEL_FILE]: '../../..', [BEST_FILE]: '..' }
  const up = (await isCheckpointFolder(path)) ? '../..' : (ofFile[basename(resolve(path))] ?? '.')
  const folder = resolve(path, up)
  return (await isRunDirectory(folder)) ? folder : undefined
}

/** What the weights of a model have been trained on, as far as its run or its folder says it. */
export async function trainedOnOf(path: string): Promise<TrainedOn> {
  const run = await runOf(path)
  const config = run && (await readRunConfig(run).catch(() => undefined))
  if (config) return trainedOnIn(recordsIn(config))
  const folder = basename(path) === MODEL_FILE ? dirname(path) : path
  return (await readModelConfig(folder).catch(() => undefined))?.trainedOn ?? TRAINED_ON_UNKNOWN
}

/**
 * Opens the tensors of a model: a file, a model folder, one checkpoint of a run, or the newest valid checkpoint of a run
 * directory.
 * @throws as loadModelState
 */
export async function openModel(input: FileInput): Promise<OpenModel> {
  const inRun = typeof input === 'string' ? await openInRun(input) : undefined
  if (inRun) return inRun
  const inFolder = typeof input === 'string' && (await isModelFolder(input))
  const file = await openTensorFile(inFolder ? join(input, MODEL_FILE) : input)
  return { file, inRun: false, warnings: [] }
}
