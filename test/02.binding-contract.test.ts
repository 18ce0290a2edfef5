import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { z } from 'zod'
import { augmenterOptions } from '#lib/augment/options.js'
import { transformTables } from '#lib/augment/transform-tables.js'
import { probeSpec } from '#lib/evaluate/probe-options.js'
import { encoderOptions } from '#lib/model/options.js'
import type { NativeKind, NativeStruct } from '#lib/native/binding.js'
import { native } from '#lib/native/load.js'
import { OBJECTIVES } from '#lib/objective/objectives.js'
import { optimizerOption } from '#lib/train/optimizer-tables.js'
import { trainerSpec } from '#lib/train/options.js'

type Struct = NativeStruct

const source = ts.createSourceFile(
  'binding.ts',
  ['binding', 'figures']
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
}

/** The options of a table as the native side describes its fields; what is nested or has parameters by name: undefined. */
function fieldsOf(table: z.ZodObject): Record<string, NativeKind | undefined> {
  const json = z.toJSONSchema(table, { io: 'output', unrepresentable: 'any' }) as {
    properties: Record<string, JsonOption>
    required?: string[]
  }
  return Object.fromEntries(
    Object.entries(json.properties).map(([name, option]) => {
      const kind = option.enum ? { words: option.enum } : option.type
      const plain = kind === 'object' || kind === 'array' ? undefined : kind
      return [name, plain === undefined || json.required?.includes(name) ? plain : { optional: plain }]
    }),
  )
}

function assertFields(struct: Struct | undefined, table: z.ZodObject): void {
  assert.ok(struct)
  const expected = fieldsOf(table)
  assert.deepEqual(Object.keys(struct.fields).sort(), Object.keys(expected).sort(), struct.name)
  for (const [name, kind] of Object.entries(expected))
    if (kind !== undefined) assert.deepEqual(struct.fields[name], kind, `${struct.name}.${name}`)
}

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
    assertFields(structs.get('TrainerSpec'), trainerSpec)
    assertFields(structs.get('ChainSpec'), augmenterOptions)
    assertFields(structs.get('ProjectionSpec'), trainerSpec.shape.projection.unwrap())
    assertFields(structs.get('EncoderSpec'), encoderOptions.omit({ seed: true }))
    const ofData = { classes: z.number().int(), multilabel: z.boolean() }
    assertFields(structs.get('ProbeSpec'), probeSpec.extend(ofData))
  })

  it('every objective, optimizer and transform takes the options of its table', () => {
    for (const { name, table, views } of OBJECTIVES) {
      assertFields(structs.get(name), (table as z.ZodObject).omit({ name: true }))
      assert.deepEqual(structs.get(name)!.constants, { views: [...views] }, name)
    }
    const optimizers = optimizerOption.def.options as unknown as z.ZodObject[]
    for (const table of optimizers) {
      const { name, lr: _rateOfTheStep, ...options } = table.shape as Record<string, z.ZodType>
      assertFields(structs.get((name as z.ZodLiteral).value as string), z.strictObject(options))
    }
    for (const [name, table] of Object.entries(transformTables)) {
      const { name: _name, apply: _inJavaScript, ...options } = table.shape as Record<string, z.ZodType>
      const { fields } = structs.get(name)!
      assert.deepEqual(Object.keys(fields).sort(), [...new Set([...Object.keys(options), 'p'])].sort(), name)
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
