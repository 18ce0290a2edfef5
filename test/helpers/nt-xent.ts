import { hashUniform } from './golden.js'

/** Projections [rows, dim] whose views lie near each other, as they do in training. */
export function projections(seed: number, rows: number, dim: number, views: number): Float32Array {
  const noise = hashUniform(seed, rows * dim)
  const examples = hashUniform(seed + 1, (rows / views) * dim)
  return noise.map((v, i) => 0.7 * v + examples[Math.floor(i / dim / views) * dim + (i % dim)]!)
}

/** NT-Xent in float64 over all pairs, with its gradients. The largest exponent of a row is taken out first. */
export function plainNtXent(z: ArrayLike<number>, dim: number, views: number, temperature: number) {
  const rows = z.length / dim
  const norms = Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0
    for (let k = 0; k < dim; k++) sum += z[i * dim + k]! ** 2
    return Math.sqrt(sum)
  })
  const unit = Float64Array.from(z, (v, i) => v / norms[Math.floor(i / dim)]!)
  const gradient = new Float64Array(z.length) // of `unit`, times rows · temperature
  let [loss, temperatureGradient] = [0, 0]
  const similarity = new Float64Array(rows)
  const isPositive = (i: number, j: number) => Math.floor(i / views) === Math.floor(j / views)
  for (let i = 0; i < rows; i++) {
    let largest = Number.NEGATIVE_INFINITY
    for (let j = 0; j < rows; j++) {
      let s = 0
      for (let k = 0; k < dim; k++) s += unit[i * dim + k]! * unit[j * dim + k]!
      similarity[j] = s
      if (j !== i && s > largest) largest = s
    }
    let all = 0
    for (let j = 0; j < rows; j++) if (j !== i) all += Math.exp((similarity[j]! - largest) / temperature)
    for (let j = 0; j < rows; j++) {
      if (j === i) continue
      const s = similarity[j]!
      const positive = isPositive(i, j) ? 1 / (views - 1) : 0
      const weight = Math.exp((s - largest) / temperature) / all - positive
      if (positive) loss += positive * (Math.log(all) + (largest - s) / temperature)
      temperatureGradient -= weight * s
      for (let k = 0; k < dim; k++) {
        gradient[i * dim + k]! += weight * unit[j * dim + k]!
        gradient[j * dim + k]! += weight * unit[i * dim + k]!
      }
    }
  }
  for (let i = 0; i < rows; i++) {
    let along = 0
    for (let k = 0; k < dim; k++) along += gradient[i * dim + k]! * unit[i * dim + k]!
    for (let k = i * dim; k < (i + 1) * dim; k++)
      gradient[k] = (gradient[k]! - along * unit[k]!) / (norms[i]! * rows * temperature)
  }
  return {
    loss: loss / rows,
    gradient,
    temperatureGradient: temperatureGradient / (rows * temperature ** 2),
  }
}
