import assert from 'node:assert/strict'
import { native } from '#lib/native/load.js'
import { numbers } from './helpers/numbers.js'

function randomRows(seed: number, n: number, dim: number): Float32Array {
  const draw = numbers(seed)
  return Float32Array.from({ length: n * dim }, () => 2 * draw() - 1)
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0
  let aa = 0
  let bb = 0
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!
    aa += a[i]! ** 2
    bb += b[i]! ** 2
  }
  return aa && bb ? dot / Math.sqrt(aa * bb) : 0
}

/** All similarities, sorted; equal ones in the order of the rows. */
function bruteForce(query: Float32Array, rows: Float32Array, dim: number, k: number) {
  const all = Array.from({ length: rows.length / dim }, (_, i) => ({
    index: i,
    score: cosine(query, rows.subarray(i * dim, (i + 1) * dim)),
  }))
  return all
    .sort((a, b) => (Math.abs(a.score - b.score) > 1e-6 ? b.score - a.score : a.index - b.index))
    .slice(0, k)
}

describe('72 evaluate: neighbours and principal components', () => {
  for (const [n, dim, q, k] of [
    [1, 3, 1, 1],
    [50, 8, 5, 50],
    [700, 64, 9, 10],
    [33, 512, 3, 7],
  ] as const)
    it(`finds the ${k} nearest of ${n} rows of ${dim}: oracle is brute force`, async () => {
      const rows = randomRows(n, n, dim)
      const queries = randomRows(n + 1, q, dim)
      const { indices, scores } = await native().topK(queries, rows, dim, k)
      for (let i = 0; i < q; i++) {
        const expected = bruteForce(queries.subarray(i * dim, (i + 1) * dim), rows, dim, k)
        assert.deepEqual(
          [...indices.subarray(i * k, (i + 1) * k)],
          expected.map((e) => e.index),
        )
        for (const [j, e] of expected.entries()) assert.ok(Math.abs(scores[i * k + j]! - e.score) < 1e-6)
      }
    })

  it('equal rows come in their order, however long they are', async () => {
    const row = randomRows(9, 1, 37)
    const rows = new Float32Array(37 * 100)
    for (let i = 0; i < 100; i++)
      rows.set(
        row.map((v) => v * (i % 2 ? 1 : 4)),
        i * 37,
      )
    const { indices, scores } = await native().topK(row, rows, 37, 20)
    assert.deepEqual(
      [...indices],
      Array.from({ length: 20 }, (_, i) => i),
    )
    assert.ok(scores.every((s) => Math.abs(s - 1) < 1e-6))
  })

  it('a row of zeros is similar to nothing, tiny and huge rows keep their direction', async () => {
    const rows = Float32Array.of(0, 0, 1e-30, 0, 1e30, 1e30, 0, -1)
    const { indices, scores } = await native().topK(Float32Array.of(1, 0), rows, 2, 4)
    assert.deepEqual([...indices], [1, 2, 0, 3])
    for (const [i, s] of [1, Math.SQRT1_2, 0, 0].entries()) assert.ok(Math.abs(scores[i]! - s) < 1e-6)
  })

  it('BAD CALL - k of 0 or beyond the rows, NaN', async () => {
    const rows = randomRows(1, 4, 3)
    for (const k of [0, 5])
      await assert.rejects(native().topK(rows, rows, 3, k), { code: 'ERR_ARGUMENT', message: /k must/ })
    await assert.rejects(native().topK(Float32Array.of(1, Number.NaN, 0), rows, 3, 1), {
      code: 'ERR_NON_FINITE',
    })
  })

  it('principal components of a stretched cloud: oracle is the closed form of two dimensions', async () => {
    const x = randomRows(4, 200, 2)
    for (let i = 0; i < 200; i++) {
      const [a, b] = [3 * x[2 * i]!, x[2 * i + 1]!]
      x[2 * i] = 0.6 * a - 0.8 * b + 5
      x[2 * i + 1] = 0.8 * a + 0.6 * b - 7
    }
    const mean = [0, 1].map((c) => x.filter((_, i) => i % 2 === c).reduce((s, v) => s + v, 0) / 200)
    let [xx, xy, yy] = [0, 0, 0]
    for (let i = 0; i < 200; i++) {
      const [u, v] = [x[2 * i]! - mean[0]!, x[2 * i + 1]! - mean[1]!]
      xx += u * u
      xy += u * v
      yy += v * v
    }
    const angle = Math.atan2(2 * xy, xx - yy) / 2
    const first = [Math.cos(angle), Math.sin(angle)]
    const sign = Math.sign(Math.abs(first[0]!) > Math.abs(first[1]!) ? first[0]! : first[1]!)
    const projected = await native().pca(x, 2, 2)
    for (let i = 0; i < 200; i++) {
      const [u, v] = [x[2 * i]! - mean[0]!, x[2 * i + 1]! - mean[1]!]
      assert.ok(Math.abs(projected[2 * i]! - sign * (first[0]! * u + first[1]! * v)) < 1e-4)
    }
    const variance = (c: number) => projected.filter((_, i) => i % 2 === c).reduce((s, v) => s + v * v, 0)
    assert.ok(variance(0) > variance(1))
  })

  it('components are uncorrelated, repeatable, and all of them keep all distances', async () => {
    const x = randomRows(6, 40, 12)
    const p = await native().pca(x, 12, 12)
    assert.deepEqual(await native().pca(x, 12, 12), p)
    for (let a = 0; a < 12; a++)
      for (let b = 0; b < a; b++) {
        let dot = 0
        for (let i = 0; i < 40; i++) dot += p[i * 12 + a]! * p[i * 12 + b]!
        assert.ok(Math.abs(dot) < 1e-3, `components ${a} and ${b}: ${dot}`)
      }
    const distance = (m: Float32Array, i: number, j: number) =>
      Math.hypot(...Array.from({ length: 12 }, (_, d) => m[i * 12 + d]! - m[j * 12 + d]!))
    for (let i = 1; i < 40; i++) assert.ok(Math.abs(distance(x, 0, i) - distance(p, 0, i)) < 1e-4)
  })

  it('one row lies at the origin; BAD CALL - components of 0, too many, NaN', async () => {
    assert.deepEqual([...(await native().pca(Float32Array.of(1, 2, 3), 3, 2))], [0, 0])
    for (const c of [0, 4])
      await assert.rejects(native().pca(new Float32Array(3), 3, c), { code: 'ERR_ARGUMENT' })
    await assert.rejects(native().pca(Float32Array.of(Number.NaN), 1, 1), { code: 'ERR_NON_FINITE' })
  })
})
