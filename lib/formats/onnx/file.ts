/**
 * An ONNX file of a chain of convolutions as tensors under PyTorch's names: `encoder.sequential.0.0.weight` …, and
 * `head.0.weight` … for what linear layers follow. Read are files of clmr, of CLMR's export.py, and of both exporters of
 * PyTorch; these fold the batch norm into the convolutions, so that it becomes the identity here.
 */
import { basename, dirname, join } from 'node:path'
import { CheckpointError, ioError } from '../../errors.js'
import { type OpenFile, openRandomAccess } from '../../files/input.js'
import { type FileInput, nameOf } from '../../files/source.js'
import type { DType, FileTensor } from '../tensor.js'
import { float32Tensor, toFloat32 } from '../tensor.js'
import {
  fileTensor,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  readGraph,
  unreadable,
} from './reader.js'

/** The whole file is held in memory. */
const MAX_BYTES = 2 ** 30
/** eps of BatchNorm1d: with this variance it divides by 1 */
const UNIT_VARIANCE = 1 - 1e-5

interface Entry {
  dtype: DType
  shape: number[]
  read: () => Promise<FileTensor>
}

type Entries = Map<string, Entry>

const asIs = (tensor: OnnxTensor): Entry => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  read: () => fileTensor(tensor),
})

const filled = (length: number, value: number): Entry => ({
  dtype: 'F32',
  shape: [length],
  read: async () => float32Tensor([length], new Float32Array(length).fill(value)),
})

/** [in, out] → [out, in] */
function transposed(tensor: OnnxTensor): Entry {
  const [rows, cols] = tensor.shape as [number, number]
  const read = async () => {
    const from = toFloat32(await fileTensor(tensor))
    const data = new Float32Array(from.length)
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < cols; col++) data[col * rows + row] = from[row * cols + col]!
    return float32Tensor([cols, rows], data)
  }
  return { dtype: 'F32', shape: [cols, rows], read }
}

/** Walks the nodes in their order, in which ONNX has them sorted. */
class Layers {
  readonly entries: Entries = new Map()
  private convolutions = 0
  /** index of the next linear layer, counted as in nn.Sequential with the activations */
  private linear = 0

  constructor(private readonly graph: OnnxGraph) {
    for (const [i, node] of graph.nodes.entries()) this.take(node, graph.nodes.slice(i + 1, i + 3))
  }

  private constantsOf({ inputs }: OnnxNode): OnnxTensor[] {
    return inputs.flatMap((name) => this.graph.constants.get(name) ?? [])
  }

  private take(node: OnnxNode, next: readonly OnnxNode[]): void {
    if (node.type === 'Conv') this.convolution(node, next[0])
    else if (node.type === 'Gemm' || node.type === 'MatMul') this.linearLayer(node, next[0])
    else if (node.type === 'Relu' && this.linear > 0) this.linear++
  }

  private convolution(node: OnnxNode, next: OnnxNode | undefined): void {
    const [weight, bias] = this.constantsOf(node)
    if (!weight) throw new Error('a convolution of it has no constant weights')
    const at = `encoder.sequential.${this.convolutions++}`
    const channels = weight.shape[0]!
    this.entries.set(`${at}.0.weight`, asIs(weight))
    this.entries.set(`${at}.0.bias`, bias ? asIs(bias) : filled(channels, 0))
    const norm = next?.type === 'BatchNormalization' ? this.constantsOf(next) : []
    const parts = ['weight', 'bias', 'running_mean', 'running_var']
    for (const [i, part] of parts.entries()) {
      const identity = filled(channels, [1, 0, 0, UNIT_VARIANCE][i]!)
      this.entries.set(`${at}.1.${part}`, norm[i] ? asIs(norm[i]) : identity)
    }
  }

  private linearLayer(node: OnnxNode, next: OnnxNode | undefined): void {
    const [weight, ownBias] = this.constantsOf(node)
    if (weight?.shape.length !== 2) throw new Error('a linear layer of it has no constant weights')
    const isTransposed = node.type === 'Gemm' && node.attributes.get('transB') === 1
    const bias = ownBias ?? (next?.type === 'Add' ? this.constantsOf(next)[0] : undefined)
    const at = `head.${this.linear++}`
    this.entries.set(`${at}.weight`, isTransposed ? asIs(weight) : transposed(weight))
    if (bias) this.entries.set(`${at}.bias`, asIs(bias))
  }
}

async function readAll(input: FileInput | OpenFile): Promise<Uint8Array> {
  const file = await openRandomAccess(input)
  try {
    if (file.size > MAX_BYTES) throw new Error(`it has ${file.size} bytes, more than ${MAX_BYTES}`)
    const bytes = new Uint8Array(file.size)
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, at)
      if (bytesRead === 0) throw new Error('it became shorter while it was read')
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

/** PyTorch keeps large tensors in a file beside the model; a path to anywhere else is refused. */
async function readBeside(model: string | undefined, file: string, offset: number, length = 0) {
  if (model === undefined)
    throw new Error(`its weights lie in ${JSON.stringify(file)}: pass the path of the model`)
  if (file === '' || file !== basename(file) || file === '..')
    throw new Error(`its weights lie in ${JSON.stringify(file)}, which is not a file beside it`)
  const path = join(dirname(model), file)
  const opened = await openRandomAccess(path).catch((error) => {
    throw ioError(error, path, 'read the weights')
  })
  try {
    if (!(offset >= 0 && offset + length <= opened.size)) throw new Error(`${file} breaks off`)
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const { bytesRead } = await opened.read(bytes, at, length - at, offset + at)
      if (bytesRead === 0) throw new Error(`${file} breaks off`)
      at += bytesRead
    }
    return bytes
  } finally {
    await opened.close()
  }
}

export class OnnxFile implements AsyncDisposable {
  readonly format = 'onnx'
  readonly inert: readonly string[] = []

  private constructor(
    readonly path: string | undefined,
    readonly entries: ReadonlyMap<string, Entry>,
    readonly metadata: ReadonlyMap<string, string>,
  ) {}

  /** @throws CheckpointError if it is damaged or holds something else, IoError */
  static async open(input: FileInput | OpenFile): Promise<OnnxFile> {
    const path = nameOf(input)
    try {
      const graph = readGraph(await readAll(input), (...where) => readBeside(path, ...where))
      return new OnnxFile(path, new Layers(graph).entries, graph.metadata)
    } catch (error) {
      if (error instanceof CheckpointError) throw error
      if ((error as NodeJS.ErrnoException).syscall) throw ioError(error, path, 'read')
      throw unreadable(path, (error as Error).message)
    }
  }

  /** @throws CheckpointError, IoError if the file with the weights cannot be read */
  async read(name: string): Promise<FileTensor> {
    try {
      return await this.entries.get(name)!.read()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall || 'code' in (error as object)) throw error
      throw unreadable(this.path, (error as Error).message)
    }
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
