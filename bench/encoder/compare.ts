import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const DIM = 512

/** Embeddings [n, 512] against the first n of PyTorch in float64: relative error over all, least cosine of a row. */
export function compare(out: Float32Array, folder: string): { error: number; cosine: number } {
  const bytes = readFileSync(join(folder, 'expected.f64'))
  const expected = new Float64Array(bytes.buffer, bytes.byteOffset, out.length)
  let [difference, norm, cosine] = [0, 0, 1]
  for (let row = 0; row < out.length; row += DIM) {
    let [ab, aa, bb] = [0, 0, 0]
    for (let k = row; k < row + DIM; k++) {
      const [a, b] = [out[k]!, expected[k]!]
      difference += (a - b) ** 2
      ab += a * b
      aa += a * a
      bb += b * b
    }
    norm += bb
    cosine = Math.min(cosine, ab / Math.sqrt(aa * bb))
  }
  return { error: Math.sqrt(difference / norm), cosine }
}
