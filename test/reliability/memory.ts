/** The slope of the least-squares line through y over its index. */
export function slope(y: readonly number[]): number {
  const middle = (y.length - 1) / 2
  const mean = y.reduce((a, b) => a + b, 0) / y.length
  let [above, below] = [0, 0]
  y.forEach((v, i) => {
    above += (i - middle) * (v - mean)
    below += (i - middle) ** 2
  })
  return above / below
}
