import assert from 'node:assert/strict'
import { applyOne } from './helpers/augment.js'
import { type Case, listCases } from './helpers/augment-cases.js'
import { type Kernels, withKernels } from './helpers/with-kernels.js'

/** What these kernels make of every case. */
const makeAll = (cases: Case[], kernels: Kernels): Promise<Float32Array[]> =>
  withKernels(kernels, async () => {
    const made: Float32Array[] = []
    for (const { transform, samples, sampleRate } of cases)
      made.push(await applyOne(transform, samples, sampleRate ? { sampleRate } : {}))
    return made
  })

/** The largest difference in units of `scale`; what is not finite has to be the same on both sides. */
function difference(a: Float32Array, b: Float32Array, scale: number): number {
  let most = 0
  for (let i = 0; i < a.length; i++)
    if (!Object.is(a[i], b[i]))
      most = Math.max(most, Number.isFinite(a[i]! - b[i]!) ? Math.abs(a[i]! - b[i]!) : Infinity)
  return most / scale
}

/** In units of the largest sample that went in. */
function tolerance(name: string): number {
  if (/^(polarity|gain|reverse)/.test(name)) return 0
  if (/^delay/.test(name)) return 6e-8 // one rounding more or less
  if (/^noise/.test(name)) return 3e-6
  if (/^pitch/.test(name)) return 1e-5
  return 3e-6
}

const cases = listCases()
const scales = cases.map(({ samples }) =>
  samples.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1e-30),
)

describe('fast augmentations', function () {
  this.timeout(60_000)
  let plain: Float32Array[]
  before(async () => {
    plain = await makeAll(cases, { kernels: 'plain' })
  })

  for (const [name, instructionSet] of [
    ['as this CPU runs them', undefined],
    ['capped to AVX2', 'avx2'],
    ['without AVX', 'default'],
  ] as const)
    it(`${name} equal the plain reference, at odd lengths, for clicks, squares, NaN and infinity`, async () => {
      const made = await makeAll(cases, { instructionSet })
      const wrong = cases.flatMap((one, i) => {
        const off = difference(made[i]!, plain[i]!, scales[i]!)
        return off <= tolerance(one.name) ? [] : [`${one.name}: ${off}`]
      })
      assert.deepEqual(wrong, [])
    })
})
