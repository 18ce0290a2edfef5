/** The graph of an ONNX file: its nodes and constants. Field numbers as in onnx/onnx.proto of ONNX 1.x. */
import { CheckpointError } from '../../errors.js'
import { DTYPE_BYTES, type DType, elementCount, type FileTensor } from '../tensor.js'
import { fieldsOf, integersOf, textOf } from './protobuf.js'

/** A constant of the graph; its bytes may lie in a file beside the model. */
export interface OnnxTensor {
  name: string
  dtype: DType
  shape: number[]
  bytes: () => Promise<Uint8Array>
}

export interface OnnxNode {
  type: string
  inputs: string[]
  outputs: string[]
  /** integers only: what tells layers apart */
  attributes: Map<string, number>
}

export interface OnnxGraph {
  nodes: OnnxNode[]
  constants: Map<string, OnnxTensor>
  metadata: Map<string, string>
}

/** Reads a stretch of a file that lies beside the model. */
export type ReadBeside = (file: string, offset: number, length: number | undefined) => Promise<Uint8Array>

const DTYPES: Record<number, DType> = {
  1: 'F32',
  2: 'U8',
  3: 'I8',
  5: 'I16',
  6: 'I32',
  7: 'I64',
  9: 'BOOL',
  10: 'F16',
  11: 'F64',
  16: 'BF16',
}

function pairOf(message: Uint8Array): [string, string] {
  let [key, value] = ['', '']
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) key = textOf(bytes)
    if (number === 2) value = textOf(bytes)
  }
  return [key, value]
}

interface RawTensor {
  name: string
  type: number
  shape: number[]
  raw?: Uint8Array
  floats: Uint8Array[]
  integers: number[]
  external: Map<string, string>
  isExternal: boolean
}

function rawTensor(message: Uint8Array): RawTensor {
  const tensor: RawTensor = {
    ...{ name: '', type: 0, shape: [], floats: [], integers: [], external: new Map(), isExternal: false },
  }
  for (const field of fieldsOf(message)) {
    const { number, value, bytes } = field
    if (number === 1) tensor.shape.push(...integersOf(field))
    else if (number === 2) tensor.type = Number(value)
    else if (number === 4) tensor.floats.push(bytes)
    else if (number === 5 || number === 7) tensor.integers.push(...integersOf(field))
    else if (number === 8) tensor.name = textOf(bytes)
    else if (number === 9) tensor.raw = bytes
    else if (number === 13) tensor.external.set(...pairOf(bytes))
    else if (number === 14) tensor.isExternal = value === 1n
  }
  return tensor
}

/** Where the bytes of a tensor are: in its message in one of three forms, or in another file. */
async function bytesOf(
  tensor: RawTensor,
  dtype: DType,
  count: number,
  beside: ReadBeside,
): Promise<Uint8Array> {
  const { raw, floats, integers, external, isExternal, name } = tensor
  const length = count * DTYPE_BYTES[dtype]
  let bytes: Uint8Array
  if (isExternal)
    bytes = await beside(external.get('location') ?? '', Number(external.get('offset') ?? 0), length)
  else if (raw) bytes = raw
  else if (dtype === 'F32') bytes = Buffer.concat(floats)
  else if (dtype === 'I64') bytes = new Uint8Array(BigInt64Array.from(integers.map(BigInt)).buffer)
  else throw new Error(`its tensor ${JSON.stringify(name)} is kept in a way that is not read here`)
  if (bytes.length !== length)
    throw new Error(`its tensor ${JSON.stringify(name)} has ${bytes.length} bytes instead of ${length}`)
  return bytes
}

function tensorOf(message: Uint8Array, beside: ReadBeside, name?: string): OnnxTensor {
  const raw = rawTensor(message)
  const dtype = DTYPES[raw.type]
  const count = elementCount(raw.shape)
  const label = name ?? raw.name
  if (dtype === undefined || count === undefined)
    throw new Error(`its tensor ${JSON.stringify(label)} is of a type or shape that is not read here`)
  return { name: label, dtype, shape: raw.shape, bytes: () => bytesOf(raw, dtype, count, beside) }
}

interface Attribute {
  name: string
  integers: number[]
  tensor?: Uint8Array
}

function attributeOf(message: Uint8Array): Attribute {
  const attribute: Attribute = { name: '', integers: [] }
  for (const field of fieldsOf(message)) {
    if (field.number === 1) attribute.name = textOf(field.bytes)
    if (field.number === 3 || field.number === 8) attribute.integers.push(...integersOf(field))
    if (field.number === 5) attribute.tensor = field.bytes
  }
  return attribute
}

function nodeOf(message: Uint8Array): { node: OnnxNode; constant?: Uint8Array } {
  const node: OnnxNode = { type: '', inputs: [], outputs: [], attributes: new Map() }
  let constant: Uint8Array | undefined
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) node.inputs.push(textOf(bytes))
    if (number === 2) node.outputs.push(textOf(bytes))
    if (number === 4) node.type = textOf(bytes)
    if (number !== 5) continue
    const { name, integers, tensor } = attributeOf(bytes)
    if (integers[0] !== undefined) node.attributes.set(name, integers[0])
    if (name === 'value') constant = tensor
  }
  return { node, constant }
}

/**
 * Reads the graph; the bytes of tensors are not copied, and those in other files not read yet.
 * @throws Error in words, without the path
 */
export function readGraph(file: Uint8Array, beside: ReadBeside): OnnxGraph {
  const graph: OnnxGraph = { nodes: [], constants: new Map(), metadata: new Map() }
  let found = false
  for (const field of fieldsOf(file)) {
    if (field.number === 14) graph.metadata.set(...pairOf(field.bytes))
    if (field.number !== 7) continue
    found = true
    for (const { number, bytes } of fieldsOf(field.bytes)) {
      if (number === 1) {
        const { node, constant } = nodeOf(bytes)
        const name = node.outputs[0]!
        if (node.type !== 'Constant') graph.nodes.push(node)
        else if (constant) graph.constants.set(name, tensorOf(constant, beside, name))
      }
      if (number === 5) {
        const tensor = tensorOf(bytes, beside)
        graph.constants.set(tensor.name, tensor)
      }
    }
  }
  if (!found) throw new Error('it holds no graph')
  return graph
}

export const fileTensor = async ({ dtype, shape, bytes }: OnnxTensor): Promise<FileTensor> => ({
  dtype,
  shape,
  bytes: await bytes(),
})

export function unreadable(path: string | undefined, what: string): CheckpointError {
  return new CheckpointError({
    what: `this ONNX model cannot be read: ${what}`,
    path,
    remedy: 'Load the checkpoint that the ONNX file was exported from',
  })
}
