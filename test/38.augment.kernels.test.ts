import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Case, listCases } from './helpers/augment-cases.js'

/** What a process of its own makes of every case with these kernels. */
function makeAll(cases: Case[], environment: Record<string, string>): Float32Array[] {
  const script = fileURLToPath(new URL('helpers/augment-cases.ts', import.meta.url))
  const bytes = execFileSync(process.execPath, ['--import', 'tsx', script], {
    env: { ...process.env, ...environment },
    maxBuffer: 1e9,
  })
  const all = new Float32Array(Uint8Array.from(bytes).buffer)
  const ends = cases.map((_, i) => cases.slice(0, i + 1).reduce((n, { samples }) => n + samples.length, 0))
  assert.equal(ends.at(-1), all.length)
  return cases.map(({ samples }, i) => all.subarray(ends[i]! - samples.length, ends[i]))
}

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
  before(() => {
    plain = makeAll(cases, { CLMR_KERNELS: 'reference' })
  })

  for (const [name, capability] of [
    ['as this CPU runs them', ''],
    ['capped to AVX2', 'avx2'],
    ['without AVX', 'default'],
  ] as const)
    it(`${name} equal the plain reference, at odd lengths, for clicks, squares, NaN and infinity`, () => {
      const made = makeAll(cases, { CLMR_CPU_CAPABILITY: capability })
      const wrong = cases.flatMap((one, i) => {
        const off = difference(made[i]!, plain[i]!, scales[i]!)
        return off <= tolerance(one.name) ? [] : [`${one.name}: ${off}`]
      })
      assert.deepEqual(wrong, [])
    })
})
