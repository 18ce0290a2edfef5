/** State dicts (float32 in memory) ⇄ tensors of a file. */
import type { NamedTensor, StateDict } from '../native/binding.js'
import { type FileTensor, float32Tensor, int64Tensor, toFloat32 } from './tensor.js'

/** An empty state dict; without a prototype, so that a tensor may have any name. */
export function emptyStateDict(): StateDict {
  return Object.create(null) as StateDict
}

export function toNamedTensor(tensor: FileTensor): NamedTensor {
  return { shape: [...tensor.shape], data: toFloat32(tensor) }
}

export function toStateDict(tensors: Iterable<readonly [string, FileTensor]>): StateDict {
  const state = emptyStateDict()
  for (const [name, tensor] of tensors) state[name] = toNamedTensor(tensor)
  return state
}

/** Counters become int64, as in PyTorch; everything else float32. Names get `prefix` in front. */
export function toFileTensors(state: StateDict, prefix = ''): [string, FileTensor][] {
  return Object.entries(state).map(([name, { shape, data }]) => [
    prefix + name,
    name.endsWith('num_batches_tracked') ? int64Tensor(shape, data) : float32Tensor(shape, data),
  ])
}
