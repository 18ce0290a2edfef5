/**
 * What a model file holds, without loading it.
 *
 * in: a path that loadModelState takes, or any other file of tensors
 * out: its format, tensors, metadata, and the classes that its pickle names
 */
import { type FileSource, resolveSource } from '../files/source.js'
import { tensorSha256 } from '../formats/safetensors.js'
import type { DType } from '../formats/tensor.js'
import type { TensorFormat } from '../formats/tensor-file.js'
import { parseOptions } from '../options.js'
import { openModel } from './open-model.js'
import type { InspectOptions } from './option-types.js'
import { inspectOptions } from './options.js'

/** A tensor of a model file. */
export interface InspectedTensor {
  /** name in the file */
  name: string
  /** type of its values */
  dtype: DType
  /** sizes of its dimensions */
  shape: number[]
  /** of its bytes in C order, little-endian: equal to hashing `tensor.numpy().tobytes()` in Python */
  sha256?: string
}

/** What `inspectModel` found. */
export interface ModelInspection {
  /** the file that was read; within a run directory, the one of the newest valid checkpoint; of bytes in memory the name, or nothing */
  path: string
  /** format of the file */
  format: TensorFormat
  /** the tensors, in the order of the file */
  tensors: InspectedTensor[]
  /** numbers in all tensors together */
  values: number
  /** metadata of the file, such as the step of a training */
  metadata: Record<string, string>
  /** classes that a pickle names outside its weights; they were described, never imported */
  inert: string[]
  /** what there is to know about the file */
  warnings: string[]
}

/**
 * Lists a file of tensors: a model, a checkpoint, or the newest valid checkpoint of a run directory.
 * @throws ConfigError; IoError; CheckpointError where it is damaged, unsafe or of an unknown format
 */
export async function inspectModel(
  source: FileSource,
  options: InspectOptions = {},
): Promise<ModelInspection> {
  const { sha256 } = parseOptions(inspectOptions, options, 'inspectModel')
  const { file, warnings } = await openModel(await resolveSource(source, 'inspectModel'))
  try {
    const tensors: InspectedTensor[] = []
    for (const [name, { dtype, shape }] of file.entries) {
      const hash = sha256 ? { sha256: tensorSha256(await file.read(name)) } : {}
      tensors.push({ name, dtype, shape: [...shape], ...hash })
    }
    const values = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    const metadata = Object.fromEntries(file.metadata)
    return {
      path: file.path ?? '',
      format: file.format,
      tensors,
      values,
      metadata,
      inert: [...file.inert],
      warnings,
    }
  } finally {
    await file.close()
  }
}
