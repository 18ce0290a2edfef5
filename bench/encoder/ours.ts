// clmr's side of the encoder benchmark, in a process of its own: times `encode` on one batch size, prints a line of JSON.
//   node --import tsx ours.ts {float32,bfloat16} BATCH SECONDS [sync]
import { fileURLToPath } from 'node:url'
import { Encoder, setThreads } from 'clmr'
import { readGolden, testClips } from '../../test/helpers/golden.js'

const [precision, batchText, secondsText, mode] = process.argv.slice(2) as [
  'float32' | 'bfloat16',
  string,
  string,
  string?,
]
const batch = Number(batchText)
const CLIP = 59049

setThreads(2)
using encoder = await Encoder.load(
  fileURLToPath(new URL('../../test/golden/checkpoints/plain.pt', import.meta.url)),
  { precision },
)
const golden = testClips(40, 50, 3)
const clips = new Float32Array(batch * CLIP)
for (let i = 0; i < batch; i++) clips.set(golden.subarray((i % 3) * CLIP, ((i % 3) + 1) * CLIP), i * CLIP)
const out = new Float32Array(batch * encoder.dim)

const before = process.memoryUsage().rss
const run =
  mode === 'sync' ? async () => encoder.encodeSync(clips, { out }) : () => encoder.encode(clips, { out })
await run()
await run()
const times: number[] = []
const started = performance.now()
while (performance.now() - started < Number(secondsText) * 1000 || times.length < 3) {
  const t = performance.now()
  await run()
  times.push((performance.now() - t) / 1000)
}

const expected = readGolden('model.safetensors').embeddings!.data
const rows = Math.min(batch, 3)
let difference = 0
let norm = 0
let cosine = 1
for (let i = 0; i < rows; i++) {
  let [ab, aa, bb] = [0, 0, 0]
  for (let k = i * 512; k < (i + 1) * 512; k++) {
    const [a, b] = [out[k]!, Number(expected[k])]
    difference += (a - b) ** 2
    norm += b * b
    ab += a * b
    aa += a * a
    bb += b * b
  }
  cosine = Math.min(cosine, ab / Math.sqrt(aa * bb))
}
const result = {
  times,
  error: Math.sqrt(difference / norm),
  cosine,
  memory: process.memoryUsage().rss - before,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
