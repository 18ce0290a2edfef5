import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, Encoder, LinearProbe, openDataset, Trainer, writeReport } from 'clmr'
import { readTrainingCurve } from '#lib/evaluate/report/training-curve.js'
import { changedParts } from '#lib/runs/data-record.js'
import { clmr, clmrEnds, clmrJson } from './helpers/command-line.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'
import { withCache } from './helpers/trainings.js'

const sourcesOf = (dataset: Dataset) => dataset.tracks.map(({ sourceSha256 }) => sourceSha256)

/** One step on all tracks of a data set. */
async function train(dataset: Dataset, runDirectory: string, options = {}): Promise<string> {
  await using trainer = await Trainer.create({
    architecture: SMALL,
    dataset,
    runDirectory,
    batchSize: 2,
    maxSteps: 1,
    ...options,
  })
  await trainer.fit()
  return runDirectory
}

describe('74 evaluate: what a model was trained on', () => {
  it('a probe counts the test tracks that its encoder was trained on, whatever their names are', async () => {
    const sets = [90, 30, 30].map((tracks, i) => toyDataset({ tracks, seed: i }))
    const [train, validation, test] = sets as [(typeof sets)[0], (typeof sets)[0], (typeof sets)[0]]
    const known = { ...test!, tracks: test!.tracks.map(({ path }) => ({ path, sourceSha256: `of ${path}` })) }
    const encoder = Object.assign(new ToyEncoder(), { trainedOn: { sources: ['x'], complete: true } })
    using probe = await LinearProbe.fit({ encoder, train: train!, validation: validation!, maxEpochs: 1 })
    assert.deepEqual((await probe.evaluate(known)).trainedOn, { tracks: 0, complete: true })
    encoder.trainedOn = { sources: known.tracks.slice(3, 8).map((t) => t.sourceSha256), complete: false }
    assert.deepEqual((await probe.evaluate(known)).trainedOn, { tracks: 5, complete: false })
    assert.equal((await probe.evaluate(test!)).trainedOn, undefined)
  })

  it('an encoder knows its recordings: from a run, its checkpoints, its live trainer, and the run that it began with', function () {
    this.timeout(60_000)
    return withCache(async (folder, cache) => {
      using all = await openDataset(cache)
      const [first, second] = [all.subset('train'), all.subset('test')]
      const run = await train(first, join(folder, 'first'))
      using fresh = await Encoder.create()
      assert.deepEqual(fresh.trainedOn, { sources: [], complete: true })
      const checkpoint = join(run, 'checkpoints', 'step-000001')
      for (const path of [run, checkpoint, join(checkpoint, 'model.safetensors')]) {
        using encoder = await Encoder.load(path)
        assert.deepEqual(encoder.trainedOn, { sources: sourcesOf(first), complete: true }, path)
      }
      const copy = join(folder, 'copy.safetensors')
      await cp(join(checkpoint, 'model.safetensors'), copy)
      const both = [...sourcesOf(first), ...sourcesOf(second)]
      for (const [name, options, complete] of [
        ['from-run', { initFrom: run }, true],
        ['from-copy', { initFrom: copy }, false],
      ] as const) {
        using encoder = await Encoder.load(await train(second, join(folder, name), options))
        const sources = complete ? both : sourcesOf(second)
        assert.deepEqual(encoder.trainedOn, { sources, complete }, name)
      }
      using loaded = await Encoder.load(run)
      await using trainer = await Trainer.create({ dataset: second, encoder: loaded, batchSize: 2 })
      assert.deepEqual(trainer.encoder.trainedOn, { sources: both, complete: true })
      await using views = await Trainer.create({ batchSize: 2 })
      assert.equal(views.encoder.trainedOn.complete, false)
    })
  })

  it('evaluate and report say how many test tracks were trained on, and from which data the run is', function () {
    this.timeout(120_000)
    return withCache(async (folder, cache) => {
      using all = await openDataset(cache)
      const [whole, part] = [join(folder, 'whole'), join(folder, 'part')]
      await train(all, whole)
      await train(all.subset('train'), part)
      const args = (model: string) => ['evaluate', '--model', model, '--data', cache]
      const seen = await clmrEnds(0, ...args(whole))
      assert.match(seen.stdout, /^trained on 6 of 6 train tracks, 2 of 2 valid tracks, 2 of 2 test tracks$/m)
      assert.match(seen.stderr, /^2 of 2 test tracks were trained on: these figures flatter the model$/m)
      const flattering = await clmrJson(...args(whole))
      assert.deepEqual([flattering.tracks, flattering.trainedOn], [2, { tracks: 2, complete: true }])
      const clean = await clmrEnds(0, ...args(part))
      assert.match(clean.stdout, /^trained on 6 of 6 train tracks, 0 of 2 valid tracks, 0 of 2 test tracks$/m)
      assert.doesNotMatch(clean.stderr, /test tracks/)
      assert.match(clean.stdout, /^0 of 2 test tracks were trained on$/m)
      const { tracks, trainedOn } = await clmrJson(...args(part))
      assert.deepEqual([tracks, trainedOn], [2, { tracks: 0, complete: true }])
      const copy = join(folder, 'copy.pt')
      await clmrEnds(0, 'convert', part, copy)
      assert.match((await clmr(...args(copy))).stderr, /not known whether test tracks were trained on/)
      const page = async (run: string) => {
        await clmrEnds(0, 'report', '--run', run, '--out', join(folder, 'r.html'))
        return readFile(join(folder, 'r.html'), 'utf8')
      }
      assert.match(
        await page(part),
        /None of the 2 test tracks were trained on\..*Trained on 6 tracks of cache\./s,
      )
      assert.match(await page(part), /queried tracks were trained on/)
      const flattered = await page(whole)
      assert.match(flattered, /2 of 2 test tracks were trained on\. These figures flatter it/)
      assert.doesNotMatch(flattered, /neither has seen|None of the/)
    })
  })

  it('the losses of the report are means, and it says over which steps', () =>
    withTempDir(async (folder) => {
      const log = (steps: number) =>
        Array.from({ length: steps }, (_, i) => JSON.stringify({ step: i + 1, epoch: 1, loss: 100 - i }))
      for (const [steps, first, last, text] of [
        [60, 99, 42, 'from 99.0: means of the last and the first 3 steps'],
        [10, 100, 91, 'from 100: the last step and the first'],
      ] as const) {
        await writeFile(join(folder, 'metrics.jsonl'), log(steps).join('\n'))
        const curve = await readTrainingCurve(folder)
        assert.deepEqual([curve.firstLoss, curve.finalLoss], [first, last])
        await writeReport({ run: folder, out: join(folder, 'r.html') })
        assert.ok((await readFile(join(folder, 'r.html'), 'utf8')).includes(text))
      }
    }))

  it('a run of before, whose record is one hash over names and lengths, goes on, and does not say what it heard', function () {
    this.timeout(60_000)
    return withCache(async (folder, cache) => {
      using all = await openDataset(cache)
      const run = await train(all, join(folder, 'run'))
      const path = join(run, 'config.json')
      const config = JSON.parse(await readFile(path, 'utf8'))
      const hash = createHash('sha256')
      for (const track of all.tracks) hash.update(`${track.samples} ${track.path}\n`)
      const training = { cache, tracks: all.length, sha256: hash.digest('hex') }
      await writeFile(path, JSON.stringify({ ...config, data: { training } }))
      await using trainer = await Trainer.resume(run, { maxSteps: 2 })
      assert.equal((await trainer.fit()).steps, 2)
      assert.deepEqual(trainer.encoder.trainedOn, { sources: [], complete: false })
      await assert.rejects(Trainer.resume(run, { dataset: all.subset('test') }), /other names and lengths/)
      assert.deepEqual(changedParts({ ...training, sha256: { audio: '' } }, all), ['audio'])
    })
  })
})
