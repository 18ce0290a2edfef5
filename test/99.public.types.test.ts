import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as clmr from 'clmr'
import ts from 'typescript'
import ts59 from 'typescript-5.9'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A program of someone who uses the package, which need not be on the disk. */
const FILE = join(root, 'test/types/consumer.ts')
type TypeScript = typeof ts

/** Of the program: how modules are resolved, and whether the types of a browser are there. */
interface Setting {
  bundler?: boolean
  dom?: boolean
}

/** The strictest settings. */
const optionsFor = (
  typescript: TypeScript,
  { bundler = false, dom = true }: Setting = {},
): ts.CompilerOptions => ({
  target: typescript.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', ...(dom ? ['lib.dom.d.ts'] : [])],
  module: bundler ? typescript.ModuleKind.ESNext : typescript.ModuleKind.NodeNext,
  moduleResolution: bundler
    ? typescript.ModuleResolutionKind.Bundler
    : typescript.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  skipLibCheck: false,
})

/** Whether it belongs to a package that someone who uses this one need not have: all but the types of Node. */
const isHidden = (path: string) => /\/node_modules\/(?!@types\/node\/|undici-types\/|typescript)/.test(path)

/** Files that programs of the same settings share: to read and to bind those of the language takes most of the time. */
const shared = new Map<string, ts.SourceFile | undefined>()

/** What the compiler says of a program: line and text of each complaint; those about declarations have their file first. */
function complaints(typescript: TypeScript, options: ts.CompilerOptions, text: string): string[] {
  const host = typescript.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (path) => path === FILE || (!isHidden(path) && fileExists(path))
  host.readFile = (path) => (path === FILE ? text : readFile(path))
  host.getSourceFile = (path, ...rest) => {
    if (path === FILE) return typescript.createSourceFile(path, text, rest[0])
    const key = JSON.stringify([typescript.version, path, rest, options.moduleResolution])
    const file = shared.get(key) ?? getSourceFile(path, ...rest)
    shared.set(key, file)
    return file
  }
  const program = typescript.createProgram([FILE], options, host)
  return typescript.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
    const where = file && file.fileName !== FILE ? `${file.fileName}:` : ''
    return `${where}${line}: ${typescript.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

const RIGHT = `
import { Augmenter, clmrTransforms, decodeAudio, Encoder, LinearProbe, type Matrix, nearest, ntXent, ntXentLoss, openDataset, optimizers, prepare, preset, schedules, Trainer, transforms, writeReport } from 'clmr'
import type { MatrixData, ObjectiveInput, OptimizerInput, ScheduleInput, TrackEncoder, TrainerOptions, TransformInput } from 'clmr'
declare const signal: AbortSignal | undefined
const optimizer: OptimizerInput = { name: 'adam', lr: 1e-3 }
const schedule: ScheduleInput = { name: 'cosine', warmupSteps: 10 }
const objective: ObjectiveInput = { name: 'infoNce', queue: 1024 }
const chain: TransformInput[] = [{ name: 'randomCrop' }, { name: 'noise', ratio: [1e-4, 0.01] }, transforms.pitchShift({ p: 0.5 })]
export const more: TrainerOptions = { ...preset('clmr-paper'), optimizer: optimizers.lars(), schedule: schedules.cosine(), objective: ntXent() }
export async function use(length: number): Promise<Matrix> {
  using encoder = await Encoder.create({ device: 'cuda:1', precision: undefined })
  const dim: 512 extends typeof encoder.dim ? number : never = encoder.dim
  encoder.allocateClips(2)
  const dataset = await prepare('music', { cache: 'cache', signal })
  const augmenter = new Augmenter({ transforms: chain, views: undefined })
  await using trainer = await Trainer.create({ dataset, validation: await openDataset('cache', { subset: 'valid' }), augmenter, optimizer, schedule, objective })
  await trainer.fit({ signal, onStep: ({ lr, validLoss }) => console.log(lr, validLoss) })
  new Augmenter(trainer.config.augmenter).draw(1, { length })
  new Augmenter({ transforms: clmrTransforms({ reverb: 0 }) })
  const probe = await LinearProbe.fit({ encoder, train: dataset, validation: dataset, lr: 0.1, signal })
  await writeReport({ out: 'report.html', results: [{ name: 'mine', evaluation: await probe.evaluate(dataset, { signal }) }] })
  const { samples } = await decodeAudio('a.wav', { quality: 'best', signal })
  const { gradient } = await ntXentLoss(samples, { dim, signal })
  await nearest(gradient, gradient, 3)
  return encoder.encode(samples, { signal })
}
export async function vectors(encoder: TrackEncoder, clips: Float32Array): Promise<MatrixData> {
  await encoder.encodeTrack(clips, { hop: 1, normalize: true, signal })
  await encoder.encodeFile('a.wav', { windows: 3, from: 1, to: 20, normalize: true })
  for await (const { embedding } of encoder.encodeFiles(['a.wav'], { windows: 3, concurrency: 2 })) console.log(embedding?.mean)
  return encoder.encode(clips, { normalize: true, signal })
}
`

/** One mistake on each line. */
const WRONG = [
  'clmr.transforms.noise({ minSnr: 1 })',
  'clmr.transforms.pitchShift({ cent: [0, 1] })',
  "new clmr.Augmenter({ transforms: [{ name: 'wobble' }] })",
  "new clmr.Augmenter({ transforms: [{ name: 'gain', dB: [0, 1] }] })",
  'new clmr.Augmenter({ view: 2 })',
  'clmr.clmrTransforms({ reverse: 1 })',
  'clmr.optimizers.adam({ learningRate: 1 })',
  'clmr.schedules.cosine({ warmup: 3 })',
  'clmr.infoNce({ tau: 1 })',
  "clmr.preset('mocco')",
  "clmr.Trainer.create({ optimizer: { name: 'adamw' } })",
  "clmr.Trainer.create({ optimizer: { name: 'sgd', betas: [0, 1] } })",
  "clmr.Trainer.create({ objective: { name: 'simclr' } })",
  "clmr.Trainer.create({ schedule: { name: 'linear' } })",
  'clmr.Trainer.create({ batchsize: 3 })',
  'clmr.Trainer.create({ projection: { hiden: 3 } })',
  "clmr.Trainer.resume('run', { runDirectory: 'other' })",
  "clmr.Encoder.create({ device: 'gpu' })",
  'clmr.Encoder.create({ threads: 1 })',
  "clmr.Encoder.load('a.pt', { seed: 1 })",
  "clmr.openDataset('cache', { subset: 'validation' })",
  "clmr.prepare('music', { cach: 'x' })",
  "clmr.decodeAudio('a.wav', { quality: 'good' })",
]

/** An option, in a call that is written as `before`, its name, `after`. */
interface Place {
  before: string
  name: string
  after: string
}

/** The options of every exported function, class and method, and those within them: `projection.hidden`. */
class Public {
  readonly #checker: ts.TypeChecker
  readonly options = new Map<string, Place>()
  calls = 0

  constructor(checker: ts.TypeChecker, module: ts.Symbol) {
    this.#checker = checker
    for (const symbol of checker.getExportsOfModule(module)) this.#add(`clmr.${symbol.name}`, symbol)
  }

  #add(path: string, symbol: ts.Symbol): void {
    const target = symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
    if (target.flags & ts.SymbolFlags.ValueModule)
      for (const inner of this.#checker.getExportsOfModule(target)) this.#add(`${path}.${inner.name}`, inner)
    if (!(target.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class))) return
    const type = this.#checker.getTypeOfSymbol(target)
    this.#signatures(path, type.getCallSignatures())
    if (!(target.flags & ts.SymbolFlags.Class)) return
    this.#signatures(`new ${path}`, type.getConstructSignatures())
    const instance = this.#checker.getDeclaredTypeOfSymbol(target)
    for (const [from, members] of [
      [path, type.getProperties()],
      [`(any as ${path})`, instance.getProperties()],
    ] as const)
      for (const member of members)
        this.#signatures(`${from}.${member.name}`, this.#checker.getTypeOfSymbol(member).getCallSignatures())
  }

  #signatures(path: string, signatures: readonly ts.Signature[]): void {
    for (const signature of signatures)
      signature.parameters.forEach((parameter, place) => {
        const type = this.#checker.getNonNullableType(this.#checker.getTypeOfSymbol(parameter))
        const { name } = type.aliasSymbol ?? type.symbol ?? {}
        const named = /^(options|overrides)$/.test(parameter.name) || /Options$/.test(name ?? '')
        if (!named && !this.#areOptions(type)) return
        this.calls++
        this.#members(path, `${path}(${'any, '.repeat(place)}`, ')', type)
      })
  }

  /** Whether a type is one of the written interfaces of options, or a part of one. */
  #areOptions(type: ts.Type): boolean {
    const members = type.getProperties()
    const files = members.flatMap(({ declarations = [] }) => declarations.map((at) => at.getSourceFile()))
    return members.length > 0 && files.every(({ fileName }) => fileName.endsWith('/option-types.d.ts'))
  }

  #members(path: string, before: string, after: string, type: ts.Type): void {
    const tag = this.#tagOf(type)
    const owner = tag === undefined ? path : `${path}(${tag})`
    for (const member of type.getProperties()) {
      const { name } = member
      const [option, isTag] = [`${owner}.${name}`, tag !== undefined && name === 'name']
      const start = tag === undefined || isTag ? `${before}{ ` : `${before}{ name: '${tag}', `
      this.options.set(option, { before: start, name, after: `: ${isTag ? `'${tag}'` : 'any'} }${after}` })
      this.#within(option, `${start}${name}: `, ` }${after}`, this.#checker.getTypeOfSymbol(member))
    }
  }

  /** The one `name` that an object of a choice has, by which an editor knows which one it is. */
  #tagOf(type: ts.Type): string | undefined {
    const name = type.getProperty('name')
    const only = name && this.#checker.getTypeOfSymbol(name)
    return only?.isStringLiteral() ? only.value : undefined
  }

  #within(path: string, before: string, after: string, type: ts.Type): void {
    if (type.isUnion()) for (const one of type.types) this.#within(path, before, after, one)
    else if (this.#checker.isArrayType(type)) {
      const [item] = this.#checker.getTypeArguments(type as ts.TypeReference)
      this.#within(path, `${before}[`, `]${after}`, item!)
    } else if (this.#areOptions(type)) this.#members(path, before, after, type)
  }
}

/** The declarations that `file` leads to, itself among them, and the packages that they name. */
function reachedFrom(file: string): { files: Set<string>; packages: Set<string> } {
  const [files, packages] = [new Set([file]), new Set<string>()]
  for (const from of files)
    for (const { fileName } of ts.preProcessFile(readFileSync(from, 'utf8'), true, true).importedFiles)
      if (fileName.startsWith('.')) files.add(join(dirname(from), fileName).replace(/\.js$/, '.d.ts'))
      else packages.add(fileName)
  return { files, packages }
}

describe('99 the public types', () => {
  it('the declarations lead to no package but Node itself: nothing of zod or commander', () => {
    const { files, packages } = reachedFrom(join(root, 'dist/index.d.ts'))
    assert.ok(files.size > 50, `${files.size} declarations`)
    assert.deepEqual(
      [...packages].filter((name) => !name.startsWith('node:')),
      [],
    )
  })

  it('an editor shows a text for every option of every function and method', function () {
    this.timeout(60_000)
    let text = "import * as clmr from 'clmr'\ndeclare const any: any;\n"
    const host: ts.LanguageServiceHost = {
      getCompilationSettings: () => optionsFor(ts),
      getScriptFileNames: () => [FILE],
      getScriptVersion: (path) => (path === FILE ? `${text.length}` : '0'),
      getScriptSnapshot: (path) => {
        const content = path === FILE ? text : ts.sys.readFile(path)
        return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: (path) => path === FILE || ts.sys.fileExists(path),
      readFile: (path) => (path === FILE ? text : ts.sys.readFile(path)),
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    }
    const service = ts.createLanguageService(host)
    const checker = service.getProgram()!.getTypeChecker()
    const file = service.getProgram()!.getSourceFile(FILE)!
    const namespace = (file.statements[0] as ts.ImportDeclaration).moduleSpecifier
    const { calls, options } = new Public(checker, checker.getSymbolAtLocation(namespace)!)
    assert.ok(calls > 40, `${calls} calls with options`)
    for (const nested of ['projection.hidden', 'augmenter.transforms(gain).db', 'schedule(cosine).name'])
      assert.ok(options.has(`clmr.Trainer.create.${nested}`), nested)
    assert.ok(options.has('clmr.clmrTransforms.reverb'))

    const places: { option: string; at: number }[] = []
    for (const [option, { before, name, after }] of options) {
      text += before
      places.push({ option, at: text.length })
      text += `${name}${after};\n`
    }
    const empty = places.filter(
      ({ at }) => !ts.displayPartsToString(service.getQuickInfoAtPosition(FILE, at)?.documentation).trim(),
    )
    assert.ok(places.length > 150, `${places.length} options`)
    assert.deepEqual(
      empty.map(({ option }) => option),
      [],
    )
  })

  for (const [name, typescript] of [
    [ts.version, ts],
    [ts59.version, ts59 as unknown as TypeScript],
  ] as const)
    for (const setting of [{}, { dom: false }, { bundler: true }]) {
      const { bundler, dom = true }: Setting = setting
      const how = `TypeScript ${name}, ${bundler ? 'bundler' : 'nodenext'}${dom ? '' : ', without the DOM'}`
      // checking all declarations takes seconds: once for each version, in different settings
      const declarations = typescript === ts ? !dom : bundler === true
      it(`a strict program compiles${declarations ? ', and so do the declarations, with no other package there' : ''}: ${how}`, function () {
        this.timeout(60_000)
        const options = { ...optionsFor(typescript, setting), skipLibCheck: !declarations }
        assert.deepEqual(complaints(typescript, options, RIGHT), [])
      })

      if (typescript === ts ? bundler || !dom : !bundler) continue
      it(`BAD CALL - a misspelt option, transform, optimizer, objective, preset or device does not compile: ${how}`, function () {
        this.timeout(60_000)
        const text = ["import * as clmr from 'clmr'", ...WRONG].join('\n')
        const found = complaints(typescript, { ...optionsFor(typescript, setting), skipLibCheck: true }, text)
        const lines = found.map((complaint) => Number.parseInt(complaint, 10))
        const unnoticed = WRONG.filter((_, i) => !lines.includes(i + 2))
        assert.deepEqual(unnoticed, [])
        assert.ok(Object.keys(clmr).includes('transforms'))
      })
    }
})
