/**
 * What a model file holds, without loading it.
 *
 * in: a path, a name or an address that Encoder.load takes, or any other file of tensors
 * out: its format, dimension and rate, what its run says of it, tensors, metadata, and the classes that its pickle names
 */
import type { FileSource } from '../files/source.js'
import { tensorSha256 } from '../formats/safetensors.js'
import type { DType } from '../formats/tensor.js'
import type { TensorFile, TensorFormat } from '../formats/tensor-file.js'
import { parseOptions } from '../options.js'
import { recordsIn } from '../runs/data-record.js'
import { readRunConfig } from '../runs/reader.js'
import { dimOf, kernelsFor } from './architecture.js'
import { readModelConfig } from './folder.js'
import { locateModel } from './locate.js'
import { compareTensorNames } from './network-order.js'
import { openModel, runOf } from './open-model.js'
import type { Architecture, InspectOptions } from './option-types.js'
import { inspectOptions } from './options.js'
import { architectureOf, holdsEncoder } from './select-weights.js'

/** A tensor of a model file. */
export interface InspectedTensor {
  /** name in the file */
  name: string
  /** type of its values */
  dtype: DType
  /** sizes of its dimensions */
  shape: number[]
  /** SHA-256 of its bytes in C order, little-endian: equal to hashing `tensor.numpy().tobytes()` in Python */
  sha256?: string
}

/** What `inspectModel` found. */
export interface ModelInspection {
  /**
   * the file that was read: in a run directory, its newest valid checkpoint; for bytes in memory, their name if they
   * have one
   */
  path: string
  /** format of the file */
  format: TensorFormat
  /** number of values in an embedding; undefined if the file holds no SampleCNN encoder */
  dim?: number
  /** layers of the encoder; undefined if the file holds none */
  architecture?: Architecture
  /**
   * kernels that compute the encoder on a CPU: the fused ones, which are written for CLMR's network, or those of
   * libtorch
   */
  kernels?: 'fused' | 'plain'
  /** sample rate in Hz of the audio that it was trained on, if the file states it */
  sampleRate?: number
  /** steps that it was trained for, if the file states it */
  steps?: number
  /** training objective, for a run or a model folder */
  objective?: string
  /** tracks that the run was trained on */
  data?: { cache: string; tracks: number }
  /** the tensors, in the order of the network */
  tensors: InspectedTensor[]
  /** number of values in all tensors */
  values: number
  /** metadata of the file, such as the step of training */
  metadata: Record<string, string>
  /**
   * names of the Python classes and functions that a .ckpt or .pt file refers to besides its weights; none of them
   * was imported or called
   */
  inert: string[]
  /** warnings about the file */
  warnings: string[]
}

function metadataNumber(file: TensorFile, names: readonly string[]): number | undefined {
  const value = Number(names.map((name) => file.metadata.get(name)).find((text) => text !== undefined))
  return Number.isFinite(value) ? value : undefined
}

function factsOfEncoder(file: TensorFile): Pick<ModelInspection, 'dim' | 'architecture' | 'kernels'> {
  if (!holdsEncoder(file)) return {}
  const architecture = architectureOf(file)
  return { dim: dimOf(architecture), architecture, kernels: kernelsFor(architecture) }
}

const nameOfObjective = ({ objective }: { objective?: unknown }) =>
  (objective as { name?: string } | undefined)?.name

/** What the run or the folder of a model says of it. */
async function factsBeside(path: string): Promise<Pick<ModelInspection, 'objective' | 'data'>> {
  const run = await runOf(path)
  const config = run && (await readRunConfig(run).catch(() => undefined))
  if (!config) {
    const folder = await readModelConfig(path).catch(() => undefined)
    return folder ? { objective: nameOfObjective(folder) } : {}
  }
  const { training } = recordsIn(config)
  return {
    objective: nameOfObjective(config),
    data: training && { cache: training.cache, tracks: training.tracks },
  }
}

/**
 * Says what a model file holds: format, layers, tensors and metadata. For a run directory, its newest valid
 * checkpoint is read.
 * @throws ConfigError; IoError; CheckpointError if it is damaged, unsafe or of an unknown format
 */
export async function inspectModel(
  source: FileSource,
  options: InspectOptions = {},
): Promise<ModelInspection> {
  const { sha256 } = parseOptions(inspectOptions, options, 'inspectModel')
  const input = await locateModel(source, 'inspectModel')
  const { file, warnings } = await openModel(input)
  try {
    const tensors: InspectedTensor[] = []
    const entries = [...file.entries].sort(([a], [b]) => compareTensorNames(a, b))
    for (const [name, { dtype, shape }] of entries) {
      const hash = sha256 ? { sha256: tensorSha256(await file.read(name)) } : {}
      tensors.push({ name, dtype, shape: [...shape], ...hash })
    }
    const values = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    const metadata = Object.fromEntries(file.metadata)
    return {
      path: file.path ?? '',
      format: file.format,
      ...factsOfEncoder(file),
      sampleRate: metadataNumber(file, ['sampleRate', 'sample_rate', 'hyper_parameters.sample_rate']),
      steps: metadataNumber(file, ['step', 'global_step']),
      ...(typeof input === 'string' ? await factsBeside(input) : {}),
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
