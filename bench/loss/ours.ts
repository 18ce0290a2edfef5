// clmr's side of the loss benchmark, in a process of its own: times `ntXentLoss`, prints a line of JSON.
//   node --import tsx ours.ts FOLDER SECONDS
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ntXentLoss, setThreads } from 'clmr'

const [folder, seconds] = process.argv.slice(2) as [string, string]
const DIM = 64

setThreads(2)
const bytes = readFileSync(join(folder, 'z.f32'))
const z = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
await ntXentLoss(z.subarray(0, 4 * DIM), { dim: DIM }) // libtorch is loaded, threads are there

const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024
const before = peak()
const first = await ntXentLoss(z, { dim: DIM })
const memory = peak() - before

const times: number[] = []
const started = performance.now()
while (performance.now() - started < Number(seconds) * 1000 || times.length < 3) {
  const t = performance.now()
  await ntXentLoss(z, { dim: DIM })
  times.push((performance.now() - t) / 1000)
}

const result: Record<string, unknown> = { times, memory }
const expectedFile = join(folder, 'expected.f64')
if (existsSync(expectedFile)) {
  const raw = readFileSync(expectedFile)
  const expected = new Float64Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length))
  let [difference, norm] = [0, 0]
  first.gradient.data.forEach((g, i) => {
    difference += (g - expected[i + 1]!) ** 2
    norm += expected[i + 1]! ** 2
  })
  result.valueError = Math.abs(first.loss / expected[0]! - 1)
  result.gradientError = Math.sqrt(difference / norm)
}
process.stdout.write(`${JSON.stringify(result)}\n`)
