/** Writes ONNX files: a graph of nodes over named tensors. Field numbers as in onnx/onnx.proto of ONNX 1.x. */
import { writeAtomically } from '../../files/atomic-file.js'
import type { FileTensor } from '../tensor.js'
import { bytesField, integer, type Message, messageOf, text } from './protobuf.js'

/** ONNX 1.12, which ONNX Runtime reads since 1.12 */
const IR_VERSION = 8
const OPSET = 17
const FLOAT = 1
const FLOAT_ATTRIBUTE = 1
const INT_ATTRIBUTE = 2
const INTS_ATTRIBUTE = 7

export interface NodeSpec {
  type: string
  inputs: readonly string[]
  output: string
  /** whole numbers, lists of them, or a fraction */
  attributes?: Readonly<Record<string, number | readonly number[] | { float: number }>>
}

/** A size, or the name of one that is free. */
export type Dimension = number | string

export interface GraphSpec {
  nodes: readonly NodeSpec[]
  /** float32 */
  tensors: readonly (readonly [name: string, tensor: FileTensor])[]
  inputs: Readonly<Record<string, readonly Dimension[]>>
  outputs: Readonly<Record<string, readonly Dimension[]>>
  metadata: Readonly<Record<string, string>>
}

function attribute(name: string, value: number | readonly number[] | { float: number }): Message {
  if (typeof value === 'number')
    return messageOf(text(1, name), integer(3, value), integer(20, INT_ATTRIBUTE))
  if ('float' in value) {
    const bytes = new Uint8Array(Float32Array.of(value.float).buffer)
    return messageOf(text(1, name), [Uint8Array.of(2 * 8 + 5), bytes], integer(20, FLOAT_ATTRIBUTE))
  }
  return messageOf(text(1, name), ...value.map((one) => integer(8, one)), integer(20, INTS_ATTRIBUTE))
}

function node({ type, inputs, output, attributes = {} }: NodeSpec): Message {
  return messageOf(
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(3, output),
    text(4, type),
    ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
  )
}

function tensor(name: string, { shape, bytes }: FileTensor): Message {
  const dims = shape.map((size) => integer(1, size))
  return messageOf(...dims, integer(2, FLOAT), text(8, name), bytesField(9, [bytes]))
}

function valueInfo(name: string, shape: readonly Dimension[]): Message {
  const dims = shape.map((size) => bytesField(1, typeof size === 'number' ? integer(1, size) : text(2, size)))
  const tensorType = messageOf(integer(1, FLOAT), bytesField(2, messageOf(...dims)))
  return messageOf(text(1, name), bytesField(2, bytesField(1, tensorType)))
}

function onnxChunks({ nodes, tensors, inputs, outputs, metadata }: GraphSpec): Message {
  const values = (number: number, all: GraphSpec['inputs']) =>
    Object.entries(all).map(([name, shape]) => bytesField(number, valueInfo(name, shape)))
  const graph = messageOf(
    ...nodes.map((one) => bytesField(1, node(one))),
    text(2, 'clmr'),
    ...tensors.map(([name, one]) => bytesField(5, tensor(name, one))),
    ...values(11, inputs),
    ...values(12, outputs),
  )
  const pairs = Object.entries(metadata).map(([key, value]) =>
    bytesField(14, messageOf(text(1, key), text(2, value))),
  )
  return messageOf(
    integer(1, IR_VERSION),
    text(2, 'clmr'),
    bytesField(7, graph),
    bytesField(8, integer(2, OPSET)),
    ...pairs,
  )
}

/** Replaces an ONNX file as a whole. @throws IoError */
export async function writeOnnx(path: string, graph: GraphSpec): Promise<void> {
  await writeAtomically(path, onnxChunks(graph))
}
