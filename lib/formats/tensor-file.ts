/** Any file of named tensors; the format is recognised by content, not by the file name. */
import { extname } from 'node:path'
import { CheckpointError, ioError } from '../errors.js'
import { type OpenFile, openRandomAccess } from '../files/input.js'
import { type FileInput, nameOf } from '../files/source.js'
import { mistakenFor } from './mistaken.js'
import { OnnxFile } from './onnx/file.js'
import { PyTorchFile } from './pytorch/file.js'
import { LEGACY_MAGIC } from './pytorch/legacy.js'
import { SafetensorsFile } from './safetensors.js'
import type { DType, FileTensor } from './tensor.js'

/** Formats of model files. */
export type TensorFormat = 'safetensors' | 'pytorch' | 'pytorch-legacy' | 'onnx'

/** An open file of tensors; they are read one at a time. */
export interface TensorFile extends AsyncDisposable {
  /** undefined for bytes without a name */
  readonly path: string | undefined
  readonly format: TensorFormat
  /** names as the file has them, without the wrapper of a training framework (`state_dict`) */
  readonly entries: ReadonlyMap<string, { dtype: DType; shape: number[] }>
  readonly metadata: ReadonlyMap<string, string>
  /**
   * names of the Python classes and functions that a pickle refers to besides its weights; none of them was imported
   * or called
   */
  readonly inert: readonly string[]
  read(name: string): Promise<FileTensor>
  close(): Promise<void>
}

const FIRST_BYTES = 256

async function firstBytes(input: FileInput | OpenFile): Promise<Uint8Array> {
  try {
    const file = await openRandomAccess(input)
    try {
      const bytes = new Uint8Array(FIRST_BYTES)
      const { bytesRead } = await file.read(bytes, 0, FIRST_BYTES, 0)
      return bytes.subarray(0, bytesRead)
    } finally {
      if (file !== input) await file.close()
    }
  } catch (error) {
    throw ioError(error, nameOf(input), 'read')
  }
}

const ZIP_MAGIC = Uint8Array.of(0x50, 0x4b, 3, 4)
const ZIP_EMPTY = Uint8Array.of(0x50, 0x4b, 5, 6)

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte)
}

/** ModelProto: field 1 (ir_version, varint), then field 2, 3, 5 … ; every exporter writes it in this order. */
function looksLikeOnnx(bytes: Uint8Array): boolean {
  return bytes[0] === 0x08 && bytes[1]! <= 64 && [0x12, 0x1a, 0x22, 0x3a, 0x42].includes(bytes[2]!)
}

function unknownFormat(path: string | undefined, what: string, remedy: string): CheckpointError {
  return new CheckpointError({
    what,
    path,
    expected: 'a .safetensors, .ckpt, .pt, .pth or .onnx file',
    remedy,
  })
}

/**
 * Opens a safetensors file, a file of torch.save, or an ONNX model.
 * @throws IoError if it cannot be read; CheckpointError if it is damaged, unsafe or of another format
 */
export async function openTensorFile(input: FileInput | OpenFile): Promise<TensorFile> {
  const path = nameOf(input)
  const start = await firstBytes(input)
  if (start.length === 0) throw unknownFormat(path, 'the file is empty', 'Fetch or write it again')
  if (startsWith(start, ZIP_MAGIC) || startsWith(start, ZIP_EMPTY)) return PyTorchFile.open(input, 'pytorch')
  if (startsWith(start, LEGACY_MAGIC)) return PyTorchFile.open(input, 'pytorch-legacy')
  const mistaken = mistakenFor(start)
  if (mistaken) throw unknownFormat(path, mistaken.what, mistaken.remedy)
  if (start[8] === 0x7b) return SafetensorsFile.open(input)
  if (looksLikeOnnx(start) || path?.toLowerCase().endsWith('.onnx')) return OnnxFile.open(input)
  if (start[0] === 0x80 || ['.pt', '.pth', '.ckpt', '.pkl'].includes(extname(path ?? '').toLowerCase()))
    throw unknownFormat(
      path,
      'it is of no known format: a pickle or another file that torch.save did not write',
      'Load it in Python, if you trust its source, and save the state_dict() with torch.save',
    )
  throw unknownFormat(
    path,
    'the content of the file is of no known format',
    'Check that this is the model file',
  )
}
