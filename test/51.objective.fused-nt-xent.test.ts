import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { getThreads, ntXentLoss, setThreads } from 'clmr'
import { afterAbort, atBest } from './helpers/at-best.js'
import { relativeError } from './helpers/golden.js'
import { plainNtXent, projections } from './helpers/nt-xent.js'
import { type Kernels, withKernels } from './helpers/with-kernels.js'

// Oracle unless another one is named: plainNtXent of test/helpers/nt-xent.ts, all pairs in float64.

interface Value {
  loss: number
  temperatureGradient: number
  gradient: ArrayLike<number>
}

/** The temperature's gradient is a difference of similarities over τ²: its error is counted in those. */
function assertEqual(actual: Value, expected: Value, tau: number): void {
  const value = Math.abs(actual.loss - expected.loss)
  assert.ok(
    value <= 1e-6 * Math.max(Math.abs(expected.loss), 1e-2),
    `${actual.loss} instead of ${expected.loss}`,
  )
  const gradient = relativeError(actual.gradient, expected.gradient)
  assert.ok(gradient <= 1e-5, `gradient: relative error ${gradient}`)
  const temperature = Math.abs(actual.temperatureGradient - expected.temperatureGradient)
  assert.ok(
    temperature <= 1e-5 * Math.abs(expected.temperatureGradient) + 2e-7 / tau ** 2,
    `temperature: ${actual.temperatureGradient} instead of ${expected.temperatureGradient}`,
  )
}

async function value(z: Float32Array, dim: number, views: number, temperature: number): Promise<Value> {
  const { gradient, ...rest } = await ntXentLoss(z, { dim, views, temperature })
  return { ...rest, gradient: gradient.data }
}

const valueWith = (
  kernels: Kernels,
  seed: number,
  rows: number,
  ...[dim, views, temperature]: [number, number, number]
): Promise<Value> =>
  withKernels(kernels, () => value(projections(seed, rows, dim, views), dim, views, temperature))

describe('51 the fused NT-Xent', () => {
  const shapes: [examples: number, views: number, dim: number, temperature: number][] = [
    [24, 2, 64, 0.5], // one block
    [25, 2, 64, 0.5], // one row into the next one
    [150, 2, 128, 0.1],
    [67, 3, 33, 0.2],
    [41, 5, 16, 0.5], // examples that lie across blocks
    [3, 100, 20, 0.3], // an example is larger than a block
    [1, 7, 5, 0.5], // no negatives
    [2, 2, 2, 1],
    [2100, 2, 8, 0.5], // large blocks
  ]
  for (const [examples, views, dim, temperature] of shapes)
    it(`is the float64 value and gradients: ${examples} examples, ${views} views, ${dim} dimensions, τ ${temperature}`, async () => {
      const z = projections(examples, examples * views, dim, views)
      assertEqual(
        await value(z, dim, views, temperature),
        plainNtXent(z, dim, views, temperature),
        temperature,
      )
    })

  it('is that for every temperature, where float32 runs out of exponents too', async () => {
    const [dim, views] = [16, 2]
    const z = projections(9, 120, dim, views)
    for (const temperature of [100, 1, 0.05, 0.026, 0.024, 0.0144, 0.0142, 0.005, 1e-3, 1e-4])
      assertEqual(
        await value(z, dim, views, temperature),
        plainNtXent(z, dim, views, temperature),
        temperature,
      )
  })

  it('of pairs that are all but parallel keeps its digits', async () => {
    const dim = 12
    const z = projections(4, 80, dim, 80)
    for (let i = 0; i < z.length; i++)
      z[i] = (i % dim === Math.floor(i / dim / 2) % dim ? 40 : 0) + z[i]! / 50
    const apart = z.subarray(0, 2 * dim * dim) // every pair along an axis of its own
    const expected = plainNtXent(apart, dim, 2, 0.1)
    assert.ok(expected.loss < 1e-2 && expected.loss > 0)
    const { loss } = await ntXentLoss(apart, { dim, temperature: 0.1 })
    assert.ok(Math.abs(loss / expected.loss - 1) < 1e-5, `${loss} instead of ${expected.loss}`)
  })

  it('the gradient of the temperature agrees with central differences', async () => {
    const [dim, views, temperature, h] = [6, 3, 0.3, 1e-3]
    const z = projections(5, 60, dim, views)
    const at = async (t: number) => (await ntXentLoss(z, { dim, views, temperature: t })).loss
    const numeric = ((await at(temperature + h)) - (await at(temperature - h))) / (2 * h)
    const { temperatureGradient } = await ntXentLoss(z, { dim, views, temperature })
    assert.ok(Math.abs(temperatureGradient - numeric) < 1e-4 * Math.abs(numeric))
  })

  const versions: Record<string, Kernels> = {
    'capped to AVX2': { instructionSet: 'avx2' },
    'without AVX': { instructionSet: 'default' },
    'the plain one, in matrix form': { kernels: 'plain' },
  }
  for (const [name, kernels] of Object.entries(versions))
    it(`is the float64 value and gradients ${name}`, async () => {
      for (const [rows, dim, views, temperature] of [
        [130, 40, 2, 0.5],
        [105, 24, 5, 0.01],
      ] as const)
        assertEqual(
          await valueWith(kernels, 3, rows, dim, views, temperature),
          plainNtXent(projections(3, rows, dim, views), dim, views, temperature),
          temperature,
        )
    })

  it('the plain one passes a gradcheck: central differences of its value', async () => {
    const [dim, views, temperature, h] = [3, 2, 0.5, 1e-6]
    const z = Float64Array.from(projections(8, 8, dim, views))
    const { gradient } = await valueWith({ kernels: 'plain' }, 8, 8, dim, views, temperature)
    z.forEach((before, i) => {
      const at = (v: number) =>
        plainNtXent(Object.assign(Float64Array.from(z), { [i]: v }), dim, views, temperature).loss
      const numeric = (at(before + h) - at(before - h)) / (2 * h)
      assert.ok(Math.abs(numeric - gradient[i]!) < 1e-6, `${numeric} and ${gradient[i]}`)
    })
  })

  it('gives the same bits at every call and on 1, 2 and 3 threads', async () => {
    const before = getThreads()
    try {
      for (const [rows, views, temperature] of [
        [500, 2, 0.5],
        [2100, 3, 0.5], // tiles are kept, and there is work for every thread at once
        [4200, 3, 0.2],
        [600, 4, 0.005],
      ] as const) {
        const z = projections(6, rows, 24, views)
        const first = await value(z, 24, views, temperature)
        for (const threads of [1, 2, 3]) {
          setThreads(threads)
          assert.deepEqual(await value(z, 24, views, temperature), first)
        }
      }
    } finally {
      setThreads(before)
    }
  })

  it('16,384 pairs take less than 200 MB beside the input: nothing of size N² is kept', () => {
    const script = fileURLToPath(new URL('helpers/nt-xent-memory.ts', import.meta.url))
    const args = ['--import', 'tsx', script, '1', String(2 * 16384), '64', '2']
    const bytes = Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    assert.ok(bytes > 1e6 && bytes < 200e6, `${bytes} bytes`)
  })

  it('an abort rejects within 250 ms', async () => {
    const z = projections(2, 24000, 64, 2)
    await atBest(250, async () => {
      const controller = new AbortController()
      const running = ntXentLoss(z, { dim: 64, signal: controller.signal })
      await new Promise((resolve) => setTimeout(resolve, 50))
      return afterAbort(running, () => controller.abort(), { name: 'AbortError' })
    })
  })
})
