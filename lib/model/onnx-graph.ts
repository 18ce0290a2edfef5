/**
 * The model as a graph of ONNX: `audio` [batch, 1, clipLength] → `representation` [batch, dim], and with a head `tags`
 * [batch, K], which are logits as PyTorch's. The batch norms stay what they are, so that the file can be trained on.
 */
import type { GraphSpec, NodeSpec } from '../formats/onnx/writer.js'
import { toFileTensors } from '../formats/state-dict.js'
import type { StateDict } from '../native/binding.js'
import { dimOf, isCounter, type SequentialLayer, sequentialLayers } from './architecture.js'
import type { Architecture } from './option-types.js'

const EPS = 1e-5

/** Conv1d · BatchNorm1d · ReLU (· MaxPool1d) */
function layerNodes(layer: SequentialLayer, input: string): NodeSpec[] {
  const at = `encoder.sequential.${layer.index}`
  const { kernel, stride, padding, pool } = layer
  const nodes: NodeSpec[] = [
    {
      type: 'Conv',
      inputs: [input, `${at}.0.weight`, `${at}.0.bias`],
      output: `${at}.0`,
      attributes: { kernel_shape: [kernel], strides: [stride], pads: [padding, padding] },
    },
    {
      type: 'BatchNormalization',
      inputs: [
        `${at}.0`,
        ...['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${at}.1.${part}`),
      ],
      output: `${at}.1`,
      attributes: { epsilon: { float: EPS } },
    },
    { type: 'Relu', inputs: [`${at}.1`], output: `${at}.2` },
  ]
  const pooling = { kernel_shape: [pool], strides: [pool] }
  if (pool > 0) nodes.push({ type: 'MaxPool', inputs: [`${at}.2`], output: `${at}.3`, attributes: pooling })
  return nodes
}

/** Linear (· ReLU · Linear …) by the indices of nn.Sequential. */
function headNodes(head: StateDict): NodeSpec[] {
  const indices = [...new Set(Object.keys(head).map((name) => Number(name.split('.')[0])))].sort(
    (a, b) => a - b,
  )
  const nodes: NodeSpec[] = []
  let input = 'representation'
  for (const [i, index] of indices.entries()) {
    const last = i === indices.length - 1
    const output = last ? 'tags' : `head.${index}`
    const inputs = [
      input,
      ...['weight', 'bias'].filter((part) => head[`${index}.${part}`]).map((part) => `head.${index}.${part}`),
    ]
    nodes.push({ type: 'Gemm', inputs, output, attributes: { transB: 1 } })
    if (!last) nodes.push({ type: 'Relu', inputs: [output], output: `${output}.relu` })
    input = `${output}.relu`
  }
  return nodes
}

/** How many classes a head tells apart. */
function classesOf(head: StateDict): number {
  const weights = Object.keys(head).filter((name) => name.endsWith('.weight'))
  const last = weights.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).at(-1)!
  return head[last]!.shape[0]!
}

export function onnxGraph(
  architecture: Architecture,
  encoder: StateDict,
  head: StateDict | undefined,
  metadata: Record<string, string>,
): GraphSpec {
  const nodes: NodeSpec[] = []
  for (const layer of sequentialLayers(architecture))
    nodes.push(...layerNodes(layer, nodes.at(-1)?.output ?? 'audio'))
  nodes.push({
    type: 'Flatten',
    inputs: [nodes.at(-1)!.output],
    output: 'representation',
    attributes: { axis: 1 },
  })
  if (head) nodes.push(...headNodes(head))
  const tensors = [...toFileTensors(encoder, 'encoder.'), ...toFileTensors(head ?? {}, 'head.')]
  return {
    nodes,
    tensors: tensors.filter(([name]) => !isCounter(name)),
    inputs: { audio: ['batch', 1, architecture.clipLength] },
    outputs: {
      representation: ['batch', dimOf(architecture)],
      ...(head ? { tags: ['batch', classesOf(head)] } : {}),
    },
    metadata,
  }
}
