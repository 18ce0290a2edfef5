import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Encoder } from 'clmr'
import { OnnxFile } from '#lib/formats/onnx/file.js'
import { bytesField, integer, type Message, messageOf, text } from '#lib/formats/onnx/protobuf.js'
import { type GraphSpec, type NodeSpec, writeOnnx } from '#lib/formats/onnx/writer.js'
import { float32Tensor } from '#lib/formats/tensor.js'
import { CLMR_ARCHITECTURE, sequentialLayers } from '#lib/model/architecture.js'
import { loadModelState, saveModelState } from '#lib/model/load-state.js'
import { onnxGraph } from '#lib/model/onnx-graph.js'
import type { NamedTensor, StateDict } from '#lib/native/binding.js'
import { clmrEnds, clmrJson } from './helpers/command-line.js'
import { testClip } from './helpers/golden.js'
import { encoderState, filledState } from './helpers/sample-cnn-state.js'
import { withTempDir } from './helpers/temp-dir.js'

const CLIP = 59049
const HEAD = filledState([
  { name: '0.weight', shape: [512, 512] },
  { name: '0.bias', shape: [512] },
  { name: '2.weight', shape: [50, 512] },
  { name: '2.bias', shape: [50] },
])

const plain = (state: StateDict | undefined) => (state ? { ...state } : state)
const weightsOnly = (state: StateDict) =>
  Object.fromEntries(Object.entries(state).filter(([name]) => !name.endsWith('num_batches_tracked')))

/** The state of an encoder whose running statistics are not those of a new one. */
async function trainedState(folder: string): Promise<StateDict> {
  using encoder = await Encoder.create({ seed: 5 })
  await encoder.save(join(folder, 'made.safetensors'))
  const { encoder: state } = await loadModelState(join(folder, 'made.safetensors'))
  for (const [name, { data }] of Object.entries(state)) {
    if (name.endsWith('running_mean')) data.set(data.map((_, i) => 0.02 * Math.sin(i)))
    if (name.endsWith('running_var')) data.set(data.map((_, i) => 0.1 + 0.05 * Math.cos(i)))
  }
  return state
}

/** Convolution and batch norm as one convolution, in float64, as exporters do it. */
function folded(state: StateDict, layer: number): { weight: NamedTensor; bias: NamedTensor } {
  const at = (name: string) => state[`sequential.${layer}.${name}`]!
  const { shape, data } = at('0.weight')
  const scale = Array.from(
    at('1.weight').data,
    (gamma, c) => gamma / Math.sqrt(at('1.running_var').data[c]! + 1e-5),
  )
  const perChannel = data.length / scale.length
  const bias = scale.map(
    (factor, c) => at('1.bias').data[c]! + factor * (at('0.bias').data[c]! - at('1.running_mean').data[c]!),
  )
  return {
    weight: { shape, data: data.map((value, i) => value * scale[Math.floor(i / perChannel)]!) },
    bias: { shape: [bias.length], data: Float32Array.from(bias) },
  }
}

/** As PyTorch's exporters write SampleCNN in evaluation: no batch norm, numbered names, a reshape and a linear layer. */
function exported(state: StateDict, last: readonly NodeSpec[], tensors: GraphSpec['tensors']): GraphSpec {
  const nodes: NodeSpec[] = []
  const all: [string, ReturnType<typeof float32Tensor>][] = tensors.map(([name, tensor]) => [name, tensor])
  for (const { index, stride, padding, pool } of sequentialLayers()) {
    const { weight, bias } = folded(state, index)
    all.push([`onnx::Conv_${index}`, float32Tensor(weight.shape, weight.data)])
    all.push([`onnx::Conv_b${index}`, float32Tensor(bias.shape, bias.data)])
    const input = nodes.at(-1)?.output ?? 'audio'
    const attributes = {
      dilations: [1],
      group: 1,
      kernel_shape: [3],
      pads: [padding, padding],
      strides: [stride],
    }
    nodes.push(
      {
        type: 'Conv',
        inputs: [input, `onnx::Conv_${index}`, `onnx::Conv_b${index}`],
        output: `/conv${index}`,
        attributes,
      },
      { type: 'Relu', inputs: [`/conv${index}`], output: `/relu${index}` },
    )
    if (pool) nodes.push({ type: 'MaxPool', inputs: [`/relu${index}`], output: `/pool${index}` })
  }
  nodes.push({ type: 'Flatten', inputs: [nodes.at(-1)!.output], output: '/flat' }, ...last)
  const outputs = { representation: ['batch', 50] }
  return { nodes, tensors: all, inputs: { audio: ['batch', 1, CLIP] }, outputs, metadata: {} }
}

const fc = HEAD['2.weight']!
const bias = HEAD['2.bias']!

/** [out, in] → [in, out] */
function turned({ shape, data }: NamedTensor): NamedTensor {
  const [rows, cols] = shape as [number, number]
  return { shape: [cols, rows], data: data.map((_, i) => data[(i % rows) * cols + Math.floor(i / rows)]!) }
}

async function embeds(path: string, expected: Float32Array, clips: Float32Array): Promise<void> {
  using encoder = await Encoder.load(path)
  const { data } = await encoder.encode(clips)
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const worst = data.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)
  assert.ok(largest > 1e-3 && worst <= 1e-5 * largest + 1e-7, `differs by ${worst}, of ${largest}`)
}

/** A model whose convolutions keep their weights in a file beside it. */
function withExternalData(state: StateDict, file: string): { model: Message; data: Uint8Array } {
  const parts: Uint8Array[] = []
  const tensors: Message[] = []
  const nodes: Message[] = []
  let offset = 0
  const external = (name: string, { shape, data }: NamedTensor) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const entries = { location: file, offset: `${offset}`, length: `${bytes.length}` }
    const pairs = Object.entries(entries).map(([key, value]) =>
      bytesField(13, messageOf(text(1, key), text(2, value))),
    )
    parts.push(bytes)
    offset += bytes.length
    // dims as proto3 packs them
    const dims = bytesField(1, [
      Uint8Array.from(shape.flatMap((size) => (size < 128 ? [size] : [(size & 127) | 128, size >> 7]))),
    ])
    tensors.push(bytesField(5, messageOf(dims, integer(2, 1), text(8, name), ...pairs, integer(14, 1))))
  }
  for (const { index } of sequentialLayers()) {
    const { weight, bias } = folded(state, index)
    external(`w${index}`, weight)
    external(`b${index}`, bias)
    nodes.push(
      bytesField(
        1,
        messageOf(
          text(1, `x${index}`),
          text(1, `w${index}`),
          text(1, `b${index}`),
          text(2, `x${index + 1}`),
          text(4, 'Conv'),
        ),
      ),
    )
  }
  return {
    model: messageOf(integer(1, 10), text(2, 'pytorch'), bytesField(7, messageOf(...nodes, ...tensors))),
    data: Buffer.concat(parts),
  }
}

describe('89 formats: ONNX', () => {
  it('what is written is read again bit for bit, with a head, but for the counters', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'model.onnx')
      const encoder = encoderState()
      await saveModelState(path, { encoder, head: HEAD })
      const loaded = await loadModelState(path)
      assert.deepEqual(weightsOnly(loaded.encoder), weightsOnly(encoder))
      assert.deepEqual(plain(loaded.head), plain(HEAD))
      assert.deepEqual([loaded.format, loaded.sampleRate], ['onnx', 22050])
    }))

  it('the graph takes audio and gives representation, and with a head tags, for any batch', () => {
    const { inputs, outputs, nodes } = onnxGraph(CLMR_ARCHITECTURE, encoderState(), HEAD, {})
    assert.deepEqual(inputs, { audio: ['batch', 1, CLIP] })
    assert.deepEqual(outputs, { representation: ['batch', 512], tags: ['batch', 50] })
    const count = (type: string) => nodes.filter((node) => node.type === type).length
    assert.deepEqual(
      ['Conv', 'BatchNormalization', 'Relu', 'MaxPool', 'Flatten', 'Gemm'].map(count),
      [11, 11, 12, 9, 1, 2],
    )
  })

  it('Encoder.save and Encoder.load: the same embeddings', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'encoder.onnx')
      using encoder = await Encoder.create({ seed: 5 })
      const clips = testClip(1, 2, CLIP)
      const { data } = await encoder.encode(clips)
      await encoder.save(path)
      await embeds(path, data, clips)
    }))

  it('folded batch norms and weights in a file beside the model, as exporters write them: embeddings as before the export', () =>
    withTempDir(async (folder) => {
      const state = await trainedState(folder)
      const clips = testClip(3, 4, CLIP)
      using encoder = await (async () => {
        await saveModelState(join(folder, 'trained.safetensors'), { encoder: state })
        return Encoder.load(join(folder, 'trained.safetensors'))
      })()
      const { data } = await encoder.encode(clips)
      const gemm: NodeSpec = {
        type: 'Gemm',
        inputs: ['/flat', 'fc.weight', 'fc.bias'],
        output: 'representation',
        attributes: { transB: 1 },
      }
      const matmul: NodeSpec[] = [
        { type: 'MatMul', inputs: ['/flat', 'val_1'], output: 'product' },
        { type: 'Add', inputs: ['product', 'fc.bias'], output: 'representation' },
      ]
      const turnedFc = turned(fc)
      const heads: [string, readonly NodeSpec[], GraphSpec['tensors']][] = [
        [
          'gemm',
          [gemm],
          [
            ['fc.weight', float32Tensor(fc.shape, fc.data)],
            ['fc.bias', float32Tensor(bias.shape, bias.data)],
          ],
        ],
        [
          'matmul',
          matmul,
          [
            ['val_1', float32Tensor(turnedFc.shape, turnedFc.data)],
            ['fc.bias', float32Tensor(bias.shape, bias.data)],
          ],
        ],
      ]
      for (const [name, nodes, tensors] of heads) {
        const path = join(folder, `${name}.onnx`)
        await writeOnnx(path, exported(state, nodes, tensors))
        await embeds(path, data, clips)
        const { head } = await loadModelState(path)
        assert.deepEqual(plain(head), { '0.weight': fc, '0.bias': bias })
      }
      const { model, data: weights } = withExternalData(state, 'beside.onnx.data')
      await writeFile(join(folder, 'beside.onnx'), Buffer.concat(model))
      await writeFile(join(folder, 'beside.onnx.data'), weights)
      await embeds(join(folder, 'beside.onnx'), data, clips)
    }))

  it('weights in another folder, a file that breaks off and another network are refused with the path', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'model.onnx')
      const refusal = async (bytes: Uint8Array, message: RegExp) => {
        await writeFile(path, bytes)
        await assert.rejects(loadModelState(path), { code: 'ERR_CHECKPOINT', path, message })
      }
      const { model } = withExternalData(encoderState(), '../outside')
      await refusal(Buffer.concat(model), /not a file beside it/)
      await saveModelState(path, { encoder: encoderState() })
      await using file = await OnnxFile.open(path)
      assert.equal(file.entries.size, 66)
      const whole = Buffer.concat(withExternalData(encoderState(), 'x').model)
      await refusal(whole.subarray(0, whole.length - 9), /breaks off/)
      const empty = messageOf(integer(1, 8), text(2, 'x'), bytesField(7, messageOf(text(2, 'graph'))))
      await refusal(Buffer.concat(empty), /no weights of a SampleCNN/)
    }))

  it('clmr convert: to ONNX and back; the projector is left out', () =>
    withTempDir(async (folder) => {
      const [first, onnx, back] = ['a.safetensors', 'b.onnx', 'c.pt'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ]
      await saveModelState(first, { encoder: encoderState(), head: HEAD })
      const { parts } = await clmrJson('convert', first, onnx)
      assert.deepEqual(parts, ['encoder', 'head'])
      await clmrEnds(0, 'convert', onnx, back)
      const { encoder } = await loadModelState(back)
      assert.deepEqual(weightsOnly(encoder), weightsOnly(encoderState()))
    }))
})
