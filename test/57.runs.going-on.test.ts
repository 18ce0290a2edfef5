import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDataset, prepare, schedules, Trainer, type TrainerOptions, verifyRun } from 'clmr'
import { cutEventFiles, scalarRecord, TensorBoardWriter, versionRecord } from '#lib/formats/tensorboard.js'
import { trainingCache } from '#lib/runs/data-record.js'
import { clmrEnds, clmrJson, writeMusic } from './helpers/command-line.js'
import { SMALL, smallSetting } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'
import { tone, wav } from './helpers/wav.js'

/** The steps of all events in the event files of a folder, in their order: length, checksum, data, checksum. */
async function stepsIn(folder: string): Promise<number[]> {
  const steps: number[] = []
  for (const name of (await readdir(folder)).filter((file) => file.startsWith('events.')).sort()) {
    const file = await readFile(join(folder, name))
    for (let at = 0; at < file.length; ) {
      const size = Number(file.readBigUInt64LE(at))
      let [step, shift] = [0, 0]
      for (let i = at + 12 + 10; ; i++, shift += 7) {
        step += (file[i]! & 127) << shift
        if (file[i]! < 128) break
      }
      steps.push(step)
      at += 16 + size
    }
  }
  return steps
}

/** The warnings that a call emits. */
async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = []
  const listen = ({ message }: Error) => void warnings.push(message)
  process.on('warning', listen)
  try {
    await work()
    await new Promise(setImmediate)
  } finally {
    process.off('warning', listen)
  }
  return warnings
}

const small = { architecture: SMALL, batchSize: 2 }

describe('57 runs: going on', () => {
  it('event files are cut behind the checkpoint, in every file and within a torn record; what is foreign stays', () =>
    withTempDir(async (folder) => {
      for (const [name, from] of [
        ['events.out.tfevents.1', 1],
        ['events.out.tfevents.2', 150],
      ] as const) {
        const records = Array.from({ length: 200 }, (_, i) => scalarRecord(1, from + i, { loss: i }))
        await writeFile(join(folder, name), Buffer.concat([versionRecord(0), ...records]))
      }
      await appendFile(
        join(folder, 'events.out.tfevents.2'),
        scalarRecord(1, 300, { loss: 1 }).subarray(0, 20),
      )
      const foreign = Buffer.from('something else altogether, longer than a record')
      await writeFile(join(folder, 'events.out.tfevents.3'), foreign)
      await cutEventFiles(folder, 300)
      assert.deepEqual(await readFile(join(folder, 'events.out.tfevents.3')), foreign)
      await rename(join(folder, 'events.out.tfevents.3'), join(folder, 'other'))
      const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
      assert.deepEqual(await stepsIn(folder), [0, ...upTo(1, 200), 0, ...upTo(150, 300)])
      await cutEventFiles(folder, 160)
      assert.deepEqual(await stepsIn(folder), [0, ...upTo(1, 160), 0, ...upTo(150, 160)])
      const writer = await TensorBoardWriter.create(folder)
      await writer.close()
      await cutEventFiles(folder, 0)
      assert.deepEqual(await stepsIn(folder), [0, 0, 0])
    }))

  it('a run that was killed after its checkpoint has every step once, in TensorBoard too', function () {
    this.timeout(60_000)
    return withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000, 62000, 63000])
      const run = join(folder, 'run')
      const options: TrainerOptions = { ...small, dataset, runDirectory: run, checkpointEvery: 2 }
      await using trainer = await Trainer.create({ ...options, maxSteps: 3 })
      await trainer.fit()
      await trainer[Symbol.asyncDispose]()
      await rename(join(run, 'checkpoints', 'step-000003'), join(folder, 'gone'))
      await using resumed = await Trainer.resume(run, { maxSteps: 4 })
      await resumed.fit()
      assert.deepEqual((await stepsIn(run)).filter(Boolean), [1, 2, 3, 4])
    })
  })

  it('a cache that moved is found by `dataset` once; from then on the run knows where it is', function () {
    this.timeout(60_000)
    return withTempDir(async (folder) => {
      const before = await tinyDataset(folder, [60000, 61000, 62000, 63000])
      const run = join(folder, 'run')
      const options: TrainerOptions = { ...small, dataset: before, runDirectory: run, maxSteps: 1 }
      const step = async (trainer: Trainer) => {
        await trainer.fit()
        await trainer[Symbol.asyncDispose]()
        return trainer.stepsDone
      }
      await step(await Trainer.create({ ...options, validation: before.subset('test') }))
      before.dispose()
      const moved = join(folder, 'moved')
      await rename(before.cache, moved)
      await assert.rejects(Trainer.resume(run), {
        code: 'ERR_CACHE',
        path: before.cache,
        message:
          /the cache of this run is not where it was\. Name the folder where it is now with --data .*remembers/,
      })
      const dataset = await openDataset(moved)
      const validation = dataset.subset('test')
      assert.equal(await step(await Trainer.resume(run, { dataset, validation, maxSteps: 2 })), 2)
      assert.equal(await step(await Trainer.resume(run, { maxSteps: 3 })), 3)
      assert.equal(await trainingCache(run), moved)
      const { ok, problems } = await verifyRun(run)
      assert.ok(ok, JSON.stringify(problems))
    })
  })

  it('a run that goes on says what holds where the options seem to say something else: one sentence each', function () {
    this.timeout(60_000)
    return withTempDir(async (folder) => {
      using dataset = await tinyDataset(folder, [60000, 61000, 62000, 63000])
      const run = join(folder, 'run')
      const options: TrainerOptions = {
        ...small,
        dataset,
        runDirectory: run,
        epochs: 2,
        schedule: schedules.cosine(),
        optimizer: { name: 'adam', lr: 0.001 },
      }
      const validation = dataset.subset('test')
      const first = async () => {
        await using trainer = await Trainer.create({ ...options, validation, maxSteps: 2 })
        await trainer.fit()
      }
      assert.deepEqual(
        (await warningsOf(first)).filter((text) => /validation/.test(text)),
        ['the validation set holds 1 track and a loss compares at least 2: no validation loss is measured'],
      )
      const resume = (overrides: object) =>
        warningsOf(async () => {
          await using _trainer = await Trainer.resume(run, overrides)
        })
      const about = async (overrides: object, pattern: RegExp) =>
        (await resume(overrides)).filter((text) => pattern.test(text))
      assert.deepEqual(await about({ epochs: 50 }, /maxSteps/), [
        'the run ends after 2 steps, its maxSteps, and not after 50 epochs',
      ])
      // cos² of a quarter of the way: closed form
      const now = Number((0.001 * Math.cos(Math.PI / 8) ** 2).toPrecision(3))
      assert.deepEqual(await about({ epochs: 4, maxSteps: 100 }, /rate/), [
        `the learning rate goes on at ${now} instead of 0: its cosine now spans 8 steps instead of 2`,
      ])
      assert.deepEqual(await about({}, /rate|maxSteps/), [])
    })
  })

  it('--resume keeps the tracks and the validation set of the run, in a cache that has moved or grown since', function () {
    this.timeout(120_000)
    return withTempDir(async (folder) => {
      const [music, cache, moved] = [join(folder, 'music'), join(folder, 'cache'), join(folder, 'moved')]
      await writeMusic(music)
      const dataset = await prepare(music, { cache, labels: 'folders' })
      dataset.dispose()
      const run = join(folder, 'run')
      const flags = ['--batch-size', '2', '--max-steps', '1', '--set', smallSetting]
      await clmrEnds(0, 'train', '--data', cache, '--run', run, '--split', 'all', '--validate', ...flags)
      for (const i of [1, 2, 3])
        await writeFile(
          join(music, i === 3 ? 'low' : 'high', `new ${i}.wav`),
          wav({ frames: 60000 + i, value: tone(22050, 333 * i) }),
        )
      using _grown = await prepare(music, { cache, labels: 'folders' })
      await rename(cache, moved)
      assert.ok((await openDataset(moved)).length > 10)
      const resume = ['train', '--run', run, '--resume', '--data', moved]
      const { steps } = await clmrJson(...resume, '--max-steps', '5')
      assert.equal(steps, 5)
      const log = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n')
      assert.ok(log.map((line) => JSON.parse(line)).some(({ validLoss }) => Number.isFinite(validLoss)))
      const done = await clmrEnds(0, ...resume, '--max-steps', '5')
      assert.match(done.stderr, /the run is complete: its 5 steps are done; raise --epochs or --max-steps/)
      assert.match(done.stdout, /^5 steps, 1 epochs$/m)
    })
  })
})
