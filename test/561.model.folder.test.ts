import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Encoder, embedDataset, inspectModel, LinearProbe, openDataset, Trainer } from 'clmr'
import { exportModel } from '#lib/evaluate/export/export-model.js'
import { clmrEnds } from './helpers/command-line.js'
import { withFileServer } from './helpers/file-server.js'
import { goldenPath } from './helpers/golden.js'
import { withTempDir } from './helpers/temp-dir.js'
import { withCache } from './helpers/trainings.js'

const clip = new Float32Array(59_049).map((_, i) => Math.sin(i / 7))
const vectorOf = async (encoder: Encoder) => (await encoder.encode(clip)).data
const withEnvironment = async (values: Record<string, string>, work: () => Promise<void>) => {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, values)
  try {
    await work()
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
}

describe('561 model: folders that travel', () => {
  it('clmr export writes weights, config, probe and card of a run; the folder loads as the run does, and knows its data', () =>
    withCache(async (folder, cache) => {
      const [run, out] = [join(folder, 'run'), join(folder, 'exported')]
      using dataset = await openDataset(cache, { subset: 'train' })
      await using trainer = await Trainer.create({ dataset, runDirectory: run, batchSize: 2, maxSteps: 1 })
      await trainer.fit()
      const { stdout } = await clmrEnds(0, 'export', run, out, '--device', 'cpu', '--precision', 'float32')
      assert.match(stdout, /model\.safetensors, config\.json, probe\.safetensors, README\.md/)
      const names = ['README.md', 'config.json', 'model.safetensors', 'probe.safetensors']
      assert.deepEqual((await readdir(out)).sort(), names)

      using ofRun = await Encoder.load(run)
      using ofFolder = await Encoder.load(out)
      assert.deepEqual(await vectorOf(ofFolder), await vectorOf(ofRun))
      assert.deepEqual(ofFolder.trainedOn, ofRun.trainedOn)
      assert.equal(ofFolder.trainedOn.sources.length, dataset.length)
      const { objective, steps } = await inspectModel(out)
      assert.deepEqual({ objective, steps }, { objective: 'ntXent', steps: 1 })

      const text = await readFile(join(out, 'config.json'), 'utf8')
      const config = JSON.parse(text)
      assert.equal(config.sampleRate, 22_050)
      assert.equal(config.clipLength, 59_049)
      assert.deepEqual(
        config.architecture.strides,
        Array.from({ length: 9 }, () => 3),
      )
      assert.equal(config.data.tracks, dataset.length)
      assert.match(config.data.sha256.audio, /^[0-9a-f]{64}$/)
      assert.equal(config.chain.length, trainer.config.augmenter.transforms.length)
      assert.doesNotMatch(text, new RegExp(folder), 'a path of this machine')

      using probe = await LinearProbe.load(join(out, 'probe.safetensors'), { encoder: ofFolder })
      assert.deepEqual(probe.classes, ['high', 'low'])
      using whole = await openDataset(cache)
      using test = whole.subset('test')
      const { rocAuc } = await probe.evaluate(await embedDataset(ofFolder, test))
      const card = await readFile(join(out, 'README.md'), 'utf8')
      assert.match(card, new RegExp(`\\| linear probe: ROC-AUC \\| ${rocAuc.toFixed(3)} \\|`))
      assert.match(card, /0 of \d test tracks were trained on/)
      const hash = createHash('sha256')
        .update(await readFile(join(out, 'model.safetensors')))
        .digest('hex')
      assert.ok(card.includes(hash), 'the hash of the weights stands in the card')

      const again = await exportModel(run, out, { producer: 'clmr' })
      assert.deepEqual(again.files, ['model.safetensors', 'config.json', 'README.md'])
      assert.equal((await readdir(out)).includes('probe.safetensors'), false, 'of another evaluation')
      await assert.rejects(exportModel(run, run, { producer: 'clmr' }), { code: 'ERR_ARGUMENT', path: run })
      const file = join(out, 'model.safetensors')
      await assert.rejects(exportModel(file, join(folder, 'x'), { producer: 'clmr' }), {
        code: 'ERR_CHECKPOINT',
      })
    })).timeout(60_000)
})

describe('561 model: by address and by name', () => {
  it('an address is fetched once, goes on where it broke off, and is checked; offline it comes from the cache or is an error', () =>
    withTempDir(async (folder) => {
      const bytes = await readFile(goldenPath('checkpoints/bare-float16.pt'))
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      await withFileServer(
        { 'm.pt': bytes, 'n.pt': bytes },
        { 'm.pt': { drops: 1 } },
        ({ origin, requests }) =>
          withEnvironment({ CLMR_CACHE: folder }, async () => {
            using loaded = await Encoder.load(`${origin}/m.pt`, { sha256 })
            const count = requests.length
            assert.ok(count >= 2, 'the connection dropped once')
            process.env.CLMR_OFFLINE = '1'
            try {
              using again = await Encoder.load(new URL(`${origin}/m.pt`))
              assert.deepEqual(await vectorOf(again), await vectorOf(loaded))
              await assert.rejects(Encoder.load(`${origin}/n.pt`), {
                code: 'ERR_DOWNLOAD',
                message: /CLMR_OFFLINE/,
              })
            } finally {
              delete process.env.CLMR_OFFLINE
            }
            assert.equal(requests.length, count)
            const here = goldenPath('checkpoints/bare-float16.pt')
            await assert.rejects(Encoder.load(here, { sha256 }), { code: 'ERR_CONFIG', message: /`sha256`/ })
            await assert.rejects(Encoder.load(`${origin}/n.pt`, { sha256: '0'.repeat(64) }), {
              code: 'ERR_DOWNLOAD',
            })
          }),
      )
    }))

  it('pretrained takes the weights that the application has installed as a package, and says how to install them', () =>
    withTempDir(async (folder) => {
      const there = process.cwd()
      process.chdir(folder)
      try {
        await assert.rejects(Encoder.pretrained(), {
          code: 'ERR_CHECKPOINT',
          message: /npm install @clmr\/weights-small/,
        })
        const weights = join(folder, 'node_modules', '@clmr', 'weights-small')
        await mkdir(weights, { recursive: true })
        await writeFile(join(weights, 'package.json'), '{"name":"@clmr/weights-small","version":"1.0.0"}')
        using made = await Encoder.create({ seed: 3 })
        await made.save(join(weights, 'model.safetensors'))
        using found = await Encoder.pretrained('clmr-small', { device: 'cpu' })
        assert.deepEqual(await vectorOf(found), await vectorOf(made))
        using byName = await Encoder.load('clmr-small')
        assert.deepEqual(await vectorOf(byName), await vectorOf(made))
        await symlink(goldenPath('checkpoints/bare-float16.pt'), join(folder, 'clmr-small'))
        using ofFile = await Encoder.load('clmr-small')
        assert.notDeepEqual(await vectorOf(ofFile), await vectorOf(made))
        await assert.rejects(Encoder.pretrained('clmr-smal'), {
          code: 'ERR_ARGUMENT',
          message: /"clmr-small"/,
        })
      } finally {
        process.chdir(there)
      }
    }))
})
