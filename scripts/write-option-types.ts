/**
 * Writes `option-types.ts` of each stage: the options of the package as documented interfaces, from the tables in lib/ that
 * check them. `--check` compares instead. `npm run types`
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Declaration, tables } from './option-tables.js'

/** What is read of the JSON schema of a table; `typescript` is the mark of `typed` in lib/options.ts. */
interface Schema {
  description?: string
  typescript?: { given: string; complete: string }
  type?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  items?: Schema | false
  prefixItems?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const lib = `${root}lib/`
/** A bound that is larger is there against mistakes, and tells nobody anything. */
const LARGE = 1e6
/** An interface that has all members of another one of its stage, at least so many, extends it. */
const SHARED_MEMBERS = 4

const quoted = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value))
const number = (value: number) =>
  Math.abs(value) < 1e-3
    ? String(Number(value.toPrecision(3)))
    : value.toLocaleString('en-US', { maximumFractionDigits: 12 })
const pascal = (name: string) => name[0]!.toUpperCase() + name.slice(1)

function boundsOf({ type, prefixItems, ...schema }: Schema): string | undefined {
  if (prefixItems) return boundsOf(prefixItems[0]!)
  if (type !== 'number' && type !== 'integer') return undefined
  const sensible = (bound?: number) =>
    bound === undefined || Math.abs(bound) >= LARGE ? undefined : number(bound)
  const [low, above] = [sensible(schema.minimum), sensible(schema.exclusiveMinimum)]
  const [high, below] = [sensible(schema.maximum), sensible(schema.exclusiveMaximum)]
  if (low !== undefined && high !== undefined) return `${low} to ${high}`
  const lower = low !== undefined ? `${low} or more` : above !== undefined ? `above ${above}` : undefined
  const upper = high !== undefined ? `at most ${high}` : below !== undefined ? `below ${below}` : undefined
  return [lower, upper].filter(Boolean).join(', ') || undefined
}

function defaultOf({ default: value, description = '' }: Schema): string | undefined {
  if (/\bDefault: /.test(description)) return undefined
  // without thousands separators, which are commas too
  if (Array.isArray(value)) return `[${value.map(quoted).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length > 2 || 'name' in value
      ? undefined
      : JSON.stringify(value)
          .replace(/[{}]/g, ' $& ')
          .replace(/"(\w+)":/g, '$1: ')
          .replaceAll(',', ', ')
          .trim()
  return value === undefined ? undefined : typeof value === 'number' ? number(value) : quoted(value)
}

/** The description of a member, with its range and default. @throws where a member has none */
function documentationOf(schema: Schema, where: string): string {
  if (!schema.description) throw new Error(`${where} has no description: give it one with .describe()`)
  if (!/[.!?]$/.test(schema.description))
    throw new Error(`the description of ${where} is no sentence: end it with a full stop`)
  const [text, told] = schema.description.split(/ (?=Default: )/)
  const [bounds, fallback] = [boundsOf(schema), defaultOf(schema)]
  return [text, bounds && `Range: ${bounds}.`, told ?? (fallback && `Default: ${fallback}.`)]
    .filter(Boolean)
    .join(' ')
}

type Side = 'given' | 'complete'

function typeOf(schema: Schema, side: Side, where: string): string {
  if (schema.typescript) return schema.typescript[side]
  if (schema.const !== undefined) return quoted(schema.const)
  if (schema.enum) return schema.enum.map(quoted).join(' | ')
  if (schema.prefixItems)
    return `readonly [${schema.prefixItems.map((item) => typeOf(item, side, where)).join(', ')}]`
  if (schema.type === 'array' && schema.items) {
    const item = typeOf(schema.items, side, where)
    return `readonly ${/ \| /.test(item) ? `(${item})` : item}[]`
  }
  if (schema.type === 'integer') return 'number'
  if (schema.type === 'object' && schema.properties) return `{\n${membersOf(schema, side, where)}\n}`
  if (schema.type) return schema.type
  throw new Error(`the type of ${where} is not known: mark it with .meta(typed('…')) of lib/options.ts`)
}

function memberTexts({ properties = {}, required = [] }: Schema, side: Side, where: string): string[] {
  return Object.entries(properties).map(([name, schema]) => {
    const path = `${where}.${name}`
    const type = typeOf(schema, side, path)
    const readonly = side === 'complete' ? 'readonly ' : ''
    const member = required.includes(name)
      ? `${name}: ${type}`
      : `${name}?: ${/=>/.test(type) ? `(${type})` : type} | undefined`
    const documentation =
      name === 'name' && schema.const !== undefined ? 'Its name.' : documentationOf(schema, path)
    return `  /** ${documentation} */\n  ${readonly}${member}`
  })
}

const membersOf = (schema: Schema, side: Side, where: string) => memberTexts(schema, side, where).join('\n')

function schemaOf(table: z.ZodType, side: Side): Schema {
  return z.toJSONSchema(table, {
    io: side === 'given' ? 'input' : 'output',
    unrepresentable: 'any',
    reused: 'inline',
  }) as Schema
}

function interfaceOf(
  name: string,
  doc: string,
  table: z.ZodType,
  side: Side,
  without: readonly string[] = [],
): string {
  const { properties, ...schema } = schemaOf(table, side)
  const kept = Object.fromEntries(
    Object.entries(properties ?? {}).filter(([member]) => !without.includes(member)),
  )
  const members = membersOf({ ...schema, properties: kept }, side, name)
  return `/** ${doc} */\nexport interface ${name} {\n${members}\n}\n`
}

const union = (name: string, doc: string, members: readonly string[]) =>
  `/** ${doc} */\nexport type ${name} = ${members.join(' | ')}\n`

/** The options and the complete form of each member of a choice such as the optimizers, and the unions of them. */
function choiceOf({ choice, noun, suffix, members }: Extract<Declaration, { choice: string }>): string[] {
  const names = Object.keys(members)
  const hasOptions = (name: string) =>
    Object.keys(schemaOf(members[name]!, 'given').properties ?? {}).length > 1
  const options = names.filter(hasOptions)
  const list = names.join(', ')
  return [
    ...options.map((name) =>
      interfaceOf(`${pascal(name)}Options`, `Options of \`${name}\`.`, members[name]!, 'given', ['name']),
    ),
    ...names.map((name) =>
      interfaceOf(
        `${pascal(name)}${suffix}`,
        `The ${noun} \`${name}\` with all its options.`,
        members[name]!,
        'complete',
      ),
    ),
    union(
      choice,
      `Any ${noun} with all its options: ${list}.`,
      names.map((name) => `${pascal(name)}${suffix}`),
    ),
    union(`${choice}Name`, `Names of the ${noun}s.`, names.map(quoted)),
    union(
      `${choice}Input`,
      `Any ${noun} as you write it: options that you leave out have their defaults.`,
      names.map((name) => {
        const named = `{\n/** Name of the ${noun}. */\nname: '${name}' }`
        return hasOptions(name) ? `(${named} & ${pascal(name)}Options)` : named
      }),
    ),
  ]
}

interface Members {
  name: string
  doc: string
  members: string[]
}

/** The interfaces of a stage, each without what it takes over from the largest one that it holds whole. */
function interfacesOf(all: readonly Members[]): Map<string, string> {
  const isBase = (base: Members, { name, members }: Members) =>
    base.name !== name &&
    base.members.length >= SHARED_MEMBERS &&
    base.members.length < members.length &&
    base.members.every((member) => members.includes(member))
  return new Map(
    all.map((one) => {
      const [base] = all
        .filter((other) => isBase(other, one))
        .sort((a, b) => b.members.length - a.members.length)
      const own = one.members.filter((member) => !base?.members.includes(member))
      const head = base ? `${one.name} extends ${base.name}` : one.name
      return [one.name, `/** ${one.doc} */\nexport interface ${head} {\n${own.join('\n')}\n}\n`]
    }),
  )
}

function textsOf(declarations: readonly Declaration[]): string[] {
  const tables = declarations.flatMap((declaration) => ('table' in declaration ? [declaration] : []))
  const interfaces = interfacesOf(
    tables.map(({ name, doc, table, complete }) => {
      const side = complete ? 'complete' : 'given'
      return { name, doc, members: memberTexts(schemaOf(table, side), side, name) }
    }),
  )
  return declarations.flatMap((declaration) => {
    if ('choice' in declaration) return choiceOf(declaration)
    const { name } = declaration
    if ('table' in declaration) return [interfaces.get(name)!]
    return [union(name, declaration.doc, declaration.names.map(quoted))]
  })
}

/** Where lib/ declares which type. */
function findDeclarations(): Map<string, string> {
  const found = new Map<string, string>()
  for (const path of readdirSync(lib, { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.ts') && !path.endsWith('option-types.ts'))
      for (const [, name] of readFileSync(lib + path, 'utf8').matchAll(
        /^export (?:abstract )?(?:class|interface|type) (\w+)/gm,
      ))
        found.set(name!, path)
  return found
}

/** The imports of what a text names and does not declare. */
function importsOf(stage: string, texts: readonly string[], declared: ReadonlyMap<string, string>): string[] {
  const body = texts
    .join('\n')
    .replace(/\/\*\*.*?\*\//gs, '')
    .replace(/'[^']*'/g, '')
  const own = new Set([...body.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name!))
  const names = new Set([...body.matchAll(/\b[A-Z]\w+\b/g)].map(([name]) => name!))
  const modules = new Map<string, string[]>()
  for (const name of [...names].sort()) {
    const path = declared.get(name)
    if (own.has(name) || path === undefined) continue
    const from = relative(lib + stage, lib + path.replace(/\.ts$/, '.js'))
    const module = from.startsWith('.') ? from : `./${from}`
    modules.set(module, [...(modules.get(module) ?? []), name])
  }
  return [...modules]
    .sort()
    .map(([module, imported]) => `import type { ${imported.join(', ')} } from '${module}'`)
}

function laidOut(text: string, path: string): string {
  const biome = `${root}node_modules/@biomejs/biome/bin/biome`
  return execFileSync(process.execPath, [biome, 'check', '--write', `--stdin-file-path=${path}`], {
    input: text,
    cwd: root,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}

const declared = findDeclarations()
const texts = new Map(Object.entries(tables).map(([stage, list]) => [stage, textsOf(list)]))
for (const [stage, parts] of texts)
  for (const part of parts)
    for (const [, name] of part.matchAll(/^export (?:interface|type) (\w+)/gm))
      declared.set(name!, `${stage}/option-types.ts`)
let stale = 0
for (const [stage, parts] of texts) {
  const path = `lib/${stage}/option-types.ts`
  const head = `/** The options of stage ${stage}, written by scripts/write-option-types.ts from its tables: do not edit. */`
  const text = laidOut(
    `${head}\n${importsOf(stage, parts, declared).join('\n')}\n\n${parts.join('\n')}`,
    path,
  )
  const there = existsSync(root + path) ? readFileSync(root + path, 'utf8') : ''
  if (there === text) continue
  stale++
  if (process.argv.includes('--check'))
    process.stderr.write(`${path} is not what the tables say: run \`npm run types\`\n`)
  else writeFileSync(root + path, text)
}
if (process.argv.includes('--check') && stale > 0) process.exitCode = 1
else process.stdout.write(`the option types of ${texts.size} stages are those of the tables\n`)
