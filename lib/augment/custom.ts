/** Chains with transforms in JavaScript; the native side applies the transforms between them. */
import { setImmediate } from 'node:timers/promises'
import { isFloats } from '../arrays.js'
import { ArgumentError, describe, ShapeError } from '../errors.js'
import type { AppliedTransform } from '../native/binding.js'
import { abortReason, callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { uniform } from '../random.js'
import type { CustomTransform, Transform } from './option-types.js'
import type { nativeChain } from './options.js'
import type { CustomContext } from './types.js'

type Row = readonly AppliedTransform[]

/** What is needed of an `Augmenter`. */
interface Chain {
  readonly transforms: readonly Transform[]
  readonly clipLength: number
  readonly sampleRate: number
}

/** Milliseconds after which the event loop gets a turn. */
const TURN = 10

export function hasCustom(transforms: readonly { name?: unknown }[]): boolean {
  return transforms.some((transform) => transform?.name === 'custom')
}

function find(augmenter: Chain, { title, seed }: AppliedTransform): CustomTransform {
  const found = augmenter.transforms.find(
    (t): t is CustomTransform => t.name === 'custom' && t.title === title,
  )
  const titles = augmenter.transforms.flatMap((t) => (t.name === 'custom' ? [JSON.stringify(t.title)] : []))
  if (!found)
    throw new ArgumentError({
      what: 'there is no such transform of your own in the chain',
      given: `the title ${describe(title)}`,
      expected: titles.length > 0 ? titles.join(' or ') : 'a chain with custom(…)',
      remedy: 'Apply the parameters with an augmenter of the same chain',
    })
  if (!Number.isSafeInteger(seed) || Number(seed) < 0)
    throw new ArgumentError({
      what: `${JSON.stringify(title)} lacks its seed`,
      given: describe(seed),
      expected: 'a whole number from 0',
      remedy: 'Keep the seed that draw() gave',
    })
  return found
}

async function runOne(
  { title, apply }: CustomTransform,
  view: Float32Array,
  context: CustomContext,
): Promise<void> {
  let result: unknown
  try {
    result = await apply(view, context)
  } catch (cause) {
    throw new ArgumentError({
      what: `the transform ${JSON.stringify(title)} threw: ${(cause as Error | undefined)?.message ?? String(cause)}`,
      remedy: 'Look at the cause of this error, and correct the function',
      cause,
    })
  }
  if (result === undefined) return
  if (!isFloats(result) || result.length !== view.length)
    throw new ShapeError({
      what: `the transform ${JSON.stringify(title)} returned something other than a view`,
      given: describe(result),
      expected: `a Float32Array of ${view.length}, or nothing`,
      remedy: 'Return as many samples as the view has',
    })
  if (result !== view) view.set(result)
}

/** The place of the next JavaScript transform that is applied, or the end of the row. */
function nextCustom(row: Row, from: number): number {
  const at = row.findIndex((t, i) => i >= from && t?.name === 'custom' && t.applied)
  return at < 0 ? row.length : at
}

function checkCrops(parameters: readonly Row[]): void {
  for (const [r, row] of parameters.entries())
    if (!Array.isArray(row) || row.some((t, i) => i > 0 && t?.name === 'randomCrop'))
      throw new ArgumentError({
        what: `parameters[${r}] is not a row of applied transforms in which a crop comes first`,
        remedy: 'Pass what draw() returned',
      })
}

type NativeChain = ReturnType<typeof nativeChain>

/**
 * As `apply` of an augmenter. In turn: the native transforms up to the next one in JavaScript, for all views together,
 * then that transform, view by view.
 */
export async function applyWithCustom(
  augmenter: Chain,
  chain: NativeChain,
  batch: Float32Array,
  parameters: readonly Row[],
  options: { n: number; length: number; out?: Float32Array; signal?: AbortSignal },
): Promise<Float32Array> {
  const { clipLength, sampleRate } = augmenter
  const { signal, out = new Float32Array(parameters.length * clipLength) } = options
  checkCrops(parameters)
  let spec: NativeChain = { ...chain, transforms: [] }
  let [source, n, length] = [batch, options.n, options.length]
  const places = parameters.map(() => 0)
  for (let first = true; ; first = false) {
    const ends = parameters.map((row, r) => nextCustom(row, places[r]!))
    const parts = parameters.map((row, r) =>
      row.slice(places[r]!, ends[r]).filter((t) => t?.name !== 'custom'),
    )
    if (first || parts.some((part) => part.length > 0))
      await callNative(signal, (abort) =>
        native().applyTransforms(spec, parts, source, n, length, out, abort),
      )
      // From here on the views are changed in place, each a row of its own.
    ;[source, n, length] = [out, parameters.length, clipLength]
    spec = { ...spec, views: 1 }
    const waiting = parameters.flatMap((row, r) => (ends[r]! < row.length ? [r] : []))
    if (waiting.length === 0) return out
    let turn = performance.now()
    for (const r of waiting) {
      const applied = parameters[r]![ends[r]!]!
      const seed = Number(applied.seed)
      const view = out.subarray(r * clipLength, (r + 1) * clipLength)
      await runOne(find(augmenter, applied), view, { sampleRate, seed, random: uniform(seed) })
      if (performance.now() - turn > TURN) {
        await setImmediate()
        turn = performance.now()
      }
      if (signal?.aborted) throw abortReason(signal)
    }
    for (const [r, row] of parameters.entries()) places[r] = Math.min(ends[r]! + 1, row.length)
  }
}
