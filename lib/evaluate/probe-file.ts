/** Probes on disk: a safetensors file whose metadata says which classes the rows of the last layer are. */
import { z } from 'zod'
import { CheckpointError } from '../errors.js'
import { type FileInput, nameOf } from '../files/source.js'
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js'
import { toFileTensors, toStateDict } from '../formats/state-dict.js'
import type { ProbeHistory, StateDict } from '../native/binding.js'
import { underNewNames } from '../runs/former.js'
import type { ProbeSettings } from './option-types.js'
import { probeOptions } from './probe-options.js'

export interface SavedProbe {
  state: StateDict
  classes: string[]
  task: 'multilabel' | 'multiclass'
  settings: ProbeSettings
  history: ProbeHistory
}

const FORMAT = 'clmr-probe'

/** A probe of before has `learningRate`. */
const named = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => underNewNames(Object(value), { learningRate: 'lr' }), schema)

const description = z.object({
  classes: z.array(z.string()).min(1),
  task: z.enum(['multilabel', 'multiclass']),
  settings: named(probeOptions.required()),
  history: z.object({
    epochs: z.array(named(z.object({ trainLoss: z.number(), validLoss: z.number(), lr: z.number() }))),
    bestEpoch: z.number().int().min(0),
  }),
})

export async function writeProbe(path: string, probe: SavedProbe): Promise<void> {
  const { state, ...rest } = probe
  await writeSafetensors(path, toFileTensors(state), { format: FORMAT, probe: JSON.stringify(rest) })
}

function refuse(path: string | undefined, what: string, cause?: unknown): CheckpointError {
  return new CheckpointError({ what, path, remedy: 'Pass a file that LinearProbe.save() wrote', cause })
}

function parseDescription(text: string | undefined, path?: string): z.output<typeof description> {
  let json: unknown
  try {
    json = JSON.parse(text ?? '')
  } catch (cause) {
    throw refuse(path, 'this is not the file of a probe: its metadata does not describe one', cause)
  }
  const result = description.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  throw refuse(
    path,
    `the description of the probe is not valid: ${issue.path.join('.')}: ${issue.message}`,
    result.error,
  )
}

/** Shapes are those that the classes, the hidden size and the encoder ask for. */
function checkShapes(
  state: StateDict,
  { classes, settings }: Omit<SavedProbe, 'state'>,
  dim: number,
  path?: string,
): void {
  const K = classes.length
  const H = settings.hidden
  const expected: Record<string, number[]> = H
    ? { '0.weight': [H, dim], '0.bias': [H], '2.weight': [K, H], '2.bias': [K] }
    : { '0.weight': [K, dim], '0.bias': [K] }
  for (const name of new Set([...Object.keys(expected), ...Object.keys(state)])) {
    const shape = state[name]?.shape
    if (`${shape}` !== `${expected[name]}`)
      throw refuse(
        path,
        `tensor ${JSON.stringify(name)} has the shape [${shape ?? 'missing'}], expected [${expected[name] ?? 'none'}]`,
      )
    if (state[name]!.data.some((v) => !Number.isFinite(v)))
      throw refuse(path, `tensor ${JSON.stringify(name)} holds NaN or infinity`)
  }
}

/** @param dim the size of the encoder's embeddings @throws IoError, CheckpointError */
export async function readProbe(input: FileInput, dim: number): Promise<SavedProbe> {
  const path = nameOf(input)
  const { tensors, metadata } = await readSafetensors(input)
  const rest = parseDescription(metadata.get('format') === FORMAT ? metadata.get('probe') : undefined, path)
  const state = toStateDict(tensors)
  checkShapes(state, rest, dim, path)
  return { state, ...rest }
}
