/** A training as a YAML file: the options of the table, under the same names. Errors say where in the file they are. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parse, parseDocument } from 'yaml'
import { ConfigError, describe, ioError } from '../errors.js'
import { readInput } from '../files/input.js'
import type { PresetName, TrainerConfig } from './option-types.js'
import { LEAST_BATCH, parseTrainerConfig, trainerConfig } from './options.js'
import { presetAt } from './presets.js'

const MAX_BYTES = 1 << 20
const WHERE = 'the training'

export interface TrainingConfig {
  /** complete */
  config: TrainerConfig
  /** what was written, without defaults and without the preset */
  given: Record<string, unknown>
  /** what the preset says; empty without one */
  preset: Record<string, unknown>
}

export interface ConfigSources {
  /** a training that everything else changes; in a file, `preset` */
  preset?: string
  /** `key.sub=value`, as `--set` takes it; the value is YAML */
  set?: readonly string[]
  /** options by name, from flags; undefined ones are left out */
  options?: Record<string, unknown>
}

/** What says where in a file an option stands. */
type Locate = (option: readonly PropertyKey[]) => string | undefined

interface Parsed {
  value: Record<string, unknown>
  locate: Locate
}

/** The node of an option, or the nearest one around it that is there. */
function nodeAt(root: Node | null, option: readonly PropertyKey[]): Node | null {
  let found = root
  let at: unknown = root
  for (const key of option) {
    if (isMap(at)) {
      const pair = at.items.find((item) => isScalar(item.key) && item.key.value === key)
      if (!pair) break
      found = pair.key as Node
      at = pair.value
    } else if (isSeq(at)) {
      at = at.items[Number(key)]
      if (!at) break
      found = at as Node
    } else break
  }
  return found
}

function parseYaml(text: string, path: string): Parsed {
  const lines = new LineCounter()
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const noYaml = (at: string, cause: Error) =>
    new ConfigError({
      what: `this is not YAML: ${cause.message}`,
      path: at,
      remedy: 'Correct the line',
      cause,
    })
  const problem = document.errors[0]
  if (problem) throw noYaml(position(problem.pos[0]), problem)
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    throw noYaml(path, error as Error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError({
      what: 'a training is written as names and values',
      path,
      given: describe(value),
      expected: 'lines such as `batchSize: 48`',
      remedy: 'Write one option per line',
    })
  const locate: Locate = (option) => {
    const start = nodeAt(document.contents as Node | null, option)?.range?.[0]
    return start === undefined ? path : position(start)
  }
  return { value: value as Record<string, unknown>, locate }
}

function notAnAssignment(text: string, cause?: unknown): ConfigError {
  return new ConfigError({
    what: '--set has no name and value',
    given: JSON.stringify(text),
    expected: 'for example optimizer.lr=0.001',
    remedy: 'Write key=value, with dots between the names of nested options',
    cause,
  })
}

/** `optimizer.lr=1e-3` into `into`; returns the names on the way. */
function assign(into: Record<string, unknown>, text: string): string[] {
  const equals = text.indexOf('=')
  const names = text.slice(0, equals).trim().split('.')
  if (equals < 1 || names.some((name) => name === '' || name in Object.prototype)) throw notAnAssignment(text)
  let value: unknown
  try {
    value = parse(text.slice(equals + 1))
  } catch (error) {
    throw notAnAssignment(text, error)
  }
  let at = into
  for (const name of names.slice(0, -1)) {
    const inner = at[name]
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) at[name] = {}
    at = at[name] as Record<string, unknown>
  }
  at[names.at(-1)!] = value
  return names
}

/** The choices that a file may leave unnamed, with the names of their defaults: `optimizer: { lr: 0.001 }` is Adam. */
function usualChoices(): [option: string, name: string][] {
  return Object.entries(trainerConfig.parse({})).flatMap(([option, usual]) =>
    typeof usual === 'object' && 'name' in usual ? [[option, usual.name]] : [],
  )
}

/** A name alone is a choice with its defaults: `optimizer: sgd`. */
function named(choice: unknown, usual: string): unknown {
  if (typeof choice === 'string') return { name: choice }
  const isNameless =
    typeof choice === 'object' && choice !== null && !Array.isArray(choice) && !('name' in choice)
  return isNameless ? { name: usual, ...choice } : choice
}

/** The options of a preset under those that were written; a choice such as the optimizer is mixed with one of its name. */
function overPreset(
  base: Record<string, unknown>,
  written: Record<string, unknown>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base, ...written }
  for (const [key, below] of Object.entries(base)) {
    const over = written[key]
    const isObject = typeof over === 'object' && over !== null && !Array.isArray(over)
    if (!isObject || typeof below !== 'object' || !below) continue
    const choice = over as { name?: unknown }
    if (choice.name === undefined || choice.name === (below as { name?: unknown }).name)
      merged[key] = { ...below, ...choice }
  }
  return merged
}

/**
 * Reads the options of a training: the preset, then the file, `--set` and flags, each over the one before.
 * @param text YAML; empty is allowed
 * @param path of the file, for messages
 * @throws ConfigError with file:line:column, or the `--set` it came from, and the nearest name for a misspelt one
 */
export function parseTrainingConfig(text: string, path: string, sources: ConfigSources = {}): TrainingConfig {
  const { value: written, locate } = parseYaml(text, path)
  const assigned = (sources.set ?? []).map((one) => ({ one, names: assign(written, one) }))
  const flags = Object.entries(sources.options ?? {}).filter(([, flag]) => flag !== undefined)
  for (const [name, flag] of flags) written[name] = flag
  const { preset: chosen = undefined, ...rest } = {
    ...written,
    ...(sources.preset && { preset: sources.preset }),
  }
  const place = sources.preset ? '--preset' : locate(['preset'])
  const preset = chosen === undefined ? {} : { ...presetAt(chosen as PresetName, place) }
  const value = overPreset(preset, rest)
  for (const [name, usual] of usualChoices()) if (name in value) value[name] = named(value[name], usual)
  const where: Locate = (option) => {
    if (flags.some(([name]) => name === option[0])) return undefined
    const from = assigned.findLast(({ names }) =>
      names.every((name, i) => option[i] === undefined || name === `${String(option[i])}`),
    )
    return from ? `--set ${from.one}` : locate(option)
  }
  return {
    config: parseTrainerConfig(value, WHERE, (option) => where(option) ?? 'the command line'),
    given: rest,
    preset,
  }
}

/**
 * As `parseTrainingConfig`, from a file; without one, from `--set` and flags alone.
 * @throws ConfigError, IoError
 */
export async function readTrainingConfig(
  path: string | undefined,
  sources: ConfigSources = {},
): Promise<TrainingConfig> {
  if (path === undefined) return parseTrainingConfig('', 'the command line', sources)
  const bytes = await readInput(path, { pipe: true, limit: MAX_BYTES }).catch((error) => {
    throw ioError(error, path, 'read the configuration')
  })
  if (bytes.length > MAX_BYTES)
    throw new ConfigError({
      what: 'this is too large for a configuration',
      path,
      expected: `at most ${MAX_BYTES}`,
      remedy: 'Check that it is the right file',
    })
  return parseTrainingConfig(bytes.toString('utf8'), path, sources)
}

/**
 * The batch of the defaults or of a preset, or all tracks where they are fewer; a size that was asked for stays.
 * @param tracks of the data set
 */
export function fittingBatch({ config, given }: TrainingConfig, tracks: number): number {
  const { batchSize, accumulate } = config
  const most = Math.floor(tracks / accumulate)
  return 'batchSize' in given || most >= batchSize || most < LEAST_BATCH ? batchSize : most
}
