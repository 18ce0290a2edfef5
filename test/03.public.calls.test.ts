import assert from 'node:assert/strict'
import { join } from 'node:path'
import * as clmr from 'clmr'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'

describe('03 public calls', () => {
  it('the package names its errors and keeps the helpers that make them to itself', () => {
    const names = Object.keys(clmr)
    const classes = Object.values(clmr).filter(
      (value) => typeof value === 'function' && value.prototype instanceof clmr.ClmrError,
    )
    assert.equal(classes.length, 12)
    for (const name of ['ERROR_CODES', 'classMetrics', 'inspectModel', 'verifyCache', 'verifyRun'])
      assert.ok(names.includes(name), name)
    for (const name of ['clmrError', 'describe', 'ioError']) assert.ok(!names.includes(name), name)
  })

  it('BAD CALL - a misspelt option is refused by every call, with the nearest name', () =>
    withTempDir(async (folder) => {
      const misspelt = { sginal: AbortSignal.timeout(1000) } as object
      const refused = (call: Promise<unknown>, name: string, near: string) =>
        assert.rejects(call, (error: unknown) => {
          assert.ok(error instanceof clmr.ConfigError, String(error))
          assert.match(error.message, new RegExp(`no option "${name}".*Write "${near}" instead`))
          return true
        })
      using dataset = await tinyDataset(folder, [60000, 61000])
      using trainer = await clmr.Trainer.create({ dataset, batchSize: 2, maxSteps: 1 })
      await refused(trainer.fit({ onstep: () => {} } as object), 'onstep', 'onStep')
      await refused(trainer.steps(misspelt).next(), 'sginal', 'signal')
      await refused(trainer.step(new Float32Array(4 * 59049), misspelt), 'sginal', 'signal')
      assert.equal(trainer.stepsDone, 0)
      await refused(dataset.readTrack(0, misspelt), 'sginal', 'signal')
      await refused(clmr.verifyCache(dataset.cache, misspelt), 'sginal', 'signal')
      await refused(clmr.inspectModel(folder, { sha265: true } as object), 'sha265', 'sha256')

      const encoder = new ToyEncoder()
      const tracks = toyDataset({ tracks: 6 })
      await refused(clmr.embedDataset(encoder, tracks, misspelt), 'sginal', 'signal')
      const embedded = await clmr.embedDataset(encoder, tracks)
      await refused(clmr.similarTracks(embedded, 0, { K: 1 } as object), 'K', 'k')
      const parts = { encoder, train: embedded, validation: embedded, maxEpochs: 1 }
      using probe = await clmr.LinearProbe.fit(parts)
      await refused(probe.evaluate(embedded, { onprogress: () => {} } as object), 'onprogress', 'onProgress')
      await refused(probe.predictFile('a.wav', misspelt), 'sginal', 'signal')
      const path = join(folder, 'probe.safetensors')
      await probe.save(path)
      await assert.rejects(clmr.LinearProbe.load(path, { encoder, seed: 1 } as never), clmr.ConfigError)
    }))

  it('BAD CALL - a callback or a signal of another type is refused before anything runs', async () => {
    const encoder = new ToyEncoder()
    const tracks = toyDataset({ tracks: 2 })
    for (const options of [{ onProgress: 'print' }, { signal: { aborted: false } }])
      await assert.rejects(clmr.embedDataset(encoder, tracks, options as never), clmr.ConfigError)
  })

  it('BAD CALL - options that are null, an index that is an object, `new` without a method, rows whose memory is gone: typed errors', () =>
    withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000])
      const logMel = new clmr.LogMel()
      await assert.rejects(logMel.encodeFile('missing.wav', null as never), clmr.IoError)
      for await (const { error } of logMel.encodeFiles(['missing.wav'], null as never))
        assert.ok(error instanceof clmr.IoError)
      const index = { [Symbol.toPrimitive]: () => ({}) }
      await assert.rejects(dataset.readTrack(index as never), clmr.ArgumentError)
      assert.throws(() => new (clmr.Trainer as never as new () => unknown)(), clmr.ArgumentError)
      const gone = Float32Array.of(1)
      structuredClone(gone, { transfer: [gone.buffer] })
      assert.throws(() => clmr.Matrix.fromRows(gone as never), clmr.ArgumentError)
      assert.deepEqual({ ...clmr.Matrix.fromRows([gone]) }, { data: new Float32Array(0), rows: 1, cols: 0 })
    }))

  it('BAD CALL - what cannot be made a text or a number: an object without a prototype, a toString that throws', async () => {
    const throws = () => {
      throw new Error('asked')
    }
    for (const value of [Object.create(null), { toString: throws, valueOf: throws }, Symbol('s')]) {
      await assert.rejects(clmr.Encoder.pretrained(value), clmr.ArgumentError)
      await assert.rejects(clmr.Encoder.pretrained([value] as never), clmr.ArgumentError)
      assert.throws(() => clmr.rocAuc([0.5, value], [0, 1]), clmr.NonFiniteError)
      assert.throws(() => clmr.averagePrecision([[0.5], [0.2]], [[1], [value]]), clmr.ArgumentError)
    }
  })

  it('BAD CALL - a matrix whose data does not fit, or a row that is not there', () => {
    const m = clmr.Matrix.from({ data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, cols: 3 })
    assert.deepEqual(m.row(1), Float32Array.of(4, 5, 6))
    for (const row of [-1, 2, 0.5, Number.NaN])
      assert.throws(
        () => m.row(row),
        (error: unknown) => error instanceof clmr.ArgumentError && /0 to 1/.test(error.message),
      )
    for (const [rows, cols] of [
      [3, 3],
      [1, 3],
      [-2, -3],
      [1.5, 4],
    ] as const)
      assert.throws(() => clmr.Matrix.from({ data: m.data, rows, cols }), clmr.ShapeError)
  })
})
