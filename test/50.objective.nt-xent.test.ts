import assert from 'node:assert/strict'
import { ConfigError, NonFiniteError, ntXent, ntXentLoss, ShapeError } from 'clmr'
import { hashUniform, maxAbsoluteError, readGolden, relativeError } from './helpers/golden.js'

const golden = readGolden('nt_xent.safetensors')
const cases = Object.keys(golden)
  .filter((name) => name.endsWith('.loss'))
  .map((name) => {
    const key = name.slice(0, -'.loss'.length)
    const [, examples, views, dim, temperature] = /^(\d+)x(\d+)x(\d+)\.t(.+)$/.exec(key)!.map(Number)
    return { key, examples: examples!, views: views!, dim: dim!, temperature: temperature! }
  })

/** NT-Xent in float64, written out pair by pair. */
function plainNtXent(z: ArrayLike<number>, dim: number, views: number, temperature: number): number {
  const rows = z.length / dim
  const norm = (i: number) => Math.sqrt(sum(dim, (k) => z[i * dim + k]! ** 2))
  const sim = (i: number, j: number) =>
    sum(dim, (k) => z[i * dim + k]! * z[j * dim + k]!) / (norm(i) * norm(j)) / temperature
  let [total, pairs] = [0, 0]
  for (let i = 0; i < rows; i++) {
    const others = Math.log(sum(rows, (k) => (k === i ? 0 : Math.exp(sim(i, k)))))
    for (let j = 0; j < rows; j++) {
      if (j === i || Math.floor(j / views) !== Math.floor(i / views)) continue
      total += others - sim(i, j)
      pairs++
    }
  }
  return total / pairs
}

const sum = (n: number, f: (k: number) => number) =>
  Array.from({ length: n }, (_, k) => f(k)).reduce((a, b) => a + b)

describe('NT-Xent', () => {
  it('covers two and more views in the golden file', () => {
    assert.ok(cases.length >= 7 && cases.some(({ views }) => views > 2))
  })

  for (const { key, views, dim, temperature } of cases)
    it(`is PyTorch's float64 value and gradient, and simclr's value: ${key}`, async () => {
      const z = golden[`${key}.z`]!.data as Float32Array
      const { loss, gradient } = await ntXentLoss(z, { dim, views, temperature })
      const expected = golden[`${key}.loss`]!.data[0]!
      assert.ok(Math.abs(loss - expected) <= 1e-6 * Math.abs(expected), `${loss} instead of ${expected}`)
      const peer = golden[`${key}.simclr_loss`]?.data[0]
      if (peer !== undefined) assert.ok(Math.abs(loss - peer) <= 1e-6 * Math.abs(peer))
      assert.deepEqual([gradient.rows, gradient.cols], [z.length / dim, dim])
      const error = relativeError(gradient.data, golden[`${key}.gradient`]!.data)
      assert.ok(error <= 1e-5, `gradient: relative error ${error}`)
    })

  it('of parallel embeddings is log(2N − 1): a closed form', async () => {
    for (const n of [1, 2, 7, 64])
      for (const temperature of [0.05, 0.5, 1]) {
        const z = Float32Array.from(
          { length: 2 * n * 3 },
          (_, i) => [1, -2, 0.5][i % 3]! * (1 + Math.floor(i / 3)),
        )
        const { loss, gradient } = await ntXentLoss(z, { dim: 3, temperature })
        assert.ok(Math.abs(loss - Math.log(2 * n - 1)) < 1e-5, `${loss} for ${n}`)
        assert.ok(gradient.data.every((g) => Math.abs(g) < 1e-5))
      }
  })

  it('of orthogonal pairs is log(1 + (2N − 2)·exp(−1/τ)): a closed form', async () => {
    const [n, temperature] = [4, 0.5]
    const z = new Float32Array(2 * n * n)
    for (let row = 0; row < 2 * n; row++) z[row * n + Math.floor(row / 2)] = 1 + row
    const { loss } = await ntXentLoss(z, { dim: n, temperature })
    assert.ok(Math.abs(loss - Math.log(1 + (2 * n - 2) * Math.exp(-1 / temperature))) < 1e-5)
  })

  it('gradient agrees with central differences of a plain float64 loss', async () => {
    for (const [views, temperature] of [
      [2, 0.5],
      [3, 0.2],
    ] as const) {
      const dim = 5
      const z = hashUniform(77, 2 * views * dim)
      const { loss, gradient } = await ntXentLoss(z, { dim, views, temperature })
      assert.ok(Math.abs(loss - plainNtXent(z, dim, views, temperature)) < 1e-5)
      const h = 1e-5
      const numeric = Float64Array.from(z, (_, i) => {
        const at = (step: number) => {
          const moved = Float64Array.from(z)
          moved[i]! += step
          return plainNtXent(moved, dim, views, temperature)
        }
        return (at(h) - at(-h)) / (2 * h)
      })
      const error = relativeError(gradient.data, numeric)
      assert.ok(error <= 1e-4, `relative error ${error}`)
    }
  })

  it('does not depend on the length of a row; its gradient is orthogonal to the row and shrinks with it', async () => {
    const dim = 8
    const z = hashUniform(5, 12 * dim)
    const { loss, gradient } = await ntXentLoss(z, { dim })
    for (const scale of [1e-3, 1e3, 1e25]) {
      const scaled = z.map((v) => v * scale)
      const other = await ntXentLoss(scaled, { dim })
      assert.ok(Math.abs(other.loss - loss) < 1e-5, `scale ${scale}`)
      assert.ok(
        relativeError(
          other.gradient.data.map((g) => g * scale),
          gradient.data,
        ) < 1e-4,
        `scale ${scale}`,
      )
    }
    for (let i = 0; i < 12; i++)
      assert.ok(Math.abs(sum(dim, (k) => z[i * dim + k]! * gradient.row(i)[k]!)) < 1e-6)
  })

  it('permuted examples and views give the same loss and the permuted gradient', async () => {
    const [dim, examples, views] = [6, 5, 2]
    const z = hashUniform(6, examples * views * dim)
    const order = [7, 6, 0, 1, 9, 8, 2, 3, 5, 4]
    const permuted = new Float32Array(z.length)
    order.forEach((from, to) => {
      permuted.set(z.subarray(from * dim, (from + 1) * dim), to * dim)
    })
    const a = await ntXentLoss(z, { dim, views })
    const b = await ntXentLoss(permuted, { dim, views })
    assert.ok(Math.abs(a.loss - b.loss) < 1e-6)
    order.forEach((from, to) => {
      assert.ok(maxAbsoluteError(b.gradient.row(to), a.gradient.row(from)) < 1e-6)
    })
  })

  it('of one example with two views is 0 and has no gradient: there is nothing to tell apart', async () => {
    const { loss, gradient } = await ntXentLoss(Float32Array.of(1, 2, 3, -4), { dim: 2 })
    assert.ok(Math.abs(loss) < 1e-6)
    assert.ok(gradient.data.every((g) => Math.abs(g) < 1e-6))
  })

  it('stays finite for zero rows and for a small temperature', async () => {
    const zero = await ntXentLoss(new Float32Array(4 * 3), { dim: 3 })
    assert.ok(Math.abs(zero.loss - Math.log(3)) < 1e-5)
    assert.ok(zero.gradient.data.every(Number.isFinite))
    const cold = await ntXentLoss(hashUniform(9, 8 * 4), { dim: 4, temperature: 1e-3 })
    assert.ok(Number.isFinite(cold.loss) && cold.gradient.data.every(Number.isFinite))
  })

  it('BAD CALL - shapes, options and values', async () => {
    const z = hashUniform(1, 24)
    await assert.rejects(ntXentLoss(z, { dim: 5 }), ShapeError)
    await assert.rejects(ntXentLoss(z, { dim: 8 }), ShapeError)
    await assert.rejects(ntXentLoss(z, { dim: 4, views: 1 }), ConfigError)
    await assert.rejects(ntXentLoss(z, { dim: 4, temperature: 0 }), ConfigError)
    await assert.rejects(ntXentLoss(z, { dim: 4, temprature: 1 } as never), ConfigError)
    await assert.rejects(ntXentLoss(new Float32Array(0), { dim: 4 }), ShapeError)
    await assert.rejects(ntXentLoss(z.fill(Number.NaN, 3, 4), { dim: 4 }), NonFiniteError)
    await assert.rejects(ntXentLoss(hashUniform(1, 8), { dim: 4, signal: AbortSignal.abort() }), {
      name: 'AbortError',
    })
  })

  it('as an objective is a plain object', () => {
    assert.deepEqual(ntXent(), { name: 'ntXent', temperature: 0.5 })
    assert.deepEqual(ntXent({ temperature: 0.1 }), { name: 'ntXent', temperature: 0.1 })
    assert.throws(() => ntXent({ tau: 1 } as never), ConfigError)
  })
})
