// ONNX Runtime for Node as a peer of the encoder benchmark: times one batch size, prints a line of JSON.
//   node --import tsx onnxruntime-node.ts MODULE FOLDER BATCH SECONDS     MODULE: where onnxruntime-node is installed
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { compare } from './compare.js'

interface Tensor {
  data: Float32Array
}
interface OnnxRuntime {
  InferenceSession: {
    create(path: string, options: object): Promise<{ run(feeds: object): Promise<Record<string, Tensor>> }>
  }
  Tensor: new (type: 'float32', data: Float32Array, shape: number[]) => Tensor
}

const [module, folder, batchText, seconds] = process.argv.slice(2) as [string, string, string, string]
const batch = Number(batchText)
const onnxruntime = createRequire(join(module, 'package.json'))('onnxruntime-node') as OnnxRuntime
const session = await onnxruntime.InferenceSession.create(join(folder, 'encoder.onnx'), {
  intraOpNumThreads: 2,
})
const bytes = readFileSync(join(folder, 'clips.f32'))
const clips = new Float32Array(bytes.buffer, bytes.byteOffset, batch * 59049)
const run = async () => {
  const audio = new onnxruntime.Tensor('float32', clips, [batch, 1, 59049])
  return (await session.run({ audio })).representation!.data
}
let out = await run()
const times: number[] = []
const started = performance.now()
while (performance.now() - started < Number(seconds) * 1000 || times.length < 3) {
  const t = performance.now()
  out = await run()
  times.push((performance.now() - t) / 1000)
}
process.stdout.write(`${JSON.stringify({ times, ...compare(out, folder) })}\n`)
