import assert from 'node:assert/strict'
import * as clmr from 'clmr'
import { applyOne, countNonFinite } from './helpers/augment.js'
import { hashUniform, testClip } from './helpers/golden.js'

const all = {
  polarityInversion: clmr.transforms.polarityInversion(),
  noise: clmr.transforms.noise(),
  gain: clmr.transforms.gain(),
  lowPass: clmr.transforms.lowPass(),
  highPass: clmr.transforms.highPass(),
  delay: clmr.transforms.delay({ ms: [200, 200] }),
  'pitch up': clmr.transforms.pitchShift({ cents: [400, 400] }),
  'pitch down': clmr.transforms.pitchShift({ cents: [-400, -400] }),
  reverb: clmr.transforms.reverb({ reverberance: [100, 100] }),
  reverse: clmr.transforms.reverse(),
}
const n = 12000

describe('strange and damaged clips', () => {
  for (const [name, transform] of Object.entries(all)) {
    it(`${name}: silence stays silence`, async () => {
      const y = await applyOne(transform, new Float32Array(n))
      assert.ok(y.every((v) => v === 0))
    })

    it(`${name}: clicks, squares at ±1, denormals and DC come out finite`, async () => {
      const signals = [
        (i: number) => (i % 997 === 0 ? 1 : 0),
        (i: number) => (Math.floor(i / 50) % 2 ? 1 : -1),
        () => 1e-40,
        () => -0.999,
      ]
      for (const signal of signals) {
        const y = await applyOne(
          transform,
          Float32Array.from({ length: n }, (_, i) => signal(i)),
        )
        assert.equal(countNonFinite(y), 0)
      }
    })

    it(`${name}: no more NaN and infinity come out than went in`, async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const x = testClip(1, 2, n)
        for (const i of [0, 1, 3000, 3001, n - 1]) x[i] = bad
        assert.ok(countNonFinite(await applyOne(transform, x)) <= 5)
      }
    })
  }

  it('NaN in one clip does not touch its neighbours', async () => {
    const always = {
      polarityInversion: 1,
      noise: 1,
      gain: 1,
      highLowPass: 1,
      delay: 1,
      pitchShift: 1,
      reverb: 1,
    }
    const augmenter = new clmr.Augmenter({ transforms: clmr.clmrTransforms(always), clipLength: n })
    const batch = Float32Array.from([1, 2, 3].flatMap((seed) => Array.from(hashUniform(seed, n))))
    const clean = await augmenter.augment(batch)
    batch.fill(Number.NaN, n, 2 * n)
    const dirty = await augmenter.augment(batch)
    for (const row of [0, 1, 4, 5]) assert.deepEqual(dirty.row(row), clean.row(row))
  })
})
