// Models and embeddings both ways: what PyTorch writes gives the same numbers here, what clmr writes gives them there.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeEmbeddings } from '../../dist/formats/embeddings.js'
import { Encoder, LinearProbe } from '../../dist/index.js'
import { loadModelState, saveModelState } from '../../dist/model/load-state.js'

const LIMIT = 1e-5
const root = fileURLToPath(new URL('../..', import.meta.url))

/** ‖found − expected‖ / ‖expected‖, as test/helpers/golden.ts has it. */
function distance(found, expected) {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY
  return Math.hypot(...found.map((value, i) => value - expected[i])) / Math.hypot(...expected)
}

function hold(what, found, expected, limit = LIMIT) {
  const far = distance(found, expected)
  if (!(far <= limit)) throw new Error(`${what}: other numbers: the relative distance is ${far}`)
  return far.toExponential(0)
}

const floats = (path) => {
  const bytes = readFileSync(path)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

const python = (command, script, ...args) =>
  execFileSync(command, [join(root, 'test', 'ecosystems', script), ...args], { encoding: 'utf8' }).trim()

/** What PyTorch wrote, read here; `all`: every file of the dynamo exporter. out: lines of what was found */
async function readTheirs(folder, all) {
  const [clips, representation, tags] = ['clips', 'representation', 'tags'].map((name) =>
    floats(join(folder, `${name}.f32`)),
  )
  const probabilities = tags.map((logit) => 1 / (1 + Math.exp(-logit)))
  const lines = []
  for (const [name, hasHead] of Object.entries({
    'encoder-and-head.ckpt': true,
    'torchscript.onnx': false,
    ...(all && { 'dynamo.onnx': false, 'clmr_encoder_only_sample-cnn.onnx': false }),
    'clmr_sample-cnn.onnx': true,
  })) {
    const encoder = await Encoder.load(join(folder, name))
    const embeddings = await encoder.encode(clips)
    encoder.dispose()
    let line = `${name}: embeddings within ${hold(name, embeddings.data, representation)}`
    if (hasHead) {
      const probe = await LinearProbe.load(join(folder, name))
      line += `, tags within ${hold(`tags of ${name}`, (await probe.predict(embeddings)).data, probabilities)}`
      probe.dispose()
    }
    lines.push(line)
  }
  return lines
}

/** What clmr writes of the Lightning checkpoint: models with encoder and head, and tables of embeddings. */
async function writeOurs(folder) {
  const model = await loadModelState(join(folder, 'encoder-and-head.ckpt'))
  for (const name of ['model.pt', 'model.safetensors', 'model.onnx'])
    await saveModelState(join(folder, name), model)
  const encoder = await Encoder.load(join(folder, 'model.safetensors'))
  await encoder.save(join(folder, 'encoder.onnx'))
  const { data, rows, cols } = await encoder.encode(floats(join(folder, 'clips.f32')))
  encoder.dispose()
  const table = Array.from({ length: rows }, (_, i) => ({
    ...{ path: `${i}.wav`, time: i / 2, embedding: data.subarray(i * cols, (i + 1) * cols) },
  }))
  for (const name of ['embeddings.npy', 'embeddings.jsonl', 'embeddings.parquet'])
    await writeEmbeddings(join(folder, name), table)
}

/** PyTorch, safetensors, onnx, ONNX Runtime, numpy and pyarrow in Python. */
export async function checkPython(command, folder, all, say) {
  say(python(command, 'write_models.py', folder, ...(all ? ['--all'] : [])))
  for (const line of await readTheirs(folder, all)) say(`  read here: ${line}`)
  await writeOurs(folder)
  say(python(command, 'read_files.py', folder))
}

/** ONNX Runtime for Node. */
export async function checkOnnxRuntimeNode(modules, folder, say) {
  const ort = createRequire(join(modules, 'package.json'))('onnxruntime-node')
  const encoder = await Encoder.create({ seed: 1 })
  await encoder.save(join(folder, 'for-node.onnx'))
  const clips = Float32Array.from({ length: 2 * encoder.clipLength }, (_, i) => Math.sin(i * i * 1e-6))
  const expected = await encoder.encode(clips)
  const session = await ort.InferenceSession.create(join(folder, 'for-node.onnx'))
  const audio = new ort.Tensor('float32', clips, [2, 1, encoder.clipLength])
  encoder.dispose()
  const { representation } = await session.run({ audio })
  const far = hold('ONNX Runtime for Node', representation.data, expected.data)
  say(`ONNX Runtime ${ort.env.versions.node} for Node: encoder.save('x.onnx') within ${far}`)
}
