import assert from 'node:assert/strict'
import {
  type AppliedTransform,
  ArgumentError,
  Augmenter,
  ConfigError,
  type CustomContext,
  clmrTransforms,
  ShapeError,
  Trainer,
  transforms,
} from 'clmr'
import { testClips } from './helpers/golden.js'

const length = 5000
const clipLength = 4000
const batch = testClips(1, 2, 3, length)
const crush = (v: number) => Math.round(v * 8) / 8
const crushed = transforms.custom({ title: 'crush', p: 0.5, apply: (view) => view.map(crush) })

describe('a transform in JavaScript', () => {
  it('stands in the chain: what comes before it, then it, then what comes after (closed form)', async () => {
    const chain = [
      transforms.gain({ db: [20, 20] }),
      transforms.custom({ title: 'plus', apply: (v) => v.map((x) => x + 1) }),
      transforms.reverse(),
    ]
    const ramp = Float32Array.from({ length: 8 }, (_, i) => i)
    const { data } = await new Augmenter({ transforms: chain, views: 1, clipLength: 4 }).augment(ramp)
    assert.deepEqual([...data], [31, 21, 11, 1, 71, 61, 51, 41])
  })

  it('BAD CALL - two of them with one title: a record could not tell them apart; the same one twice is no such thing', () => {
    const other = transforms.custom({ title: 'crush', apply: (view) => view })
    assert.throws(() => new Augmenter({ transforms: [crushed, other] }), /same title/)
    assert.equal(new Augmenter({ transforms: [crushed, transforms.reverse(), crushed] }).transforms.length, 3)
  })

  it('may change the view in place, return another one, and be asynchronous', async () => {
    const ways = [
      transforms.custom({ title: 'a', apply: (view) => void view.fill(2) }),
      transforms.custom({ title: 'a', apply: (view) => new Float32Array(view.length).fill(2) }),
      transforms.custom({
        title: 'a',
        apply: async (view) => {
          await new Promise((resolve) => setTimeout(resolve, 1))
          return view.fill(2)
        },
      }),
    ]
    for (const way of ways) {
      const augmenter = new Augmenter({ transforms: [way], views: 2, clipLength: 10 })
      assert.ok((await augmenter.augment(new Float32Array(10))).data.every((v) => v === 2))
    }
  })

  it('is applied with its probability, recorded with title and seed, and leaves the other draws as they were', () => {
    const chain = [transforms.randomCrop(), crushed, transforms.reverb()]
    const drawn = new Augmenter({ transforms: chain, views: 1, clipLength: 10 }).draw(10_000)
    const applied = drawn.filter((view) => view[1]!.applied).length
    assert.ok(Math.abs(applied - 5000) <= 200, `${applied}, 4 sigma are 200`)
    const { name, title, seed } = drawn[0]![1]!
    assert.deepEqual([name, title, Number.isSafeInteger(seed)], ['custom', 'crush', true])
    assert.equal(new Set(drawn.map((view) => view[1]!.seed)).size, 10_000)
    const other = new Augmenter({
      transforms: [transforms.randomCrop(), transforms.gain(), transforms.reverb()],
      views: 1,
      clipLength: 10,
    })
    assert.deepEqual(
      drawn.map((view) => view[2]),
      other.draw(10_000).map((view) => view[2]),
    )
  })

  it('makes of every view what it makes of it alone, among native ones, with chance, twice in a chain', async () => {
    const shake = transforms.custom({
      title: 'shake',
      p: 0.7,
      apply: (view, { random }) => view.map((v) => v + 0.1 * random()),
    })
    const chain = [
      transforms.randomCrop(),
      crushed,
      transforms.pitchShift({ p: 0.5 }),
      shake,
      transforms.reverb({ p: 0.5 }),
      crushed,
    ]
    const augmenter = new Augmenter({ transforms: chain, views: 4, clipLength })
    const parameters = augmenter.draw(3, { length, step: 5 })
    const together = await augmenter.augment(batch, { length, step: 5 })
    assert.deepEqual((await augmenter.apply(batch, parameters, { length })).data, together.data)
    for (let example = 0; example < 3; example++) {
      const alone = await augmenter.apply(
        batch.subarray(example * length, (example + 1) * length),
        parameters.slice(4 * example, 4 * example + 4),
        { length },
      )
      assert.deepEqual(
        alone.data,
        together.data.slice(4 * example * clipLength, 4 * (example + 1) * clipLength),
      )
    }
  })

  it('replays from JSON, random choices too', async () => {
    const shift = transforms.custom({
      title: 'dc',
      apply: (view, { random }) => view.map((v) => v + random()),
    })
    const augmenter = new Augmenter({ transforms: [shift], clipLength })
    const stored: AppliedTransform[][] = JSON.parse(JSON.stringify(augmenter.draw(3, { length })))
    const made = await augmenter.augment(batch, { length })
    assert.deepEqual((await augmenter.apply(batch, stored, { length })).data, made.data)
    assert.notDeepEqual(made.row(0), made.row(1))
  })

  it('is told the sample rate and random numbers that are uniform (chi-square, 9 degrees, p = 1e-4)', async () => {
    const counts = new Array<number>(10).fill(0)
    const rates = new Set<number>()
    const count = (_: Float32Array, { random, sampleRate }: CustomContext) => {
      rates.add(sampleRate)
      for (let i = 0; i < 100; i++) counts[Math.floor(random() * 10)]!++
    }
    const chain = [transforms.custom({ title: 'count', apply: count })]
    await new Augmenter({ transforms: chain, views: 100, clipLength: 1, sampleRate: 8000 }).augment(
      new Float32Array(1),
    )
    assert.deepEqual([...rates], [8000])
    assert.ok(counts.reduce((sum, k) => sum + (k - 1000) ** 2 / 1000, 0) < 33.7, `${counts}`)
  })

  it('a chain where chance decided against it gives the bits of the chain without it', async () => {
    const never = new Augmenter({
      transforms: [
        ...clmrTransforms(),
        transforms.custom({ title: 'no', p: 0, apply: (view) => view.fill(9) }),
      ],
      clipLength,
    })
    const without = new Augmenter({ transforms: clmrTransforms(), clipLength })
    const [a, b] = [await never.augment(batch, { length }), await without.augment(batch, { length })]
    assert.deepEqual(a.data, b.data)
  })

  it('fills out, and leaves the batch alone even where it works in place', async () => {
    const before = batch.slice()
    const out = new Float32Array(6 * clipLength)
    const chain = [transforms.custom({ title: 'zero', apply: (view) => void view.fill(0) })]
    const views = await new Augmenter({ transforms: chain, clipLength }).augment(batch, { length, out })
    assert.equal(views.data, out)
    assert.deepEqual(batch, before)
  })

  it('rejects cleanly when it throws, names it, keeps the cause, and works afterwards', async () => {
    const cause = new TypeError('no such thing')
    let broken = true
    const chain = [
      transforms.custom({
        title: 'fragile',
        apply: () => {
          if (broken) throw cause
        },
      }),
    ]
    const augmenter = new Augmenter({ transforms: chain, clipLength })
    await assert.rejects(augmenter.augment(batch, { length }), (error: ArgumentError) => {
      assert.ok(error instanceof ArgumentError)
      assert.match(error.message, /"fragile" threw: no such thing/)
      assert.equal(error.cause, cause)
      return true
    })
    broken = false
    assert.equal((await augmenter.augment(batch, { length })).rows, 6)
  })

  it('can be aborted between two views', async () => {
    const controller = new AbortController()
    let calls = 0
    const slow = transforms.custom({
      title: 'slow',
      apply: () => {
        calls++
        if (calls === 2) controller.abort()
      },
    })
    const augmenter = new Augmenter({ transforms: [slow], views: 50, clipLength: 10 })
    await assert.rejects(augmenter.augment(new Float32Array(10), { signal: controller.signal }), {
      name: 'AbortError',
    })
    assert.equal(calls, 2)
  })

  it('BAD CALL - results of another size, no function, no title, unknown titles, a late crop, a Trainer', async () => {
    const with_ = (apply: unknown, title: unknown = 'x') =>
      new Augmenter({ transforms: [{ name: 'custom', title, apply } as never], views: 1, clipLength: 10 })
    const clip = new Float32Array(10)
    await assert.rejects(with_(() => new Float32Array(9)).augment(clip), ShapeError)
    await assert.rejects(with_(() => 7).augment(clip), /returned something other than a view.*given 7/)
    assert.throws(() => with_('crush'), ConfigError)
    assert.throws(() => with_(undefined), /expected a function/)
    assert.throws(() => with_(() => {}, ''), ConfigError)
    const apply = (record: object) =>
      with_(() => {}).apply(clip, [[{ name: 'custom', applied: true, ...record } as AppliedTransform]])
    await assert.rejects(apply({ title: 'y', seed: 1 }), /"y".*expected "x"/)
    await assert.rejects(apply({ title: 'x' }), /lacks its seed/)
    const late: AppliedTransform[] = [
      { name: 'custom', applied: true, title: 'x', seed: 1 },
      { name: 'randomCrop', applied: true, start: 0 },
    ]
    await assert.rejects(with_(() => {}).apply(clip, [late]), /crop comes first/)
    const augmenter = new Augmenter({ transforms: [transforms.randomCrop(), crushed] })
    await assert.rejects(Trainer.create({ augmenter }), (error: ConfigError) => {
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, /"crush".*trainer\.step\(\)/)
      return true
    })
  })
})
