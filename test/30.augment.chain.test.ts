import assert from 'node:assert/strict'
import {
  type AppliedTransform,
  ArgumentError,
  Augmenter,
  clmrTransforms,
  getThreads,
  ShapeError,
  setThreads,
  transforms,
} from 'clmr'
import { afterAbort, atBest } from './helpers/at-best.js'
import { testClips } from './helpers/golden.js'

const length = 9000
const clipLength = 8000
const everything = Object.fromEntries(
  ['polarityInversion', 'noise', 'gain', 'highLowPass', 'delay', 'pitchShift', 'reverb'].map((n) => [n, 0.5]),
)
const small = (options = {}) =>
  new Augmenter({ transforms: clmrTransforms(everything), clipLength, ...options })

describe('a chain of augmentations', () => {
  const batch = testClips(1, 2, 6, length)
  const threads = getThreads()
  afterEach(() => setThreads(threads))

  it('gives views rows of clipLength for each example, row = example·views + view', async () => {
    const ramp = Float32Array.from({ length: 3 * 10 }, (_, i) => i)
    const views = await new Augmenter({ transforms: [], views: 2, clipLength: 10 }).augment(ramp, {
      length: 10,
    })
    assert.deepEqual([views.rows, views.cols], [6, 10])
    for (let row = 0; row < 6; row++) assert.equal(views.row(row)[0], Math.floor(row / 2) * 10)
  })

  it('crops where it was drawn, and the two views of an example differ', async () => {
    const augmenter = new Augmenter({ transforms: [transforms.randomCrop()], views: 2, clipLength: 100 })
    const ramp = Float32Array.from({ length: 4 * 1000 }, (_, i) => i % 1000)
    const views = await augmenter.augment(ramp, { length: 1000, step: 3 })
    const drawn = augmenter.draw(4, { length: 1000, step: 3 })
    drawn.forEach(([crop], row) => {
      assert.deepEqual(
        views.row(row),
        Float32Array.from({ length: 100 }, (_, i) => Number(crop!.start) + i),
      )
    })
    assert.notEqual(drawn[0]![0]!.start, drawn[1]![0]!.start)
  })

  it('takes the middle of longer rows where the chain has no crop', async () => {
    const ramp = Float32Array.from({ length: 11 }, (_, i) => i)
    const views = await new Augmenter({ transforms: [], views: 1, clipLength: 5 }).augment(ramp, {
      length: 11,
    })
    assert.deepEqual([...views.data], [3, 4, 5, 6, 7])
  })

  it('gives the same bits with 1, 2 and 4 threads', async () => {
    const results: Float32Array[] = []
    for (const n of [1, 2, 4]) {
      setThreads(n)
      results.push((await small().augment(batch, { length })).data)
    }
    assert.deepEqual(results[1], results[0])
    assert.deepEqual(results[2], results[0])
  })

  it('gives the same bits again, and others for another step or seed', async () => {
    const first = await small().augment(batch, { length })
    assert.deepEqual((await small().augment(batch, { length })).data, first.data)
    assert.notDeepEqual((await small().augment(batch, { length, step: 1 })).data, first.data)
    assert.notDeepEqual((await small({ seed: 43 }).augment(batch, { length })).data, first.data)
  })

  it('makes of a row what it makes of it alone: apply(batch)[i] = apply(batch[i])', async () => {
    const augmenter = small()
    const parameters = augmenter.draw(6, { length })
    const together = await augmenter.apply(batch, parameters, { length })
    for (let i = 0; i < 6; i++) {
      const row = batch.subarray(i * length, (i + 1) * length)
      const alone = await augmenter.apply(row, parameters.slice(i * 2, i * 2 + 2), { length })
      assert.deepEqual(alone.data, together.data.slice(i * 2 * clipLength, (i + 1) * 2 * clipLength))
    }
  })

  it('replays stored parameters: what augment did, from JSON, by another augmenter', async () => {
    const augmenter = small()
    const made = await augmenter.augment(batch, { length, step: 9 })
    const stored: AppliedTransform[][] = JSON.parse(JSON.stringify(augmenter.draw(6, { length, step: 9 })))
    const other = new Augmenter({ transforms: [], views: 2, clipLength })
    assert.deepEqual((await other.apply(batch, stored, { length })).data, made.data)
  })

  it('fills out in place and leaves the batch alone', async () => {
    const before = batch.slice()
    const memory = new Float32Array(2 + 12 * clipLength).fill(7)
    const out = memory.subarray(1, -1)
    const views = await small().augment(batch, { length, out })
    assert.equal(views.data, out)
    assert.deepEqual([memory[0], memory.at(-1)], [7, 7])
    assert.deepEqual(out, (await small().augment(batch, { length })).data)
    assert.deepEqual(batch, before)
  })

  it('reads and fills a SharedArrayBuffer', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(batch.byteLength))
    shared.set(batch)
    const out = new Float32Array(new SharedArrayBuffer(12 * clipLength * 4))
    await small().augment(shared, { length, out })
    assert.deepEqual(Float32Array.from(out), (await small().augment(batch, { length })).data)
  })

  it('refuses resizable memory, other arrays and overlapping out', async () => {
    const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer
    const resizable = new Float32Array(new Resizable(length * 4, { maxByteLength: length * 8 }))
    await assert.rejects(small().augment(resizable, { length }), ArgumentError)
    await assert.rejects(small().augment(new Float64Array(length) as never, { length }), ArgumentError)
    const memory = new Float32Array(length + 2 * clipLength - 1)
    const out = memory.subarray(length - 1)
    await assert.rejects(small().augment(memory.subarray(0, length), { length, out }), /overlaps/)
  })

  it('refuses rows shorter than a clip, broken rows and an out of another size', async () => {
    await assert.rejects(small().augment(new Float32Array(7000), { length: 7000 }), (e: ShapeError) => {
      assert.ok(e instanceof ShapeError)
      assert.match(e.message, /7000 samples.*clipLength, 8000.*Pad/)
      return true
    })
    assert.throws(() => small().draw(2, { length: 7999 }), ShapeError)
    await assert.rejects(small().augment(new Float32Array(length + 1), { length }), ShapeError)
    await assert.rejects(small().augment(new Float32Array(0), { length }), ShapeError)
    await assert.rejects(small().augment(batch, { length, out: new Float32Array(5) }), ShapeError)
  })

  it('refuses parameters that do not fit, naming the row and the transform', async () => {
    const augmenter = new Augmenter({ transforms: [], views: 1, clipLength: 100 })
    const clip = new Float32Array(100)
    const apply = (...rows: unknown[]) => augmenter.apply(clip, rows as AppliedTransform[][])
    await assert.rejects(apply([], []), ShapeError)
    await assert.rejects(apply([{ name: 'echo', applied: true }]), /\[0\]\[0\].*echo.*pitchShift/)
    await assert.rejects(apply([{ name: 'gain', applied: true }]), /gain.*lacks db/)
    await assert.rejects(apply([{ name: 'pitchShift', applied: true, cents: 1e9 }]), /out of range/)
    await assert.rejects(apply([{ name: 'pitchShift', applied: true, cents: Number.NaN }]), /out of range/)
    await assert.rejects(apply([{ name: 'lowPass', applied: true, cutoff: 12000 }]), /half the sample rate/)
    await assert.rejects(apply([{ name: 'randomCrop', applied: true, start: 1 }]), /past the end/)
    await assert.rejects(apply([{ name: 'highLowPass', applied: true, filter: 'band', cutoff: 500 }]), /band/)
    await assert.rejects(apply([{ name: 'gain', applied: true, db: '1' }]), /expected a number/)
    await assert.rejects(apply([{ name: 'gain', applied: 1, db: 1 }]), { code: 'ERR_ARGUMENT' })
    await assert.rejects(apply(null), { code: 'ERR_ARGUMENT' })
    await assert.rejects(apply([null]), { code: 'ERR_ARGUMENT' })
    await assert.rejects(augmenter.apply(clip, undefined as never), ShapeError)
  })

  it('stops within 250 ms of an abort in the middle of a large batch, and works afterwards', async () => {
    const augmenter = new Augmenter({ transforms: [transforms.reverb()], views: 8 })
    const large = new Float32Array(59049 * 200)
    await atBest(250, async () => {
      const controller = new AbortController()
      const running = augmenter.augment(large, { signal: controller.signal })
      await new Promise((resolve) => setTimeout(resolve, 50))
      return afterAbort(running, () => controller.abort(), { name: 'AbortError' })
    })
    const views = await augmenter.augment(large.subarray(0, 59049))
    assert.equal(views.rows, 8)
  })

  it('rejects with the reason of a signal that was aborted before', async () => {
    const reason = new Error('not today')
    await assert.rejects(small().augment(batch, { length, signal: AbortSignal.abort(reason) }), reason)
  })

  it('runs many calls at once without mixing them up', async () => {
    const augmenter = small()
    const one = (step: number) => augmenter.augment(batch, { length, step })
    const together = await Promise.all([0, 1, 2, 3, 4, 5].map(one))
    for (let step = 0; step < 6; step++) assert.deepEqual(together[step]!.data, (await one(step)).data)
  })

  it('does transforms in the order of the chain', async () => {
    const chain = [
      transforms.gain({ db: [20, 20] }),
      transforms.reverb({ reverberance: [0, 0] }),
      transforms.polarityInversion(),
    ]
    const clip = Float32Array.from({ length: 500 }, () => 0.5)
    const { data } = await new Augmenter({ transforms: chain, views: 1, clipLength: 500 }).augment(clip)
    // 0.5 → 5 → clipped to 1 by the reverb → −1
    assert.equal(data[0], -1)
  })
})
