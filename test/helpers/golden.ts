import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * Golden files made by the Python originals (test/golden/README.md), and the inputs they were made from.
 * The reader is small and stands alone on purpose: the library's own readers are among the things under test.
 */

export interface GoldenTensor {
  readonly dtype: 'F32' | 'F64' | 'I64'
  readonly shape: readonly number[]
  /** I64 values are given as numbers, too. */
  readonly data: Float32Array | Float64Array
}

export const goldenPath = (name: string): string =>
  fileURLToPath(new URL(`../golden/${name}`, import.meta.url))

export const readGoldenJson = <T>(name: string): T => JSON.parse(readFileSync(goldenPath(name), 'utf8')) as T

/** Every tensor of a golden safetensors file, by name. */
export function readGolden(name: string): Record<string, GoldenTensor> {
  const bytes = readFileSync(goldenPath(name))
  const headerLength = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: GoldenTensor['dtype']; shape: number[]; data_offsets: [number, number] }
  >
  const tensors: Record<string, GoldenTensor> = {}
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__') continue
    const [begin, end] = entry.data_offsets
    // A copy: the payload need not be aligned to the element size inside the file.
    const payload = Uint8Array.from(bytes.subarray(8 + headerLength + begin, 8 + headerLength + end)).buffer
    tensors[key] = { dtype: entry.dtype, shape: entry.shape, data: decode(entry.dtype, payload) }
  }
  return tensors
}

function decode(dtype: GoldenTensor['dtype'], payload: ArrayBuffer): Float32Array | Float64Array {
  if (dtype === 'F32') return new Float32Array(payload)
  if (dtype === 'F64') return new Float64Array(payload)
  if (dtype === 'I64') return Float64Array.from(new BigInt64Array(payload), Number)
  throw new Error(`golden file holds the dtype ${dtype}, which test/helpers/golden.ts does not read`)
}

/** The largest |actual − expected|; NaN where either side holds a NaN, Infinity where the lengths differ. */
export function maxAbsoluteError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!)
    if (Number.isNaN(error)) return Number.NaN
    if (error > worst) worst = error
  }
  return worst
}

/** ‖actual − expected‖ / ‖expected‖; Infinity where the lengths differ. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let norm = 0
  for (let i = 0; i < actual.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2
    norm += expected[i]! ** 2
  }
  return Math.sqrt(difference / norm)
}

// The twins of test/golden/deterministic.py.

export function mix32(x: number): number {
  let h = x >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad)
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97)
  return (h ^ (h >>> 15)) >>> 0
}

/** [n] in [−1, 1), multiples of 2⁻²³. */
export function hashUniform(seed: number, n: number): Float32Array {
  const start = mix32(seed)
  const values = new Float32Array(n)
  for (let i = 0; i < n; i++) values[i] = (mix32(Math.imul(i, 0x9e3779b9) + start) >>> 8) / 2 ** 23 - 1
  return values
}

/** [n]: the mean of the sines at `frequencies` (Hz). */
export function testTone(frequencies: readonly number[], n: number, sampleRate = 22050): Float32Array {
  const total = new Float64Array(n)
  for (const frequency of frequencies) {
    for (let i = 0; i < n; i++) total[i]! += Math.sin((2 * Math.PI * frequency * i) / sampleRate)
  }
  return Float32Array.from(total, (value) => value / frequencies.length)
}

/** [n]: three sines between 110 and 2,310 Hz drawn from one seed, a tenth of noise from the other. */
export function testClip(toneSeed: number, noiseSeed: number, n = 59049): Float32Array {
  const key = `${toneSeed} ${noiseSeed} ${n}`
  const clip = clips.get(key) ?? makeClip(toneSeed, noiseSeed, n)
  clips.set(key, clip)
  return clip.slice()
}

/** Each is made once: sines take as long as a network takes for the clip. */
const clips = new Map<string, Float32Array>()

function makeClip(toneSeed: number, noiseSeed: number, n: number): Float32Array {
  const tone = testTone(
    Array.from(hashUniform(toneSeed, 3), (u) => 110 + 1100 * (u + 1)),
    n,
  )
  const noise = hashUniform(noiseSeed, n)
  return tone.map((value, i) => 0.6 * value + 0.1 * noise[i]!)
}

/** [count · n], clip i = testClip(toneSeed + i, noiseSeed + i). */
export function testClips(toneSeed: number, noiseSeed: number, count: number, n = 59049): Float32Array {
  const all = new Float32Array(count * n)
  for (let i = 0; i < count; i++) all.set(testClip(toneSeed + i, noiseSeed + i, n), i * n)
  return all
}

/** [examples · views · n], row = example · views + view: the batch of one step of train.json. */
export function trainingViews(step: number, examples: number, views = 2, n = 59049): Float32Array {
  const rows = new Float32Array(examples * views * n)
  for (let example = 0; example < examples; example++) {
    for (let view = 0; view < views; view++) {
      const clip = testClip(1000 + 100 * step + example, 50000 + 1000 * step + 10 * example + view, n)
      const row = view % 2 === 1 ? clip.map((value) => -value) : clip
      rows.set(row, (example * views + view) * n)
    }
  }
  return rows
}
