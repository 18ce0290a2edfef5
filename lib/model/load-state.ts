/**
 * Models on disk ⇄ state dicts in memory.
 *
 * in: a .safetensors file, a .ckpt / .pt / .pth of PyTorch (never executed), an .onnx file, a model folder, or a run
 *     directory
 * out: the encoder's layers and its tensors by name, and the projector, head and metadata if there are any
 */
import { extname } from 'node:path'
import { SAMPLE_RATE } from '../clip.js'
import { ArgumentError } from '../errors.js'
import type { FileInput } from '../files/source.js'
import { writeOnnx } from '../formats/onnx/writer.js'
import { writePyTorch } from '../formats/pytorch/writer.js'
import { writeSafetensors } from '../formats/safetensors.js'
import { toFileTensors } from '../formats/state-dict.js'
import type { TensorFile, TensorFormat } from '../formats/tensor-file.js'
import type { StateDict } from '../native/binding.js'
import { TRAINED_ON_UNKNOWN, type TrainedOn } from '../runs/data-record.js'
import { architectureIn, CLMR_ARCHITECTURE } from './architecture.js'
import { onnxGraph } from './onnx-graph.js'
import { openModel, trainedOnOf } from './open-model.js'
import type { Architecture } from './option-types.js'
import { architectureOf, selectEncoder, selectHead, selectProjector } from './select-weights.js'

export { type InspectedTensor, inspectModel, type ModelInspection } from './inspect.js'

export interface ModelState {
  /** names as `sequential.0.0.weight`, in state-dict order, all of them, with the right shapes */
  encoder: StateDict
  architecture: Architecture
  /** `0.weight` [H, E], `2.weight` [D, H] */
  projector?: StateDict
  /** `0.weight` [K, E], `0.bias` [K], … */
  head?: StateDict
  metadata: Record<string, string>
  format: TensorFormat | 'run'
  /** Hz; undefined if the file does not say */
  sampleRate?: number
  trainedOn: TrainedOn
  /** remarks: another sample rate, a projector that was left out, a damaged checkpoint that was passed over */
  warnings: string[]
}

function sampleRateOf(file: TensorFile, warnings: string[]): number | undefined {
  const names = ['sampleRate', 'sample_rate', 'hyper_parameters.sample_rate']
  const text = names.map((name) => file.metadata.get(name)).find((value) => value !== undefined)
  const rate = text === undefined ? Number.NaN : Number(text)
  if (!Number.isFinite(rate) || rate <= 0) return undefined
  if (rate !== SAMPLE_RATE)
    warnings.push(
      `the model was trained on audio at ${rate} Hz, audio here is at ${SAMPLE_RATE} Hz: resample to ${rate} Hz yourself, or expect other embeddings`,
    )
  return rate
}

async function readModel(file: TensorFile): Promise<Omit<ModelState, 'trainedOn'>> {
  const architecture = architectureOf(file)
  const encoder = await selectEncoder(file, architecture)
  const projector = await selectProjector(file, architecture)
  const head = await selectHead(file)
  const warnings = [projector.warning, head.warning].filter((text) => text !== undefined)
  const sampleRate = sampleRateOf(file, warnings)
  return {
    encoder,
    architecture,
    projector: projector.state,
    head: head.state,
    metadata: Object.fromEntries(file.metadata),
    format: file.format,
    sampleRate,
    warnings,
  }
}

/**
 * Reads a model. The format is recognised by content, not by the name of the file.
 * @throws IoError if the file cannot be read
 * @throws CheckpointError if it is damaged, unsafe, of an unknown format, or does not hold SampleCNN
 */
export async function loadModelState(input: FileInput): Promise<ModelState> {
  const { file, inRun, warnings } = await openModel(input)
  try {
    const model = await readModel(file)
    return {
      ...model,
      format: inRun ? 'run' : model.format,
      trainedOn: typeof input === 'string' ? await trainedOnOf(input) : TRAINED_ON_UNKNOWN,
      warnings: [...warnings, ...model.warnings],
    }
  } finally {
    await file.close()
  }
}

export interface SavedModel {
  encoder: StateDict
  /** by default the one that the tensors make */
  architecture?: Architecture
  projector?: StateDict
  head?: StateDict
  metadata?: Record<string, string>
}

/** What a file says of the network beside its tensors. */
export function networkMetadata({ clipLength, supervised }: Architecture): Record<string, string> {
  const metadata = { sampleRate: `${SAMPLE_RATE}`, clipLength: `${clipLength}` }
  return supervised ? { ...metadata, supervised: 'true' } : metadata
}

/**
 * Writes a model as a whole or not at all, as `encoder.*`, `projector.*` and `head.*`. The extension says the format:
 * `.safetensors` (also for a name without extension), `.pt` / `.pth`, which `torch.load(weights_only=True)` reads, or
 * `.onnx`, which holds encoder and head, but no projector.
 * @throws ArgumentError for another extension, IoError if it cannot be written
 */
export async function saveModelState(path: string, model: SavedModel): Promise<void> {
  const { encoder, projector = {}, head = {} } = model
  const tensors = [
    ...toFileTensors(encoder, 'encoder.'),
    ...toFileTensors(projector, 'projector.'),
    ...toFileTensors(head, 'head.'),
  ]
  const architecture =
    model.architecture ?? architectureIn((name) => encoder[name]?.shape) ?? CLMR_ARCHITECTURE
  const metadata = { producer: 'clmr', ...networkMetadata(architecture), ...model.metadata }
  const extension = extname(path).toLowerCase()
  if (extension === '.safetensors' || extension === '') return writeSafetensors(path, tensors, metadata)
  if (extension === '.pt' || extension === '.pth') return writePyTorch(path, tensors, metadata)
  if (extension === '.onnx') return writeOnnx(path, onnxGraph(architecture, encoder, model.head, metadata))
  throw new ArgumentError({
    what: 'models cannot be saved in a format with this extension',
    given: extension,
    expected: '.safetensors, .pt or .onnx',
    path,
    remedy: 'Choose another file name',
  })
}
