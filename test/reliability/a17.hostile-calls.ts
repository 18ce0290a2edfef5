/**
 * Random calls of everything that is exported, with what nobody should pass; buffers that change while they are read; and
 * disposal in the middle. Only documented errors come out, and the process lives.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as clmr from 'clmr'
import { testClips } from '../helpers/golden.js'
import { tinyDataset } from '../helpers/tiny-dataset.js'
import { ToyEncoder, toyDataset } from '../helpers/toy-evaluation.js'
import { drive, type Trial } from './driver.js'

const T = 59049
const LONGEST_MS = 20_000

/** What a hostile getter throws: it may come back as it is. */
const OWN = new Error('thrown by the caller')
const throws = () => {
  throw OWN
}

/** Makers, so that each call has a fresh one. */
const VALUES: (() => unknown)[] = [
  ...[
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    0.5,
    2 ** 31,
    2 ** 53,
    1e308,
    Number.NaN,
    Infinity,
    -Infinity,
  ],
  ...[
    0n,
    2n ** 70n,
    '',
    '\0',
    'a\0b',
    'nowhere/nothing.wav',
    '.',
    'x'.repeat(5000),
    '\ud800',
    'cuda:99',
    Symbol('s'),
  ],
].map((value) => () => value)
VALUES.push(
  () => ({}),
  () => [],
  () => [[], [null]],
  () => new Date(Number.NaN),
  () => /x/g,
  () => new Map([[1, 2]]),
  () => throws,
  () => class {},
  () => Promise.resolve(1),
  () => Object.fromEntries([['then', throws]]),
  () => Object.create(null),
  () => new Proxy({}, { get: throws, has: throws, ownKeys: throws }),
  () => new Proxy([], { get: throws }),
  () => ({
    get signal() {
      return throws()
    },
  }),
  () => ({ toString: throws, valueOf: throws }),
  () => ({ length: -1 }),
  () => ({ data: 1, rows: 'a', cols: null }),
  () => ({ signal: {}, onProgress: 1, out: 'x' }),
  () => ({ signal: AbortSignal.abort() }),
  () => AbortSignal.abort(),
  () => new Float32Array(0),
  () => new Float32Array(T),
  () => new Float32Array(3).fill(Number.NaN),
  () => new Float32Array(Reflect.construct(ArrayBuffer, [16, { maxByteLength: 64 }])),
  () => new Float32Array(new SharedArrayBuffer(64)),
  () => new Float64Array(4),
  () => new Uint8Array(100).fill(7),
  () => new DataView(new ArrayBuffer(8)),
  () => new ArrayBuffer(8),
  () => {
    const array = new Float32Array(8)
    structuredClone(array.buffer, { transfer: [array.buffer] })
    return array
  },
)

interface Target {
  name: string
  call: (args: unknown[]) => unknown
}

const isClass = (value: unknown): value is { prototype: object } =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))

type Callable = (...args: unknown[]) => unknown

/** Methods of an object, getters left out. */
function methodsOf(name: string, object: object, until: object): Target[] {
  const targets: Target[] = []
  for (let at = object; at && at !== until; at = Object.getPrototypeOf(at))
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (
        typeof value === 'function' &&
        key !== 'constructor' &&
        !/^(dispose|length|prototype|ofSources)$/.test(key)
      )
        targets.push({ name: `${name}.${key}`, call: (args) => (value as Callable).apply(object, args) })
  return targets
}

/** Everything that the package exports: functions, constructors, static methods, methods of its objects. */
function targetsOf(objects: Record<string, object>): Target[] {
  const targets: Target[] = []
  for (const [name, value] of Object.entries(clmr)) {
    if (isClass(value)) {
      if (value === clmr.ClmrError || value.prototype instanceof clmr.ClmrError) continue
      targets.push({ name: `new ${name}`, call: (args) => Reflect.construct(value as never, args) })
      targets.push(...methodsOf(name, value, Function.prototype))
    } else if (typeof value === 'function')
      targets.push({ name, call: (args) => (value as Callable)(...args) })
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      targets.push(...methodsOf(name, value, Object.prototype))
  }
  for (const [name, object] of Object.entries(objects))
    targets.push(...methodsOf(name, object, Object.prototype))
  return targets
}

/** Sensible arguments, of which the hostile ones replace some: what lies behind the first check is reached as well. */
function sensible(draw: () => number, folder: string): unknown[] {
  const embedded = clmr.Matrix.from({ data: new Float32Array(16).fill(0.5), rows: 4, cols: 4 })
  const pool: unknown[] = [
    testClips(1, 2, 1),
    join(folder, 'music'),
    join(folder, 'm.safetensors'),
    embedded,
    { seed: 1 },
    { k: 2 },
    2,
    [1, 0, 1, 0],
    [0.1, 0.9, 0.4, 0.3],
    new ToyEncoder(),
    toyDataset({ tracks: 4 }),
    { dim: 64 },
    { length: T },
    { cache: join(folder, 'cache') },
  ]
  return Array.from({ length: Math.floor(draw() * 4) }, () => pool[Math.floor(draw() * pool.length)])
}

/** Settles a call of any kind, and frees what it made. @returns the error, where there is one */
async function outcomeOf(target: Target, args: unknown[]): Promise<unknown> {
  const late = sleep(LONGEST_MS, 'late', { ref: false })
  try {
    let made = target.call(args) as { next?: Callable; return?: Callable; dispose?: () => void } | undefined
    if (typeof made?.next === 'function' && typeof made.return === 'function') {
      const { next } = made
      try {
        await Promise.race([next.call(made), late])
      } finally {
        await made.return()
      }
      return undefined
    }
    const settled = await Promise.race([made, late])
    if (settled === 'late') return new Error(`no answer within ${LONGEST_MS} ms`)
    made = settled as typeof made
    if (typeof made?.dispose === 'function') made.dispose()
    return undefined
  } catch (error) {
    return error
  }
}

const CODES = new Set(Object.keys(clmr.ERROR_CODES))
function isDocumented(error: unknown): boolean {
  if (error === undefined || error === OWN) return true
  if (error instanceof clmr.ClmrError) return CODES.has(error.code) && error.code !== 'ERR_INTERNAL'
  return (error as Error)?.name === 'AbortError'
}

function wordsFor(value: unknown): string {
  try {
    if (typeof value === 'string') return JSON.stringify(value.slice(0, 20))
    if (ArrayBuffer.isView(value)) return value.constructor.name
    return typeof value === 'object' && value !== null ? `{${Object.keys(value).slice(0, 4)}}` : String(value)
  } catch {
    return 'a hostile object'
  }
}

async function randomCalls(
  { folder, size, draw, figure, fail }: Trial<Name>,
  objects: Record<string, object>,
) {
  const targets = targetsOf(objects)
  const untyped = new Map<string, number>()
  for (let i = 0; i < size.calls; i++) {
    const target = targets[i < 5 * targets.length ? i % targets.length : Math.floor(draw() * targets.length)]!
    const args = sensible(draw, folder)
    for (let n = Math.floor(draw() * 3); n >= 0; n--)
      args[Math.floor(draw() * 3)] = VALUES[Math.floor(draw() * VALUES.length)]!()
    const error = await outcomeOf(target, args)
    if (isDocumented(error)) continue
    const { name, message } = (error ?? {}) as Error
    const kind = `${target.name}(${args.map(wordsFor).join(', ')}): ${name} ${message?.slice(0, 120)}`
    const seen = untyped.get(target.name) ?? 0
    untyped.set(target.name, seen + 1)
    if (seen === 0) fail(kind)
  }
  figure('exports', targets.length)
  figure('calls', size.calls)
  figure(
    'untyped',
    [...untyped.values()].reduce((sum, n) => sum + n, 0),
  )
}

/** Arrays that change, move or vanish while native code reads them, where the promise allows them to. */
async function hostileBuffers({ size, draw, figure, fail }: Trial<Name>) {
  using encoder = await clmr.Encoder.create()
  for (let i = 0; i < size.buffers; i++) {
    const shared = new Float32Array(new SharedArrayBuffer(4 * T)).fill(0.1)
    const clips = draw() < 0.5 ? shared : clmr.allocateClips(1).fill(0.1)
    const running = encoder.encode(clips).catch((error) => error)
    for (let at = 0; at < T; at += 97) clips[at] = draw() < 0.01 ? Number.NaN : draw()
    const error = await running
    if (error instanceof Error && !isDocumented(error)) fail(`a buffer that changes: ${error}`)
  }
  figure('buffers', size.buffers)
}

/** dispose() while calls are in flight. */
async function closeRaces({ size, draw, figure, fail }: Trial<Name>) {
  for (let i = 0; i < size.closes; i++) {
    const isEncoder = draw() < 0.5
    const object = isEncoder ? await clmr.Encoder.create() : await clmr.Trainer.create({ batchSize: 2 })
    const call = (): Promise<unknown> =>
      isEncoder
        ? (object as clmr.Encoder).encode(new Float32Array(T).fill(0.1))
        : (object as clmr.Trainer).step(testClips(1, 2, 4))
    const settled = Promise.allSettled([call(), call()])
    await sleep(draw() * 20)
    object.dispose()
    for (const result of await settled)
      if (result.status === 'rejected' && !isDocumented(result.reason))
        fail(`dispose() in flight: ${result.reason}`)
    const after = await call().catch((error: unknown) => error)
    if (!(after instanceof clmr.DisposedError)) fail(`a call after dispose(): ${after}`)
  }
  figure('closes', size.closes)
}

type Name = 'calls' | 'buffers' | 'closes'

await drive('A17', async (trial) => {
  const { folder, fail } = trial
  process.chdir(folder) // what a call writes, it writes there
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => {
      if (error !== OWN) fail(`${event}: ${(error as Error)?.stack ?? error}`)
    })
  process.on('warning', () => {})
  using dataset = await tinyDataset(folder, [60_000, 61_000])
  using encoder = await clmr.Encoder.create()
  using trainer = await clmr.Trainer.create({ batchSize: 2 })
  await encoder.save(join(folder, 'm.safetensors'))
  const embedded = await clmr.embedDataset(new ToyEncoder(), toyDataset({ tracks: 6 }))
  using probe = await clmr.LinearProbe.fit({
    encoder: new ToyEncoder(),
    train: embedded,
    validation: embedded,
    maxEpochs: 1,
  } as never)
  const augmenter = new clmr.Augmenter()
  const matrix = clmr.Matrix.from({ data: new Float32Array(6), rows: 2, cols: 3 })
  await randomCalls(trial, {
    encoder,
    trainer,
    dataset,
    probe,
    augmenter,
    matrix,
    projector: trainer.projector,
  })
  await hostileBuffers(trial)
  await closeRaces(trial)
})
