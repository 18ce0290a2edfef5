/** Tensors in the order in which the sound meets them, where a file has them in that of their names. */

const PARTS = ['encoder', 'projector', 'head', 'model']
const ROLES = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']

/** Known words come first, in their order. */
const rankIn = (words: readonly string[], word: string) => {
  const place = words.indexOf(word)
  return place < 0 ? words.length : place
}

function compareWords(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)]
  if (Number.isInteger(x) && Number.isInteger(y)) return x - y
  const known = rankIn(PARTS, a) - rankIn(PARTS, b) || rankIn(ROLES, a) - rankIn(ROLES, b)
  return known || (a < b ? -1 : a > b ? 1 : 0)
}

/** Compares names such as `encoder.sequential.10.1.bias`: layer 2 stands before layer 10, a weight before its bias. */
export function compareTensorNames(a: string, b: string): number {
  const [first, second] = [a.split('.'), b.split('.')]
  for (let i = 0; i < Math.min(first.length, second.length); i++) {
    const order = compareWords(first[i]!, second[i]!)
    if (order !== 0) return order
  }
  return first.length - second.length
}
