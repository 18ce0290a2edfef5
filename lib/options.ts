/**
 * One option, declared once. A table is a zod object in which every field has a type, a default, a range and a
 * `.describe()` of whole sentences; from it come the validation of programs, YAML files and command lines, the
 * command-line flags, their help, and the documented interfaces of the package, which scripts/write-option-types.ts
 * writes into `option-types.ts` of each stage.
 */
import { z } from 'zod'
import { ConfigError, describe } from './errors.js'

/** Of every random choice where nobody asks for another one. */
export const DEFAULT_SEED = 42
/** Where random choices come from: any integer that a number holds exactly. */
export const seedOption = (doc: string) =>
  z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(DEFAULT_SEED).describe(doc)

/**
 * The mark of an option whose type a JSON schema cannot say: as TypeScript writes it, one way or in two: as it is given, and
 * as it is once it is complete. Classes and interfaces of lib/ are found by their names.
 */
export const typed = (given: string, complete = given) => ({ typescript: { given, complete } })

type Device = 'auto' | 'cpu' | 'cuda' | `cuda:${number}`

const deviceName = z.string().regex(/^(auto|cpu|cuda(:\d{1,3})?)$/, {
  message: 'expected auto, cpu, cuda or cuda:N',
}) as unknown as z.ZodType<Device, Device>
const deviceMarks = {
  ...typed(`'auto' | 'cpu' | 'cuda' | \`cuda:\${number}\``),
  placeholder: 'auto|cpu|cuda|cuda:N',
}

/** Where to compute. */
export const deviceOption = (doc: string) => deviceName.default('auto').describe(doc).meta(deviceMarks)
/** The same where a record of the options may lack it. */
export const optionalDevice = (doc: string) =>
  deviceName.optional().describe(`${doc} Default: 'auto'.`).meta(deviceMarks)

/** What numbers are kept as. */
export const precisionOption = (doc: string) =>
  z.enum(['float32', 'bfloat16', 'auto']).default('float32').describe(doc)

/** Arithmetic of float32 on CUDA. */
export const tf32Option = z
  .boolean()
  .optional()
  .describe(
    'Whether CUDA may round the inputs of float32 products to TF32, which is faster and has a relative error of about 1e-3. During calls with `tf32`, it applies to all work of libtorch in the process. Default: false.',
  )

/** An option that stops a call. */
export const signalOption = z
  .instanceof(AbortSignal, { message: 'expected an AbortSignal' })
  .optional()
  .describe("Aborts the call, which then rejects with the signal's reason.")
  .meta(typed('AbortSignal'))

/** A function that is called with what a call has to tell. `type`: as TypeScript writes it. */
export const callbackOption = <Told, Answer = void>(type: string, doc: string) =>
  z
    .custom<(told: Told) => Answer>((value) => typeof value === 'function', {
      message: 'expected a function',
    })
    .optional()
    .describe(doc)
    .meta(typed(type))

/** A function that is told warnings. */
export const warningOption = (doc: string) => callbackOption<string>('OnWarning', doc)

/**
 * An object of the class `type`, which messages call `name` ("an Encoder"). What another copy of the package made holds
 * handles of that copy's native part.
 */
export const instanceOption = <T>(type: { readonly prototype: T; readonly name: string }, name: string) =>
  z
    .custom<T>((value) => value instanceof (type as unknown as new () => object), {
      error: ({ input }) =>
        describe(input) === `an object (${type.name})`
          ? `it is ${name} of another copy of clmr in this process; install clmr once (\`npm ls clmr\` shows the copies)`
          : `expected ${name}`,
    })
    .meta(typed(type.name))

/** What is checked where it is used, by its own function: an object of an interface, such as a TrackEncoder. */
export const objectOption = <T>(type: string, doc: string) => z.custom<T>().describe(doc).meta(typed(type))

/** Levenshtein distance: how many letters have to change. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]!
}

/** The known name nearest to a misspelt one, or undefined if none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((k) => ({ k, d: editDistance(name.toLowerCase(), k.toLowerCase()) }))
    .sort((a, b) => a.d - b.d)
  const best = ranked[0]
  return best && best.d <= Math.max(2, Math.floor(name.length / 3)) ? best.k : undefined
}

type Issue = z.core.$ZodIssue

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], root)
}

interface SchemaInside {
  shape?: Record<PropertyKey, SchemaInside>
  def?: {
    innerType?: SchemaInside
    out?: SchemaInside
    discriminator?: string
    options?: SchemaInside[]
    values?: unknown[]
  }
}

/** Into defaults, optionals and pipes, and into the member of a union that the input's discriminator names. */
function unwrap(schema: SchemaInside | undefined, input: unknown): SchemaInside | undefined {
  const { innerType, out, discriminator, options } = schema?.def ?? {}
  if (innerType || out) return unwrap(innerType ?? out, input)
  if (discriminator === undefined) return schema
  const given = (input as Record<string, unknown> | undefined)?.[discriminator]
  return options?.find((member) => member.shape?.[discriminator]?.def?.values?.includes(given))
}

function knownNames(schema: z.ZodType, input: unknown, path: readonly PropertyKey[]): string[] {
  let at = unwrap(schema as unknown as SchemaInside, input)
  path.forEach((key, i) => {
    at = unwrap(at?.shape?.[key], valueAt(input, path.slice(0, i + 1)))
  })
  return Object.keys(at?.shape ?? {})
}

/** The file that options came from, or a function that finds the place of an option in it ("train.yaml:3:5"). */
export type OptionsPath = string | ((option: readonly PropertyKey[]) => string)

function toConfigError(
  issue: Issue,
  schema: z.ZodType,
  input: unknown,
  where: string,
  optionsPath?: OptionsPath,
): ConfigError {
  const name = issue.path.map(String).join('.')
  const at = (option: readonly PropertyKey[]) =>
    typeof optionsPath === 'function' ? optionsPath(option) : optionsPath
  const path = at(issue.path)
  if (issue.code === 'invalid_union' && issue.discriminator !== undefined) {
    const known = (issue as { options?: unknown[] }).options?.map(String) ?? []
    const given = valueAt(input, issue.path)
    const near = typeof given === 'string' ? nearestName(given, known) : undefined
    return new ConfigError({
      what: `${where} option ${JSON.stringify(name)} has an unknown value`,
      given: describe(given),
      expected: `one of ${known.join(', ')}`,
      remedy: near ? `Write ${JSON.stringify(near)} instead` : 'Correct the name',
      path,
    })
  }
  if (issue.code === 'unrecognized_keys') {
    const known = knownNames(schema, input, issue.path)
    const key = issue.keys[0]!
    const near = nearestName(key, known)
    return new ConfigError({
      what: `${where} has no option ${JSON.stringify([...issue.path, key].map(String).join('.'))}`,
      expected: `one of ${known.join(', ')}`,
      remedy: near ? `Write ${JSON.stringify(near)} instead` : 'Correct its name',
      path: at([...issue.path, key]),
    })
  }
  return new ConfigError({
    what: `${where}${name ? ` option ${JSON.stringify(name)}` : ''} is not valid: ${issue.message}`,
    given: describe(valueAt(input, issue.path)),
    remedy: 'Correct the value',
    path,
  })
}

/**
 * Applies defaults and checks everything, unknown names included.
 * @param where what the options belong to, for the message ("Trainer.create", "train.yaml")
 * @throws ConfigError that names the option, what was given and, for a misspelt name, the nearest one
 */
export function parseOptions<S extends z.ZodType>(
  schema: S,
  input: unknown,
  where: string,
  path?: OptionsPath,
): z.output<S> {
  const result = schema.safeParse(input ?? {})
  if (result.success) return result.data
  throw toConfigError(result.error.issues[0]!, schema, input, where, path)
}

/** What a JSON schema says of an option. A choice with options of its own is one of several objects with a name. */
interface JsonOption {
  type?: string
  description?: string
  default?: unknown
  enum?: string[]
  oneOf?: { properties?: { name?: { const?: string } } }[]
}

interface FlagField {
  name: string
  type: string
  doc: string
  fallback: unknown
  choices?: string[]
}

/** The fields of a table as plain data: what the flags, the help and the documentation are made from. */
export function listOptions(schema: z.ZodObject): FlagField[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, JsonOption>
  }
  return Object.entries(json.properties ?? {}).map(([name, p]) => {
    const members = p.oneOf?.map((member) => member.properties?.name?.const ?? '')
    return {
      name,
      type: members ? 'choice' : (p.type ?? 'value'),
      doc: p.description ?? '',
      fallback: members ? (p.default as { name: string } | undefined)?.name : p.default,
      choices: members ?? p.enum,
    }
  })
}

/** The options of a table that `.meta()` marks so. */
export function markedNames<S extends z.ZodRawShape>(schema: z.ZodObject<S>, mark: string): (keyof S)[] {
  const options = Object.entries(schema.shape) as [keyof S, z.ZodType][]
  return options.flatMap(([name, option]) => (option.meta()?.[mark] ? [name] : []))
}
