import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, optimizers } from 'clmr'
import { currentConfig, currentMetrics } from '#lib/runs/former.js'
import { parseTrainingConfig, readTrainingConfig } from '#lib/train/config.js'
import { parseTrainerConfig } from '#lib/train/options.js'
import { refuseChanges } from '#lib/train/run.js'
import { withTempDir } from './helpers/temp-dir.js'

const YAML = `# a comment
batchSize: 16
optimizer:
  name: sgd
  lr: 1e-2
  nesterov: true
augmenter:
  transforms:
    - name: randomCrop
    - name: gain
      p: 0.5
      db: [-6, -1]
seed: 9
`

function refused(act: () => unknown, ...patterns: RegExp[]): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof ConfigError, String(error))
    for (const pattern of patterns) assert.match(error.message, pattern)
    return true
  })
}

describe('A training as YAML', () => {
  it('has the names and defaults of the options of Trainer.create', () => {
    const { config, given } = parseTrainingConfig(YAML, 'train.yaml')
    assert.equal(config.batchSize, 16)
    assert.equal(config.viewNorm, 'joint')
    assert.deepEqual(config.optimizer, optimizers.sgd({ lr: 0.01, nesterov: true }))
    assert.deepEqual(config.augmenter.transforms[1], { name: 'gain', p: 0.5, db: [-6, -1] })
    assert.equal(config.augmenter.seed, 9, 'the chain draws from the seed of the training')
    assert.deepEqual(Object.keys(given), ['batchSize', 'optimizer', 'augmenter', 'seed'])
  })

  it('keeps what was written apart from what its preset says', () => {
    const { config, given, preset } = parseTrainingConfig('seed: 9', 'train.yaml', { preset: 'clmr-paper' })
    assert.deepEqual([config.batchSize, config.seed], [96, 9])
    assert.deepEqual(given, { seed: 9 })
    assert.deepEqual([preset.batchSize, 'seed' in preset], [96, false])
  })

  it('is complete when empty', () => {
    const { config } = parseTrainingConfig('', 'train.yaml')
    assert.deepEqual(config.optimizer, optimizers.adam({ lr: 3e-4 }))
    assert.deepEqual(config, parseTrainerConfig({}, 'test'))
    assert.deepEqual(
      parseTrainerConfig(JSON.parse(JSON.stringify(config)), 'test'),
      config,
      'it survives JSON',
    )
  })

  it('takes a name alone for a choice, and fills in the usual one', () => {
    assert.deepEqual(parseTrainingConfig('optimizer: sgd', 'x').config.optimizer, optimizers.sgd())
    assert.deepEqual(
      parseTrainingConfig('optimizer: { lr: 0.5 }', 'x').config.optimizer,
      optimizers.adam({ lr: 0.5 }),
    )
  })

  it('lets --set win over the file, and flags over both', () => {
    const set = ['optimizer.lr=0.5', 'batchSize=32', 'epochs=7', 'projection.out=16']
    const { config } = parseTrainingConfig(YAML, 'train.yaml', {
      set,
      options: { epochs: 8, maxSteps: undefined },
    })
    assert.deepEqual(config.optimizer, optimizers.sgd({ lr: 0.5, nesterov: true }))
    assert.deepEqual([config.batchSize, config.epochs, config.maxSteps], [32, 8, undefined])
    assert.deepEqual(config.projection, { hidden: 512, out: 16 })
  })

  it('says file, line, column and the near name of a misspelt option', () => {
    refused(
      () => parseTrainingConfig('seed: 1\nbatchsize: 4\n', 'a.yaml'),
      /^a\.yaml:2:1: /,
      /Write "batchSize" instead/,
    )
    refused(
      () => parseTrainingConfig('optimizer:\n  name: sgd\n  momentun: 0.5\n', 'a.yaml'),
      /^a\.yaml:3:3: .*"optimizer\.momentun"/,
      /Write "momentum" instead/,
    )
    refused(
      () => parseTrainingConfig('optimizer:\n  name: lamb\n', 'a.yaml'),
      /^a\.yaml:2:3: /,
      /one of adam, sgd/,
    )
    refused(
      () => parseTrainingConfig('seed: 1\nbatchSize: many\n', 'a.yaml'),
      /^a\.yaml:2:1: /,
      /given "many"/,
    )
    refused(
      () =>
        parseTrainingConfig(
          'augmenter:\n  transforms:\n    - name: randomCrop\n    - name: reverp\n',
          'a.yaml',
        ),
      /^a\.yaml:4:7: /,
      /Write "reverb" instead/,
    )
  })

  it('says where it is not YAML, or no list of options', () => {
    refused(() => parseTrainingConfig('seed: 1\n  x: [\n', 'a.yaml'), /^a\.yaml:\d+:\d+: this is not YAML/)
    refused(() => parseTrainingConfig('- 1\n', 'a.yaml'), /^a\.yaml: .*an array of 1/)
    refused(() => parseTrainingConfig('a: &a [1]\nseed: *b\n', 'a.yaml'), /not YAML/)
  })

  it('says which --set or flag is wrong', () => {
    refused(
      () => parseTrainingConfig('', 'x', { set: ['optimizer.lrr=1'] }),
      /^--set optimizer\.lrr=1: /,
      /Write "lr" instead/,
    )
    for (const bad of ['seed', '=1', 'a..b=1', '__proto__.x=1', 'seed=[1'])
      refused(() => parseTrainingConfig('', 'x', { set: [bad] }), /--set has no name and value/)
    refused(
      () => parseTrainingConfig('batchSize: 4', 'x', { options: { batchSize: 1 } }),
      /^the command line: .*"batchSize"/,
    )
    assert.equal(({} as { x?: number }).x, undefined)
  })

  it('is read from a file, which has to be there', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'train.yaml')
      await writeFile(path, YAML)
      assert.equal((await readTrainingConfig(path)).config.seed, 9)
      assert.equal((await readTrainingConfig(undefined, { set: ['seed=4'] })).config.seed, 4)
      await assert.rejects(readTrainingConfig(join(folder, 'none.yaml')), { code: 'ERR_IO' })
    })
  })

  it('is compared with that of a run: what changes the numbers is refused by name, epochs are not', () => {
    const stored = JSON.parse(JSON.stringify(parseTrainerConfig({ seed: 1, epochs: 3 }, 'test')))
    refuseChanges(
      { ...stored, data: {} },
      parseTrainerConfig({ seed: 1, epochs: 30, maxSteps: 5 }, 'test'),
      'run',
    )
    refused(
      () => refuseChanges(stored, parseTrainerConfig({ seed: 2, viewNorm: 'separate' }, 'test'), 'run'),
      /other options: augmenter, viewNorm, seed/,
    )
  })

  it('of a run of before is read under the names of now; in a file the new spelling is told', () => {
    const begun = (noise: object) => ({
      seed: 3,
      augmenter: { transforms: [{ name: 'noise', p: 1, ...noise }] },
    })
    const noiseOf = (config: object) =>
      parseTrainerConfig(currentConfig(config), 'test').augmenter.transforms[0]
    const former = { minSnr: 0.001, maxSnr: 0.02 }
    assert.deepEqual(noiseOf(begun(former)), { name: 'noise', p: 1, ratio: [0.001, 0.02] })
    assert.deepEqual(noiseOf(begun({ ...former, snrDb: [10, 20] })), {
      name: 'noise',
      p: 1,
      snrDb: [10, 20],
    })
    const now = begun({ ratio: [0, 1] })
    assert.equal(currentConfig(now).augmenter.transforms[0], now.augmenter.transforms[0])
    refused(
      () => parseTrainingConfig('augmenter: { transforms: [{ name: noise, maxSnr: 0.5 }] }', 'train.yaml'),
      /train\.yaml:1:/,
      /Write ratio: \[0\.0001, 0\.5\]/,
    )
    assert.deepEqual(currentMetrics({ step: 1, learningRate: 0.1, validationLoss: 2 }), {
      step: 1,
      lr: 0.1,
      validLoss: 2,
    })
  })
})
