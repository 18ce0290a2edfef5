/** Probes on disk: a safetensors file whose metadata says which classes the rows of the last layer are. */
import { z } from 'zod'
import { CheckpointError, ConfigError } from '../errors.js'
import { type FileInput, nameOf } from '../files/source.js'
import { writeSafetensors } from '../formats/safetensors.js'
import { emptyStateDict, toFileTensors, toNamedTensor } from '../formats/state-dict.js'
import type { TensorFile } from '../formats/tensor-file.js'
import { openModel } from '../model/open-model.js'
import { selectHead } from '../model/select-weights.js'
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
  /** multi-label: a probability for each class */
  thresholds?: number[]
}

/** A probe as its file holds it, and what was wrong with the run that it lies in. */
interface ReadProbe extends SavedProbe {
  warnings: string[]
}

const FORMAT = 'clmr-probe'

/** A probe of before has `learningRate` and `standardize`. */
const named = <T extends z.ZodType>(schema: T) =>
  z.preprocess(
    (value) => underNewNames(Object(value), { learningRate: 'lr', standardize: 'standardise' }),
    schema,
  )

/** What a probe of every version says. */
const settings = probeOptions.required({
  hidden: true,
  lr: true,
  weightDecay: true,
  batchSize: true,
  maxEpochs: true,
  plateauFactor: true,
  plateauPatience: true,
  stopPatience: true,
  seed: true,
  standardise: true,
})

const description = z.object({
  classes: z.array(z.string()).min(1),
  task: z.enum(['multilabel', 'multiclass']),
  settings: named(settings),
  history: z.object({
    epochs: z.array(named(z.object({ trainLoss: z.number(), validLoss: z.number(), lr: z.number() }))),
    bestEpoch: z.number().int().min(0),
  }),
  thresholds: z.array(z.number()).optional(),
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

/** Shapes are those that the classes, the hidden size and the encoder, if there is one, ask for. */
function checkShapes(
  { state, classes: { length: classes }, settings: { hidden } }: SavedProbe,
  dim = state['0.weight']?.shape[1] ?? 0,
  path?: string,
): void {
  const expected: Record<string, number[]> = hidden
    ? { '0.weight': [hidden, dim], '0.bias': [hidden], '2.weight': [classes, hidden], '2.bias': [classes] }
    : { '0.weight': [classes, dim], '0.bias': [classes] }
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

/** What a head in a checkpoint is for: the checkpoint does not say it. */
export interface HeadMeaning {
  classes?: readonly string[]
  task?: 'multilabel' | 'multiclass'
}

function headOf(state: StateDict, { classes, task }: HeadMeaning, path?: string): SavedProbe {
  const hidden = state['2.weight'] ? state['0.weight']!.shape[0]! : 0
  const count = state['2.weight']?.shape[0] ?? state['0.weight']?.shape[0] ?? 0
  if (classes && classes.length !== count)
    throw new ConfigError({
      what: 'LinearProbe.load: the option `classes` does not fit the head',
      path,
      given: `${classes.length} classes`,
      expected: `${count}`,
      remedy: 'Name every class, in the order of its training',
    })
  return {
    state,
    classes: classes ? [...classes] : Array.from({ length: count }, (_, k) => `class ${k}`),
    task: task ?? 'multilabel',
    settings: probeOptions.parse({ hidden }),
    history: { epochs: [], bestEpoch: 0 },
  }
}

async function readHeadOrProbe(file: TensorFile, meaning: HeadMeaning): Promise<SavedProbe> {
  const { path } = file
  if (file.metadata.get('format') === FORMAT) {
    if (meaning.classes || meaning.task)
      throw new ConfigError({
        what: 'a saved probe names its classes itself: `classes` and `task` are for the head of a checkpoint',
        path,
        remedy: 'Leave them out',
      })
    const state = emptyStateDict()
    for (const name of file.entries.keys()) state[name] = toNamedTensor(await file.read(name))
    return { ...parseDescription(file.metadata.get('probe'), path), state }
  }
  const { state } = await selectHead(file)
  if (!state) throw refuse(path, 'this is not the file of a probe, nor a checkpoint with a head')
  return headOf(state, meaning, path)
}

/**
 * A probe that was saved, or the head of a checkpoint: that of CLMR's linear evaluation, or of supervised training.
 * @param dim the size of the encoder's embeddings, if there is one
 * @throws IoError, CheckpointError, ConfigError
 */
export async function readProbe(input: FileInput, meaning: HeadMeaning, dim?: number): Promise<ReadProbe> {
  const path = nameOf(input)
  const { file, warnings } = await openModel(input)
  try {
    const probe = await readHeadOrProbe(file, meaning)
    checkShapes(probe, dim, path)
    return { ...probe, warnings }
  } finally {
    await file.close()
  }
}
