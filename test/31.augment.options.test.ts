import assert from 'node:assert/strict'
import { Augmenter, type AugmenterOptions, ConfigError, clmrTransforms, transforms } from 'clmr'
import { parse, stringify } from 'yaml'

const refused = (make: () => unknown, pattern: RegExp) =>
  assert.throws(make, (error: unknown) => {
    assert.ok(error instanceof ConfigError, String(error))
    assert.match(error.message, pattern)
    return true
  })

describe('options of augmentations', () => {
  it('the published chain has the order and probabilities of the paper', () => {
    assert.deepEqual(
      clmrTransforms().map((t) => [t.name, 'p' in t ? t.p : 1]),
      [
        ['randomCrop', 1],
        ['polarityInversion', 0.8],
        ['noise', 0.01],
        ['gain', 0.3],
        ['highLowPass', 0.8],
        ['delay', 0.3],
        ['pitchShift', 0.6],
        ['reverb', 0.6],
      ],
    )
    assert.equal(clmrTransforms({ noise: 0.5 }).find((t) => t.name === 'noise')?.p, 0.5)
  })

  it('defaults are the published parameters', () => {
    assert.deepEqual(transforms.noise(), { name: 'noise', p: 1, ratio: [1e-4, 0.01] })
    assert.deepEqual(transforms.gain({ p: 0.3 }), { name: 'gain', p: 0.3, db: [-20, -1] })
    assert.deepEqual(transforms.highLowPass(), {
      name: 'highLowPass',
      p: 1,
      lowPass: [2200, 4000],
      highPass: [200, 1200],
    })
    assert.deepEqual(transforms.delay(), { name: 'delay', p: 1, ms: [200, 500], stepMs: 50, volume: 0.5 })
    assert.deepEqual(transforms.pitchShift(), { name: 'pitchShift', p: 1, cents: [-700, 700] })
    const range = [0, 100]
    assert.deepEqual(transforms.reverb(), {
      name: 'reverb',
      p: 1,
      reverberance: range,
      damping: range,
      roomSize: range,
    })
    const { views, clipLength, sampleRate, seed, transforms: chain } = new Augmenter()
    assert.deepEqual([views, clipLength, sampleRate, seed], [2, 59049, 22050, 42])
    assert.deepEqual(chain, clmrTransforms())
  })

  it('a chain goes through YAML, and what is left out takes its default', () => {
    const chain = clmrTransforms()
    assert.deepEqual(new Augmenter({ transforms: parse(stringify(chain)) }).transforms, chain)
    const [echo] = new Augmenter({ transforms: parse('- name: delay\n  p: 0.2') }).transforms
    assert.deepEqual(echo, transforms.delay({ p: 0.2 }))
  })

  it('an unknown transform is an error that lists the known ones and the nearest', () => {
    const make = (name: string) => () => new Augmenter({ transforms: [{ name }] as never })
    refused(make('reverberation'), /"transforms\.0".*no transform "reverberation".*randomCrop, .*reverse/)
    refused(make('ptichShift'), /Write "pitchShift" instead/)
    refused(make('toString'), /no transform "toString"/)
    refused(make('__proto__'), /no transform/)
    refused(() => new Augmenter({ transforms: ['reverb'] as never }), /an object with a name/)
  })

  it('an unknown parameter is an error that lists the known ones and the nearest', () => {
    refused(
      () => transforms.reverb({ rooomSize: [0, 1] } as never),
      /reverb has no option "rooomSize".*Write "roomSize"/,
    )
    refused(
      () =>
        transforms.randomCrop().name &&
        new Augmenter({ transforms: [{ name: 'randomCrop', p: 0.5 }] as never }),
      /"p"/,
    )
    refused(() => new Augmenter({ veiws: 2 } as never), /Write "views" instead/)
    refused(() => clmrTransforms({ reverse: 1 } as never), /clmrTransforms has no option "reverse"/)
  })

  it('reversed, out of range, NaN and misshapen values are errors', () => {
    refused(() => transforms.gain({ db: [-1, -20] }), /gain option "db".*reversed/)
    refused(() => transforms.noise({ ratio: [0.1, 0.01] }), /noise option "ratio".*reversed/)
    refused(
      () => transforms.noise({ ratio: [0.1, 0.2], snrDb: [10, 20] }),
      /noise option "snrDb".*keep one of them/,
    )
    refused(() => transforms.noise({ minSnr: 0.001 } as never), /Write ratio: \[0\.001, 0\.01\]/)
    refused(() => transforms.gain({ db: [Number.NaN, 0] }), /gain option "db\.0"/)
    refused(() => transforms.gain({ db: [0, Number.POSITIVE_INFINITY] }), /gain option "db\.1"/)
    refused(() => transforms.gain({ db: -3 as never }), /gain option "db"/)
    refused(() => transforms.gain({ db: [1, 2, 3] as never }), /gain option "db"/)
    refused(() => transforms.gain({ p: 1.1 }), /gain option "p"/)
    refused(() => transforms.gain({ p: Number.NaN }), /gain option "p"/)
    refused(() => transforms.pitchShift({ cents: [-0.5, 0.5] }), /pitchShift option "cents/)
    refused(() => transforms.pitchShift({ cents: [0, 1300] }), /pitchShift option "cents/)
    refused(() => transforms.reverb({ damping: [0, 101] }), /reverb option "damping/)
    refused(() => transforms.delay({ stepMs: 0 }), /delay option "stepMs"/)
  })

  it('the augmenter checks its own options and what concerns the whole chain', () => {
    const bad: AugmenterOptions[] = [
      { views: 0 },
      { views: 1.5 },
      { clipLength: 0 },
      { sampleRate: Number.NaN },
      { seed: -1 },
      { seed: 2 ** 53 },
      { transforms: 3 as never },
    ]
    for (const options of bad) refused(() => new Augmenter(options), new RegExp(Object.keys(options)[0]!))
    refused(
      () => new Augmenter({ transforms: [transforms.gain(), transforms.randomCrop()] }),
      /randomCrop must come first/,
    )
    refused(
      () => new Augmenter({ transforms: [transforms.randomCrop(), transforms.randomCrop()] }),
      /randomCrop must come first/,
    )
    refused(() => new Augmenter({ sampleRate: 7000 }), /4000 Hz lies above half the sample rate of 7000/)
  })

  it('options of calls are checked, too', async () => {
    const augmenter = new Augmenter({ clipLength: 10 })
    const clip = new Float32Array(10)
    await assert.rejects(augmenter.augment(clip, { step: -1 }), ConfigError)
    await assert.rejects(augmenter.augment(clip, { setp: 1 } as never), /Write "step" instead/)
    await assert.rejects(augmenter.augment(clip, { length: 0 }), ConfigError)
    await assert.rejects(augmenter.augment(clip, { signal: {} as never }), ConfigError)
    for (const n of [0, -1, 1.5, Number.NaN, 2 ** 40])
      assert.throws(() => augmenter.draw(n), { code: 'ERR_ARGUMENT' })
  })

  it('a chain cannot be changed behind the back of its augmenter', () => {
    const chain = clmrTransforms()
    const augmenter = new Augmenter({ transforms: chain })
    chain.pop()
    assert.equal(augmenter.transforms.length, 8)
    assert.throws(() => (augmenter.transforms as unknown[]).pop(), TypeError)
  })
})
