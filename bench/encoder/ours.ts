// clmr's side of the encoder benchmark, in a process of its own: times `encode` on one batch size, prints a line of JSON.
//   node --import tsx ours.ts {float32,bfloat16} FOLDER BATCH SECONDS
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Encoder, setThreads } from 'clmr'
import { compare } from './compare.js'

const [precision, folder, batchText, seconds] = process.argv.slice(2) as [
  'float32' | 'bfloat16',
  string,
  string,
  string,
]
const batch = Number(batchText)

setThreads(2)
using encoder = await Encoder.load(join(folder, 'encoder.pt'), { precision })
const bytes = readFileSync(join(folder, 'clips.f32'))
const clips = new Float32Array(bytes.buffer, bytes.byteOffset, batch * encoder.clipLength)
const out = new Float32Array(batch * encoder.dim)

// The high-water mark of the process begins here: loading the model needed more for a while.
writeFileSync('/proc/self/clear_refs', '5')
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024
const before = peak()
await encoder.encode(clips, { out })
await encoder.encode(clips, { out })
const times: number[] = []
const started = performance.now()
while (performance.now() - started < Number(seconds) * 1000 || times.length < 3) {
  const t = performance.now()
  await encoder.encode(clips, { out })
  times.push((performance.now() - t) / 1000)
}
process.stdout.write(`${JSON.stringify({ times, memory: peak() - before, ...compare(out, folder) })}\n`)
