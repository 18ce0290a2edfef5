/** Unit vectors: their dot products are cosines, which is how embeddings are compared. */

/** Divides each row of `cols` numbers by its Euclidean length, in place. A row of zeros stays as it is. */
export function toUnitRows(data: Float32Array, cols: number): void {
  for (let start = 0; start < data.length; start += cols) {
    const row = data.subarray(start, start + cols)
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    if (length > 0) for (let i = 0; i < cols; i++) row[i]! /= length
  }
}
