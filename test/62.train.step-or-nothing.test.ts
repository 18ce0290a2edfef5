import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { CacheError, Encoder, NonFiniteError, Trainer } from 'clmr'
import { afterAbort, atBest } from './helpers/at-best.js'
import { trainingViews } from './helpers/golden.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

// Oracle of all: a control that was left in peace. Equal loss and gradient norm of later steps, to the bit, mean equal
// weights, statistics and optimizer state before them.

const numbers = async (trainer: Trainer, step: number) => {
  const { loss, gradientNorm } = await trainer.step(trainingViews(step, 2))
  return [loss, gradientNorm]
}

/** The numbers of two steps after one that was taken, and the embedding of a clip. */
async function future(trainer: Trainer) {
  const steps = [await numbers(trainer, 1), await numbers(trainer, 2)]
  return [steps, (await trainer.encoder.encode(trainingViews(7, 1, 1))).data]
}

describe('A step happens or does not', () => {
  let control: unknown

  before(async () => {
    using trainer = await Trainer.create()
    await numbers(trainer, 0)
    control = await future(trainer)
  })

  it('aborts in the middle of a step within 250 ms; the next steps are those of an undisturbed trainer', async () => {
    using trainer = await Trainer.create()
    await numbers(trainer, 0)
    for (const after of [5, 40, 80])
      await atBest(250, async () => {
        const controller = new AbortController()
        const step = trainer.step(trainingViews(5, 4), { signal: controller.signal })
        await new Promise((resolve) => setTimeout(resolve, after))
        return afterAbort(step, () => controller.abort(), { name: 'AbortError' })
      })
    assert.deepEqual(await future(trainer), control)
  })

  it('counts a step that is aborted before it began as none', async () => {
    using trainer = await Trainer.create()
    await assert.rejects(trainer.step(trainingViews(0, 2), { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    })
    assert.equal(trainer.stepsDone, 0)
    assert.equal((await trainer.step(trainingViews(0, 2))).step, 1)
  })

  it('rejects with the reason of the signal', async () => {
    using trainer = await Trainer.create()
    const reason = new Error('enough')
    await assert.rejects(trainer.step(trainingViews(0, 2), { signal: AbortSignal.abort(reason) }), reason)
  })

  it('refuses views with NaN or infinity as NonFiniteError; the next steps are those of an undisturbed trainer', async () => {
    using trainer = await Trainer.create()
    await numbers(trainer, 0)
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const views = trainingViews(1, 2)
      views[59049 + 77] = bad
      await assert.rejects(trainer.step(views), (error: unknown) => {
        assert.ok(error instanceof NonFiniteError, String(error))
        assert.equal(error.code, 'ERR_NON_FINITE')
        assert.match(error.message, /step 2 is NaN/)
        return true
      })
    }
    assert.equal(trainer.stepsDone, 1)
    assert.deepEqual(await future(trainer), control)
  })

  it('keeps the order of steps that were asked for at once, and of those after an abort', async () => {
    using trainer = await Trainer.create()
    const controller = new AbortController()
    const first = numbers(trainer, 0)
    const aborted = trainer.step(trainingViews(5, 2), { signal: controller.signal })
    const rest = future(trainer)
    controller.abort()
    await assert.rejects(aborted, { name: 'AbortError' })
    await first
    assert.deepEqual(await rest, control)
  })

  it('comes to the end of a step when it is disposed in it, and refuses the next', async () => {
    const trainer = await Trainer.create()
    const step = trainer.step(trainingViews(0, 2))
    trainer.dispose()
    trainer.dispose()
    assert.ok(Number.isFinite((await step).loss))
    await assert.rejects(trainer.step(trainingViews(0, 2)), { code: 'ERR_DISPOSED' })
    assert.throws(() => trainer.encoder, { code: 'ERR_DISPOSED' })
  })

  it('gives a new encoder once the one before was disposed', async () => {
    using trainer = await Trainer.create()
    const clip = trainingViews(7, 1, 1)
    const first = trainer.encoder
    assert.equal(trainer.encoder, first)
    const { data } = await first.encode(clip)
    first.dispose()
    using second = trainer.encoder
    assert.deepEqual((await second.encode(clip)).data, data)
    assert.ok(Number.isFinite((await trainer.step(trainingViews(0, 2))).loss))
  })

  it('embeds while steps are under way, always with the weights of a finished step', async () => {
    using trainer = await Trainer.create()
    const clip = trainingViews(7, 1, 1)
    const known: Float32Array[] = [(await trainer.encoder.encode(clip)).data]
    using fresh = await Encoder.create({ seed: 42 })
    assert.deepEqual(
      (await fresh.encode(clip)).data,
      known[0],
      'before the first step: the new weights of the seed',
    )
    const seen: Float32Array[] = []
    for (let step = 0; step < 3; step++) {
      const running = trainer.step(trainingViews(step, 2))
      let over = false
      running.finally(() => {
        over = true
      })
      while (!over) seen.push((await trainer.encoder.encode(clip)).data)
      await running
      known.push((await trainer.encoder.encode(clip)).data)
    }
    assert.ok(seen.length >= 3)
    for (const embedding of seen)
      assert.ok(
        known.some((one) => one.every((value, i) => value === embedding[i])),
        'a mixture of two states',
      )
    assert.notDeepEqual(known[0], known[3])
  })

  it('trains two trainers at once with the bits of one by itself', async () => {
    const train = async () => {
      using trainer = await Trainer.create()
      await numbers(trainer, 0)
      return await future(trainer)
    }
    const both = await Promise.all([train(), train()])
    assert.deepEqual(both, [control, control])
  })

  it('names the cached file that vanished, changes nothing, and goes on when it is back', async () => {
    await withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 60000])
      using trainer = await Trainer.create({ dataset, batchSize: 2, maxSteps: 2 })
      const gone = dataset.tracks[1]!.file
      await rm(gone)
      await assert.rejects(trainer.fit(), (error: unknown) => {
        assert.ok(error instanceof CacheError, String(error))
        assert.equal(error.path, gone)
        return true
      })
      assert.equal(trainer.stepsDone, 0)
      using again = await tinyDataset(folder, [60000, 60000])
      assert.equal(again.tracks[1]!.file, gone)
      const { steps } = await trainer.fit()
      assert.equal(steps, 2)
    })
  })
})
