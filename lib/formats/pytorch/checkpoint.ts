/** Finds the weights in the pickled value of a PyTorch checkpoint, and the metadata around them. */
import { MAX_TENSORS } from '../tensor.js'
import { Turns } from '../turns.js'
import { type CheckedTensor, checkTensor } from './tensors.js'
import {
  PickleDict,
  PickleGlobal,
  PickleObject,
  PickleTensor,
  PickleTuple,
  type PickleValue,
} from './values.js'

const MAX_INERT = 1000
const MAX_METADATA = 1000
const VALUES_A_TURN = 256

export interface Checkpoint {
  tensors: Map<string, CheckedTensor>
  metadata: Map<string, string>
  inert: string[]
}

/** Keys under which training scripts keep the state dict. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'encoder', 'net']

function holdsTensors(value: PickleValue | undefined): value is PickleDict {
  return value instanceof PickleDict && [...value.values()].some((item) => item instanceof PickleTensor)
}

function asDict(value: PickleValue | undefined): PickleDict | undefined {
  return value instanceof PickleDict ? value : undefined
}

/** @throws Error if an object among the weights is no tensor */
function collectTensors(weights: PickleDict, strict: boolean): Map<string, CheckedTensor> {
  const tensors = new Map<string, CheckedTensor>()
  for (const [name, value] of weights) {
    if (typeof name !== 'string') continue
    const label = JSON.stringify(name.slice(0, 80))
    if (value instanceof PickleTensor) {
      try {
        tensors.set(name, checkTensor(value))
      } catch (error) {
        throw new Error(`${label}: ${(error as Error).message}`)
      }
    } else if (strict && (value instanceof PickleObject || value instanceof PickleGlobal)) {
      const type = value instanceof PickleObject ? value.type : value
      throw new Error(`among the weights, ${label} is an object of ${type.path}`)
    }
  }
  if (tensors.size > MAX_TENSORS)
    throw new Error(`it holds ${tensors.size} tensors, more than ${MAX_TENSORS}`)
  return tensors
}

/** Limits the memory of all tensors together: a small file may describe many large tensors over the same few bytes. */
function checkTotal(tensors: Map<string, CheckedTensor>): void {
  let [wanted, stored] = [0, 0]
  const seen = new Set<string>()
  for (const { dtype, count, storage } of tensors.values()) {
    wanted += count * (dtype.endsWith('64') ? 8 : 4)
    if (!seen.has(storage.key)) stored += storage.count * 8
    seen.add(storage.key)
  }
  if (wanted > 4 * stored + (256 << 20))
    throw new Error(`its tensors repeat ${stored} bytes up to ${wanted} bytes`)
}

/** Names of the classes of described objects, each once; walks shared values once, without recursion. */
async function listInert(root: PickleValue): Promise<string[]> {
  const turns = new Turns()
  const names = new Set<string>()
  const seen = new Set<PickleValue>()
  const waiting: PickleValue[] = [root]
  while (waiting.length > 0 && names.size < MAX_INERT) {
    const value = waiting.pop()!
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    seen.add(value)
    if (seen.size % VALUES_A_TURN === 0 && turns.isDue) await turns.give()
    if (value instanceof PickleGlobal) names.add(value.path)
    else if (value instanceof PickleTuple) for (const item of value.items) waiting.push(item)
    else if (value instanceof PickleDict) {
      for (const [key, item] of value) waiting.push(key, item)
      if (value.attributes !== undefined) waiting.push(value.attributes)
    } else if (value instanceof PickleObject) {
      names.add(value.type.path)
      waiting.push(value.args, value.state ?? null, value.entries ?? null)
      for (const item of value.items) waiting.push(item)
    } else if (Array.isArray(value)) for (const item of value) waiting.push(item)
  }
  return [...names].sort()
}

function scalarText(value: PickleValue): string | undefined {
  if (typeof value === 'string') return value.length <= 10_000 ? value : undefined
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? `${value}`
    : undefined
}

function addScalars(metadata: Map<string, string>, prefix: string, value: PickleValue | undefined): void {
  const entries = value instanceof PickleObject ? (value.entries ?? asDict(value.state)) : asDict(value)
  for (const [key, item] of entries ?? []) {
    if (metadata.size >= MAX_METADATA) return
    const text = scalarText(item)
    if (typeof key === 'string' && text !== undefined) metadata.set(prefix + key, text)
  }
}

function collectMetadata(root: PickleDict): Map<string, string> {
  const metadata = new Map<string, string>()
  addScalars(metadata, '', root)
  addScalars(metadata, 'hyper_parameters.', root.get('hyper_parameters'))
  // what this library writes: an attribute of the state dict, which load_state_dict does not look at
  addScalars(metadata, '', asDict(root.attributes)?.get('clmr'))
  return metadata
}

/** The event loop has its turns meanwhile. @throws Error in words */
export async function understandCheckpoint(root: PickleValue): Promise<Checkpoint> {
  const dict = asDict(root)
  if (!dict) {
    const found = root instanceof PickleObject ? `an object of ${root.type.path}` : 'no dict'
    throw new Error(`it holds ${found} instead of a state dict`)
  }
  const wrapped = WRAPPERS.map((key) => dict.get(key)).find(holdsTensors)
  const tensors = collectTensors(wrapped ?? dict, wrapped !== undefined)
  checkTotal(tensors)
  return { tensors, metadata: collectMetadata(dict), inert: await listInert(root) }
}
