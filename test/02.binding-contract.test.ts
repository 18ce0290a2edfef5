import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { z } from 'zod'
import { augmenterOptions } from '#lib/augment/options.js'
import { transformTables } from '#lib/augment/transform-tables.js'
import { SAMPLE_RATE } from '#lib/clip.js'
import { bootstrapOptions } from '#lib/evaluate/bootstrap-options.js'
import { probeSpec } from '#lib/evaluate/probe-options.js'
import { retrievalOptions } from '#lib/evaluate/retrieval.js'
import { CLMR_ARCHITECTURE } from '#lib/model/architecture.js'
import { completeArchitecture } from '#lib/model/architecture-options.js'
import { LOG_MEL_SIZE } from '#lib/model/log-mel.js'
import { encoderOptions } from '#lib/model/options.js'
import type { NativeKind, NativeStruct } from '#lib/native/binding.js'
import { native } from '#lib/native/load.js'
import { OBJECTIVES } from '#lib/objective/objectives.js'
import { supervised, supervisedObjective } from '#lib/objective/supervised.js'
import { optimizerOption } from '#lib/train/optimizer-tables.js'
import { adam } from '#lib/train/optimizers.js'
import { LEAST_BATCH, trainerSpec } from '#lib/train/options.js'

type Struct = NativeStruct

const source = ts.createSourceFile(
  'binding.ts',
  ['binding', 'figures', 'signatures', 'specifications']
    .map((name) => readFileSync(new URL(`../lib/native/${name}.ts`, import.meta.url), 'utf8'))
    .join('\n'),
  ts.ScriptTarget.Latest,
)
const interfaces = new Map(source.statements.filter(ts.isInterfaceDeclaration).map((i) => [i.name.text, i]))

/** The methods that the Native… interfaces of binding.ts declare. */
const methods = new Map(
  [...interfaces]
    .filter(([name]) => /^Native[A-Z]\w+$/.test(name))
    .flatMap(([, { members }]) => members.filter(ts.isMethodSignature))
    .map((method) => [method.name.getText(source), method]),
)

const textOf = (type: ts.TypeNode | undefined) =>
  type!.getText(source).replace(/'\w+'( \| '\w+')*/g, 'string')

/** A kind as binding.ts writes it. */
function typeOf(kind: NativeKind): string {
  if (typeof kind === 'string') return kind === 'integer' ? 'number' : kind
  if ('array' in kind) return `${typeOf(kind.array)}[]`
  if ('optional' in kind) return `${typeOf(kind.optional)} | undefined`
  if ('promise' in kind) return `Promise<${typeOf(kind.promise)}>`
  if ('name' in kind) return kind.name
  return JSON.stringify(kind)
}

function assertType(kind: NativeKind, type: ts.TypeNode | undefined, where: string): void {
  if (type && ts.isTypeOperatorNode(type)) type = type.type // readonly
  if (typeof kind === 'object' && 'array' in kind && ts.isArrayTypeNode(type!))
    assertType(kind.array, type.elementType, where)
  else if (typeof kind === 'object' && 'name' in kind && ts.isTypeLiteralNode(type!))
    assertMembers(kind, type.members, where)
  // a tensor is an array of whichever type its numbers have
  else
    assert.equal(
      textOf(type).replace(/\b(Float32|Int32)Array\b/g, 'TypedArray'),
      typeOf(kind).replace(/\b(Float32|Int32)Array\b/g, 'TypedArray'),
      where,
    )
}

function assertMembers({ fields }: Struct, members: Iterable<ts.TypeElement>, where: string): void {
  const declared = [...members].filter(ts.isPropertySignature)
  assert.deepEqual(
    declared.map((member) => member.name.getText(source)).sort(),
    Object.keys(fields).sort(),
    where,
  )
  for (const member of declared) {
    const name = member.name.getText(source)
    assertType(fields[name]!, member.type, `${where}.${name}`)
  }
}

/** Every struct that a kind is made of, and those of its fields. */
function structsOf(kind: NativeKind): Struct[] {
  if (typeof kind === 'string' || 'words' in kind) return []
  if ('choice' in kind) return kind.choice.flatMap(structsOf)
  if ('name' in kind) return [kind, ...Object.values(kind.fields).flatMap(structsOf)]
  return structsOf('array' in kind ? kind.array : 'optional' in kind ? kind.optional : kind.promise)
}

const signatures = native().signatures()
const structs = new Map(
  Object.values(signatures)
    .flatMap(({ parameters, result }) => [...parameters.map(({ kind }) => kind), result])
    .flatMap(structsOf)
    .map((struct) => [struct.name, struct]),
)

interface JsonOption {
  type?: string
  enum?: string[]
  items?: JsonOption
  prefixItems?: JsonOption[]
  properties?: Record<string, JsonOption>
  required?: string[]
}

/** An option of a table as the native side describes it. `by`: kinds of options that a schema does not say. */
function kindOf(option: JsonOption, by: Record<string, unknown>): unknown {
  if (option.enum) return { words: option.enum }
  if (option.prefixItems) return `[${option.prefixItems.map(() => 'number').join(', ')}]`
  if (option.items) return { array: kindOf(option.items, by) }
  return option.properties ? fieldsOf(option, by) : option.type
}

function fieldsOf(
  { properties, required }: JsonOption,
  by: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties!).map(([name, option]) => {
      const kind = by[name] ?? kindOf(option, by)
      return [name, required?.includes(name) ? kind : { optional: kind }]
    }),
  )
}

/** A native kind without the names of the structs in it. */
function withoutNames(kind: NativeKind): unknown {
  if (typeof kind === 'string' || 'words' in kind || 'choice' in kind) return kind
  if ('fields' in kind)
    return Object.fromEntries(Object.entries(kind.fields).map(([name, field]) => [name, withoutNames(field)]))
  const [[container, inner]] = Object.entries(kind) as [[string, NativeKind]]
  return { [container]: withoutNames(inner) }
}

/** @param by native kinds of options that a schema does not say: what is a choice by name, or completed on the way */
function assertFields(
  struct: Struct | undefined,
  table: z.ZodObject,
  by: Record<string, unknown> = {},
): void {
  assert.ok(struct)
  const json = z.toJSONSchema(table, { io: 'output', unrepresentable: 'any' }) as JsonOption
  assert.deepEqual(withoutNames(struct), fieldsOf(json, by), struct.name)
}

/** The choices that a native field has, whose tables are compared by themselves. */
const choicesIn = (struct: string, field: string) => withoutNames(structs.get(struct)!.fields[field]!)

const NO_DATA = { dataset: undefined, steps: undefined }

describe('02 binding contract', () => {
  it('the addon exports what binding.ts declares, key by key, and nothing else', () => {
    assert.deepEqual(Object.keys(native()).sort(), [...methods.keys()].sort())
  })

  for (const [name, method] of methods)
    it(`${name} has the parameters that binding.ts declares, by name and type`, () => {
      const { parameters, result } = signatures[name]!
      assert.deepEqual(
        parameters.map((parameter) => parameter.name),
        method.parameters.map((parameter) => parameter.name.getText(source)),
      )
      for (const [i, { kind }] of parameters.entries())
        assertType(kind, method.parameters[i]!.type, `${name}, parameter ${i}`)
      assertType(result, method.type, `${name}, its result`)
    })

  it('every struct that crosses has the fields that binding.ts declares', () => {
    const declared = [...structs.values()].filter(({ name }) => interfaces.has(name))
    assert.ok(declared.length >= 7)
    for (const struct of declared) assertMembers(struct, interfaces.get(struct.name)!.members, struct.name)
  })

  it('every specification takes the options of its table, by name and type', () => {
    const architecture = completeArchitecture.omit({ supervised: true })
    const objective = choicesIn('TrainerSpec', 'objective')
    const optimizer = choicesIn('TrainerSpec', 'optimizer')
    const transforms = choicesIn('ChainSpec', 'transforms')
    const layers = withoutNames(structs.get('ArchitectureSpec')!)
    assertFields(structs.get('ArchitectureSpec'), architecture)
    assertFields(structs.get('ChainSpec'), augmenterOptions, { transforms })
    assertFields(structs.get('ProjectionSpec'), trainerSpec.shape.projection.unwrap())
    const nested = { objective, optimizer, transforms }
    assertFields(structs.get('TrainerSpec'), trainerSpec.extend({ architecture }), nested)
    assertFields(structs.get('EncoderSpec'), encoderOptions.omit({ seed: true }), { architecture: layers })
    const ofData = { classes: z.number().int(), multilabel: z.boolean() }
    assertFields(structs.get('ProbeSpec'), probeSpec.extend(ofData))
    assertFields(structs.get('BootstrapSpec'), bootstrapOptions)
    const bootstrap = bootstrapOptions
    assertFields(structs.get('ProbeFiguresSpec'), z.strictObject({ ...ofData, bootstrap }))
    const [dim, conditions] = [z.number().int(), z.number().int()]
    const { k } = retrievalOptions.shape
    assertFields(structs.get('RetrievalSpec'), z.strictObject({ dim, conditions, k, bootstrap }))
  })

  it('what both sides state without its crossing is the same: layers and clips, Adam, the least batch', () => {
    const { supervised: _, ...clmr } = CLMR_ARCHITECTURE
    const { name: _name, lr: _lr, ...usual } = adam()
    assert.deepEqual(native().constants(), {
      clmr,
      sampleRate: SAMPLE_RATE,
      logMelSize: LOG_MEL_SIZE,
      leastBatch: LEAST_BATCH,
      adam: usual,
    })
  })

  it('every objective, optimizer and transform takes the options of its table', () => {
    // words and arrays become an array once the data is known
    const weighted = supervisedObjective.complete(supervised({ classes: 2, classWeights: [1, 2] }), NO_DATA)
    const classWeights = weighted.classWeights!.constructor.name
    for (const { name, table, views } of OBJECTIVES) {
      assertFields(structs.get(name), (table as z.ZodObject).omit({ name: true }), { classWeights })
      assert.deepEqual(structs.get(name)!.constants, { views: [...views] }, name)
    }
    const optimizers = optimizerOption.def.options as unknown as z.ZodObject[]
    for (const table of optimizers) {
      const { name, lr: _rateOfTheStep, ...options } = table.shape as Record<string, z.ZodType>
      assertFields(structs.get((name as z.ZodLiteral).value as string), z.strictObject(options))
    }
    for (const [name, table] of Object.entries(transformTables)) {
      const {
        name: _name,
        apply: _inJavaScript,
        p: _p,
        ...options
      } = table.shape as Record<string, z.ZodType>
      const { p, ...fields } = structs.get(name)!.fields
      assert.deepEqual(p, { optional: 'number' }, name)
      assertFields({ name, fields }, z.strictObject(options).required())
    }
    const { objective, optimizer } = structs.get('TrainerSpec')!.fields as Record<
      string,
      { choice: Struct[] }
    >
    assert.deepEqual(
      objective!.choice.map(({ name }) => name),
      OBJECTIVES.map(({ name }) => name),
    )
    assert.equal(optimizer!.choice.length, optimizers.length)
  })

  it('BAD CALL - a specification with an unknown name or word is refused by name, and what is known is told', async () => {
    const state = {}
    const spec = { device: 'cpu', precision: 'float32' }
    await assert.rejects(async () => native().encoderFromState(state, { ...spec, presicion: 'float32' }), {
      code: 'ERR_CONFIG',
      message: /EncoderSpec has no option "presicion", but device, precision/,
    })
    await assert.rejects(async () => native().encoderFromState(state, { ...spec, precision: 'float16' }), {
      code: 'ERR_CONFIG',
      message: /no precision "float16", but float32, bfloat16/,
    })
    await assert.rejects(async () => native().encoderFromState(state, { device: 'cpu' }), {
      code: 'ERR_ARGUMENT',
      message: /expected a string for precision/,
    })
  })

  it('the addon says which libtorch it runs on', () => {
    const info = native().info()
    assert.equal(info.libtorchVersion, '2.15.0')
    assert.ok(info.threads >= 1)
  })

  it('BAD CALL - a wrong argument is a sentence with a code, not a crash', () => {
    const binding = native() as unknown as Record<string, (...args: unknown[]) => unknown>
    assert.throws(() => binding.setThreads!('many'), {
      code: 'ERR_ARGUMENT',
      message: /expected a number for threads/,
    })
    assert.throws(() => binding.setThreads!(0), { code: 'ERR_ARGUMENT' })
    assert.throws(() => binding.dispose!({}), { code: 'ERR_ARGUMENT', message: /not a handle/ })
    assert.throws(() => binding.dispose!(), { code: 'ERR_ARGUMENT' })
  })

  it('BAD CALL - kernels that there are none of are refused by name, and those of before stay', () => {
    const { instructionSet } = native().info()
    assert.throws(() => native().useKernels('fussed', undefined), {
      code: 'ERR_CONFIG',
      message: /'fussed', expected fused/,
    })
    assert.throws(() => native().useKernels('plain', 'sse' as never), {
      code: 'ERR_CONFIG',
      message: /'sse'/,
    })
    assert.equal(native().info().instructionSet, instructionSet)
  })

  it('BAD CALL - every export refuses hostile arguments with an error of its own', async () => {
    const binding = native() as unknown as Record<string, (...args: unknown[]) => unknown>
    const hostile = [
      undefined,
      null,
      Number.NaN,
      -1,
      2 ** 53,
      'x',
      {},
      [],
      new Float32Array(0),
      new Proxy({}, {}),
      () => 1,
      Symbol.iterator,
      1n,
    ]
    for (const name of Object.keys(binding)) {
      if (['info', 'getThreads', 'createAbortFlag', 'allocate', 'setThreads'].includes(name)) continue
      for (const value of hostile) {
        try {
          await binding[name]!(value, value, value, value, value, value, value)
        } catch (error) {
          assert.ok(error instanceof Error, `${name}(${String(value)}) threw ${String(error)}`)
        }
      }
    }
  })
})
