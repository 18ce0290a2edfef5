/** Finds the parts of a model (encoder, projector, head) by the names in a checkpoint. */
import { CheckpointError } from '../errors.js'
import { emptyStateDict, toNamedTensor } from '../formats/state-dict.js'
import type { FileTensor } from '../formats/tensor.js'
import type { TensorFile } from '../formats/tensor-file.js'
import type { NamedTensor, StateDict } from '../native/binding.js'
import {
  architectureIn,
  CLMR_ARCHITECTURE,
  clipLengthFor,
  dimOf,
  encoderTensors,
  fitsClip,
  isCounter,
} from './architecture.js'
import type { Architecture } from './option-types.js'

const REMEDY = 'Load a checkpoint of SampleCNN, as CLMR or this library writes them'

function fewOf(items: string[]): string {
  const shown = items.slice(0, 3).join(', ')
  return items.length > 3 ? `${shown} and ${items.length - 3} more` : shown
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i])
}

/** Prefixes in front of `word.` in the names of a file, the most usual first. What an objective keeps is no model. */
function prefixesBefore(file: TensorFile, pattern: RegExp, usual: readonly string[]): string[] {
  const found = new Set<string>()
  for (const name of file.entries.keys()) {
    if (name.startsWith('objective.')) continue
    const prefix = pattern.exec(name)?.[1]
    if (prefix !== undefined) found.add(prefix)
  }
  const rank = (prefix: string) => (usual.includes(prefix) ? usual.indexOf(prefix) : usual.length)
  return [...found].sort((a, b) => rank(a) - rank(b))
}

function checkFinite(name: string, tensor: NamedTensor, path?: string): NamedTensor {
  if (tensor.data.every(Number.isFinite)) return tensor
  throw new CheckpointError({
    what: `the tensor ${name} holds NaN or infinity`,
    path,
    remedy: 'The training diverged before this checkpoint was written: take an earlier one',
  })
}

/** Tensors of a file that are not those of a network, as words. */
interface Faults {
  missing: string[]
  unexpected: string[]
  misshaped: string[]
}

const countOf = ({ missing, unexpected, misshaped }: Faults) =>
  missing.length + unexpected.length + misshaped.length

/** Old versions of PyTorch had no batch counters; everything else must be there. */
function faultsOf(file: TensorFile, prefix: string, architecture: Architecture): Faults {
  const expected = encoderTensors(architecture)
  const known = new Set(expected.map(({ name }) => prefix + name))
  const missing = expected.filter(({ name }) => !isCounter(name) && !file.entries.has(prefix + name))
  const unexpected = [...file.entries.keys()].filter(
    (name) => name.startsWith(`${prefix}sequential.`) && !known.has(name),
  )
  const misshaped = expected.flatMap(({ name, shape }) => {
    const found = file.entries.get(prefix + name)
    if (!found || sameShape(found.shape, shape)) return []
    return [`${prefix}${name} is ${shapeText(found.shape)} instead of ${shapeText(shape)}`]
  })
  return {
    missing: missing.map(({ name, shape }) => `${prefix}${name} ${shapeText(shape)}`),
    unexpected,
    misshaped,
  }
}

function complaints({ missing, unexpected, misshaped }: Faults): string {
  const words: string[] = []
  if (missing.length) words.push(`missing: ${fewOf(missing)}`)
  if (unexpected.length) words.push(`unexpected: ${fewOf(unexpected)}`)
  if (misshaped.length) words.push(`of another shape: ${fewOf(misshaped)}`)
  return words.join('; ')
}

async function readEncoder(file: TensorFile, prefix: string, architecture: Architecture): Promise<StateDict> {
  const state = emptyStateDict()
  for (const { name, shape } of encoderTensors(architecture)) {
    const tensor = file.entries.has(prefix + name)
      ? toNamedTensor(await file.read(prefix + name))
      : { shape, data: new Float32Array(1) }
    state[name] = checkFinite(prefix + name, tensor, file.path)
  }
  return state
}

function sameBytes(a: FileTensor, b: FileTensor): boolean {
  return a.dtype === b.dtype && Buffer.compare(a.bytes, b.bytes) === 0
}

/** CLMR's Lightning module holds its encoder under two names, which is fine if both have the same weights. */
async function checkOneEncoder(
  file: TensorFile,
  prefixes: string[],
  architecture: Architecture,
): Promise<void> {
  const [first, ...others] = prefixes as [string, ...string[]]
  for (const other of others)
    for (const { name } of encoderTensors(architecture)) {
      if (!file.entries.has(first + name) || !file.entries.has(other + name)) continue
      if (sameBytes(await file.read(first + name), await file.read(other + name))) continue
      throw new CheckpointError({
        what: `it holds two different encoders, ${first}${name} and ${other}${name}`,
        path: file.path,
        remedy: 'Save the encoder that you mean by itself',
      })
    }
}

const USUAL = ['model.encoder.', 'encoder.', 'module.encoder.', '', 'model.', 'module.']
const encoderPrefixes = (file: TensorFile) => prefixesBefore(file, /^((?:.*\.)?)sequential\.\d+\./, USUAL)

/** Of a clip: what our files say, and CLMR's where it fits the strides. @throws CheckpointError */
function clipLengthIn(file: TensorFile, strides: readonly number[]): number {
  const [ours, clmrs] = ['clipLength', 'hyper_parameters.audio_length'].map((name) => file.metadata.get(name))
  const told = [ours, clmrs].map(Number).find((length) => fitsClip(strides, length))
  if (told !== undefined) return told
  const fits = clipLengthFor(strides)
  if (ours === undefined) return fits
  throw new CheckpointError({
    what: 'the clip length in its metadata does not fit its layers',
    path: file.path,
    given: `${ours} samples, strides ${strides.join(', ')}`,
    expected: `a length that the layers reduce to one step, such as ${fits}`,
    remedy: REMEDY,
  })
}

/** The network that the tensors of a file make; CLMR's where they make none, or are nearer to it. @throws CheckpointError */
export function architectureOf(file: TensorFile): Architecture {
  const prefix = encoderPrefixes(file)[0] ?? ''
  const found = architectureIn((name) => file.entries.get(prefix + name)?.shape)
  if (!found) return CLMR_ARCHITECTURE
  const faults = countOf(faultsOf(file, prefix, found))
  if (faults > 0 && countOf(faultsOf(file, prefix, CLMR_ARCHITECTURE)) <= faults) return CLMR_ARCHITECTURE
  const supervised = file.metadata.get('supervised') === 'true' || file.entries.has(`${prefix}fc.weight`)
  return { ...found, supervised, clipLength: clipLengthIn(file, found.strides) }
}

/** Whether the tensors of a file are those of a SampleCNN. @throws CheckpointError */
export function holdsEncoder(file: TensorFile): boolean {
  const prefix = encoderPrefixes(file)[0]
  return prefix !== undefined && countOf(faultsOf(file, prefix, architectureOf(file))) === 0
}

/** @throws CheckpointError that names the first few tensors that are missing, unexpected or of another shape */
export async function selectEncoder(file: TensorFile, architecture: Architecture): Promise<StateDict> {
  const prefixes = encoderPrefixes(file)
  const prefix = prefixes[0]
  if (prefix === undefined)
    throw new CheckpointError({
      what: 'it holds no weights of a SampleCNN encoder',
      path: file.path,
      given: file.entries.size === 0 ? 'no tensor at all' : `tensors ${fewOf([...file.entries.keys()])}`,
      expected: '77 tensors such as encoder.sequential.0.0.weight [128, 1, 3]',
      remedy: REMEDY,
    })
  const faults = faultsOf(file, prefix, architecture)
  if (countOf(faults) > 0)
    throw new CheckpointError({
      what: `its tensors do not fit SampleCNN: ${complaints(faults)}`,
      path: file.path,
      expected: `the ${encoderTensors(architecture).length} tensors of SampleCNN under ${JSON.stringify(`${prefix}sequential.`)}`,
      remedy: REMEDY,
    })
  await checkOneEncoder(file, prefixes, architecture)
  return readEncoder(file, prefix, architecture)
}

async function readPart(file: TensorFile, names: Map<string, string>): Promise<StateDict | undefined> {
  const state = emptyStateDict()
  for (const [name, inFile] of names)
    state[name] = checkFinite(inFile, toNamedTensor(await file.read(inFile)), file.path)
  return names.size ? state : undefined
}

/** name within the part → name in the file, for the names that match `pattern` behind `prefix` */
function namesUnder(file: TensorFile, prefix: string, pattern: RegExp): Map<string, string> {
  const names = new Map<string, string>()
  for (const name of file.entries.keys())
    if (name.startsWith(prefix) && pattern.test(name.slice(prefix.length)))
      names.set(name.slice(prefix.length), name)
  return names
}

export interface Part {
  state?: StateDict
  warning?: string
}

/** The SimCLR projector `0.weight` [H, E], `2.weight` [D, H]; one of another shape is left out with a warning. */
export async function selectProjector(file: TensorFile, architecture: Architecture): Promise<Part> {
  const usual = ['model.projector.', 'projector.', 'module.projector.']
  const prefix = prefixesBefore(file, /^((?:.*\.)?projector\.)/, usual)[0]
  if (prefix === undefined) return {}
  const names = namesUnder(file, prefix, /./)
  const first = file.entries.get(`${prefix}0.weight`)?.shape
  const second = file.entries.get(`${prefix}2.weight`)?.shape
  const fits = names.size === 2 && first?.length === 2 && second?.length === 2
  if (!fits || first[1] !== dimOf(architecture) || second[1] !== first[0])
    return { warning: `the projector (${fewOf([...names.values()])}) is not SimCLR's and is left out` }
  return { state: await readPart(file, names) }
}

/**
 * A classifier on top of the encoder: `model.0.weight` … of CLMR's fine-tuner, `head.0.weight` … of ours, or `fc`
 * of a supervised network, which becomes layer 0. Names in the result: `0.weight`, `0.bias`, …
 */
export async function selectHead(file: TensorFile): Promise<Part> {
  for (const prefix of ['head.', 'model.', 'module.model.']) {
    const names = namesUnder(file, prefix, /^\d+\.(weight|bias)$/)
    if (names.size) return { state: await readPart(file, names) }
  }
  const prefix = prefixesBefore(file, /^((?:.*\.)?)fc\.(?:weight|bias)$/, USUAL)[0]
  if (prefix === undefined) return {}
  const names = namesUnder(file, `${prefix}fc.`, /^(weight|bias)$/)
  return { state: await readPart(file, new Map([...names].map(([name, inFile]) => [`0.${name}`, inFile]))) }
}
