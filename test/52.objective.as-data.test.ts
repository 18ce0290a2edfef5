import assert from 'node:assert/strict'
import { byol, ConfigError, infoNce, PRESETS, preset, supervised, Trainer } from 'clmr'
import { parseTrainingConfig } from '#lib/train/config.js'
import { parseTrainerConfig } from '#lib/train/options.js'

describe('52 the objectives as data', () => {
  it('are plain objects with the published settings as defaults', () => {
    assert.deepEqual(infoNce(), { name: 'infoNce', temperature: 0.2, queue: 65536, momentum: 0.999 })
    assert.deepEqual(byol(), { name: 'byol', momentum: 0.996, predictorHidden: 512 })
    assert.deepEqual(supervised(), { name: 'supervised', dropout: 0.5 })
    assert.deepEqual(supervised({ classes: 3, multilabel: true }), {
      name: 'supervised',
      classes: 3,
      multilabel: true,
      dropout: 0.5,
    })
  })

  it('are chosen in YAML by name, with or without settings', () => {
    const objective = (text: string) => parseTrainingConfig(text, 'x').config.objective
    assert.deepEqual(objective('objective: byol'), byol())
    assert.deepEqual(objective('objective: { name: infoNce, queue: 128 }'), infoNce({ queue: 128 }))
    assert.deepEqual(objective('objective: { temperature: 0.1 }'), { name: 'ntXent', temperature: 0.1 })
    assert.deepEqual(objective('objective: { name: ntXent, learnTemperature: true }'), {
      name: 'ntXent',
      temperature: 0.5,
      learnTemperature: true,
    })
  })

  it('BAD CALL - unknown names, settings and values', () => {
    assert.throws(() => infoNce({ keue: 1 } as never), /infoNce has no option "keue".*Write "queue"/)
    assert.throws(() => byol({ momentum: 1 }), ConfigError)
    assert.throws(() => supervised({ dropout: 1 }), ConfigError)
    assert.throws(() => infoNce({ queue: 0 }), ConfigError)
    assert.throws(
      () => parseTrainingConfig('objective: boyl', 'train.yaml'),
      /train\.yaml:1:1.*has an unknown value.*Write "byol"/,
    )
  })

  it('BAD CALL - the number of views that an objective does not take', async () => {
    const create = (views: number, objective: ReturnType<typeof byol> | ReturnType<typeof infoNce>) =>
      Trainer.create({ augmenter: { views }, objective })
    await assert.rejects(create(3, byol()), /byol takes 2 views of an example \(given 3 views, expected 2\)/)
    await assert.rejects(create(1, infoNce()), /infoNce takes 2 views/)
    await assert.rejects(Trainer.create({ augmenter: { views: 1 } }), /given 1 view, expected at least 2/)
  })

  it('BAD CALL - supervised training without classes', async () => {
    await assert.rejects(Trainer.create({ objective: supervised() }), /learns from labels/)
  })
})

describe('52 the presets', () => {
  it('are complete trainings', () => {
    assert.deepEqual(PRESETS, ['clmr', 'clmr-paper', 'moco', 'byol', 'supervised', 'small'])
    for (const name of PRESETS) parseTrainerConfig(preset(name), name)
    assert.equal(preset('clmr-paper').batchSize, 96)
    assert.deepEqual([preset('clmr').viewNorm, preset('clmr').batchSize], ['separate', 48])
  })

  it('lie under what a file, --set and flags say', () => {
    const sources = { preset: 'byol', set: ['optimizer.lr=0.1'], options: { batchSize: 8 } }
    const { config } = parseTrainingConfig('objective: { momentum: 0.9 }', 'x', sources)
    assert.deepEqual(config.objective, byol({ momentum: 0.9, predictorHidden: 4096 }))
    assert.deepEqual([config.optimizer.name, config.optimizer.lr, config.batchSize], ['adam', 0.1, 8])
    assert.deepEqual(config.projection, { hidden: 4096, out: 256 })
    const other = parseTrainingConfig('preset: moco\nobjective: byol\noptimizer: sgd', 'x').config
    assert.deepEqual([other.objective, other.optimizer.name], [byol(), 'sgd'])
    assert.equal(other.projection.out, 128)
  })

  it('BAD CALL - an unknown one, with the place and the nearest name', () => {
    assert.throws(() => preset('mocco' as never), /no preset of this name.*Write "moco"/)
    assert.throws(() => parseTrainingConfig('seed: 1\npreset: bylo', 't.yaml'), /t\.yaml:2:1: .*Write "byol"/)
  })
})
