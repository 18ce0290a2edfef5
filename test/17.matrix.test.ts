import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import * as clmr from 'clmr'
import { ArgumentError, Matrix, ShapeError } from 'clmr'

const numbers = () => Matrix.from({ data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, cols: 3 })

describe('17 matrix', () => {
  it('its own properties are its numbers and nothing else; rows are views in their order', () => {
    const m = numbers()
    assert.deepEqual(Object.getOwnPropertyNames(m), ['data', 'rows', 'cols'])
    assert.deepEqual(m.row(1), Float32Array.of(4, 5, 6))
    assert.equal(m.row(1).buffer, m.data.buffer)
    assert.deepEqual([...m], [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)])
    assert.ok(!('matrix' in clmr))
  })

  it('JSON has a list of numbers for every row', () => {
    assert.equal(JSON.stringify({ m: numbers() }), '{"m":[[1,2,3],[4,5,6]]}')
    assert.equal(JSON.stringify(Matrix.fromRows([])), '[]')
  })

  it('a structured clone becomes the same matrix again, without a copy of its numbers', () => {
    const clone = structuredClone(numbers())
    assert.notEqual(Object.getPrototypeOf(clone), Matrix.prototype)
    const again = Matrix.from(clone)
    assert.equal(again.data, clone.data)
    assert.deepEqual(again, numbers())
    assert.equal(Matrix.from(again), again)
  })

  it('is made of rows: arrays of numbers, views, those of another realm', () => {
    const foreign = runInNewContext('new Float32Array([4, 5, 6])')
    assert.deepEqual(Matrix.fromRows([[1, 2, 3], foreign]), numbers())
    assert.deepEqual(Matrix.fromRows(numbers()), numbers())
    const row = Float32Array.of(1)
    Matrix.fromRows([row]).data[0] = 2
    assert.equal(row[0], 1)
  })

  it('BAD CALL - rows that differ in length or are none', () => {
    for (const rows of [
      [[1, 2], [3]],
      [[1], 2],
      [Float32Array.of(1), 'a'],
    ])
      assert.throws(
        () => Matrix.fromRows(rows as never),
        (error: unknown) => {
          assert.ok(error instanceof ShapeError)
          return /row 2 is/.test(error.message)
        },
      )
  })

  it('BAD CALL - data that is no Float32Array, or no matrix at all', () => {
    for (const given of [null, undefined, 3, { data: [1, 2], rows: 1, cols: 2 }, { rows: 1, cols: 2 }])
      assert.throws(() => Matrix.from(given as never), ArgumentError)
    for (const [rows, cols] of [
      [3, 3],
      [1.5, 4],
      [-2, -3],
    ] as const)
      assert.throws(() => Matrix.from({ ...numbers(), rows, cols }), ShapeError)
  })
})
