import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { IoError } from '#lib/errors.js'
import { nodeFiles } from '#lib/files/durable.js'
import { emptyStateDict } from '#lib/formats/state-dict.js'
import { inspectModel } from '#lib/model/inspect.js'
import { loadModelState } from '#lib/model/load-state.js'
import type { StateDict } from '#lib/native/binding.js'
import { RunDirectory } from '#lib/runs/directory.js'
import { readLatestCheckpoint, readRunConfig, readRunMetrics, verifyRun } from '#lib/runs/reader.js'
import { failingFiles } from './helpers/failing-files.js'
import { encoderState, projectorState } from './helpers/sample-cnn-state.js'
import { withTempDir } from './helpers/temp-dir.js'

const CONFIG = { batchSize: 48, seed: 42 }

/** Small tensors whose values say which step they are of. */
function tensorsOf(step: number): StateDict {
  const state = emptyStateDict()
  state['encoder.w'] = { shape: [2, 3], data: Float32Array.from({ length: 6 }, (_, i) => step + i / 7) }
  state['encoder.1.num_batches_tracked'] = { shape: [], data: Float32Array.of(step) }
  state['projector.w'] = { shape: [1], data: Float32Array.of(-step) }
  state['optimizer.exp_avg.w'] = { shape: [2], data: Float32Array.of(step / 3, 1e-30) }
  return state
}
const content = (step: number) => ({
  tensors: tensorsOf(step),
  step,
  epoch: Math.floor(step / 2),
  extra: { draws: step * 9 },
})

async function withRun(use: (run: RunDirectory, path: string) => Promise<void>, options = {}): Promise<void> {
  await withTempDir(async (folder) => {
    const path = join(folder, 'runs', 'first')
    const run = await RunDirectory.create(path, CONFIG, options)
    try {
      await use(run, path)
    } finally {
      await run.close()
    }
  })
}

const checkpoints = async (path: string) => (await readdir(join(path, 'checkpoints'))).sort()
const stepFolder = (path: string, step: number) =>
  join(path, 'checkpoints', `step-${String(step).padStart(6, '0')}`)

describe('59 runs: directory', () => {
  it('gives back the newest checkpoint bit for bit, with step, epoch and what the trainer added', () =>
    withRun(async (run, path) => {
      assert.equal(await run.loadLatest(), undefined)
      for (const step of [1, 2]) assert.equal(await run.saveCheckpoint(content(step)), stepFolder(path, step))
      const latest = (await run.loadLatest())!
      assert.deepEqual({ ...latest.tensors }, { ...tensorsOf(2) })
      assert.deepEqual([latest.step, latest.epoch, latest.extra], [2, 1, { draws: 18 }])
      assert.deepEqual(latest.warnings, [])
      assert.deepEqual((await readdir(latest.path)).sort(), [
        'model.safetensors',
        'optimizer.safetensors',
        'state.json',
      ])
      assert.deepEqual(await readRunConfig(path), CONFIG)
      assert.deepEqual(run.config, CONFIG)
      assert.equal((await verifyRun(run.path)).ok, true)
    }))

  it('keeps the last k checkpoints and deletes older ones only after the new one is there', () =>
    withRun(
      async (run, path) => {
        for (let step = 1; step <= 5; step++) await run.saveCheckpoint(content(step))
        assert.deepEqual(await checkpoints(path), ['step-000004', 'step-000005'])
      },
      { keep: 2 },
    ))

  it('saves that overlap are done one after the other', () =>
    withRun(async (run, path) => {
      await Promise.all([1, 2, 3].map((step) => run.saveCheckpoint(content(step))))
      assert.deepEqual(await checkpoints(path), ['step-000001', 'step-000002', 'step-000003'])
      assert.equal((await verifyRun(run.path)).ok, true)
    }))

  it('replaces a checkpoint of the same step', () =>
    withRun(async (run, path) => {
      await run.saveCheckpoint(content(1))
      await run.saveCheckpoint({ ...content(1), tensors: tensorsOf(7) })
      assert.deepEqual({ ...(await run.loadLatest())!.tensors }, { ...tensorsOf(7) })
      assert.deepEqual(await checkpoints(path), ['step-000001'])
    }))

  it('survives the failure of every single operation of a save, with nothing left behind', () =>
    withTempDir(async (folder) => {
      const probe = failingFiles(-1, '')
      const first = await RunDirectory.create(join(folder, 'probe'), CONFIG)
      await first.close()
      const again = await RunDirectory.open(join(folder, 'probe'), { files: probe })
      await again.saveCheckpoint(content(2))
      await again.close()
      const order = probe.log.join(' ').replace(/(write )+/g, 'write ')
      const file = 'open write sync'
      assert.equal(order, `mkdir ${file} ${file} ${file} open sync rename open sync`)
      for (const code of ['ENOSPC', 'EIO'])
        for (let n = 0; n < probe.log.length; n++) {
          const path = join(folder, `${code}-${n}`)
          await (await RunDirectory.create(path, CONFIG)).close()
          let failing = nodeFiles
          const files = new Proxy(nodeFiles, { get: (_, key) => Reflect.get(failing, key) })
          const run = await RunDirectory.open(path, { files })
          await run.saveCheckpoint(content(1))
          failing = failingFiles(n, code)
          const error = await run.saveCheckpoint(content(2)).then(
            () => assert.fail(`operation ${n} failed and nobody noticed`),
            (e) => e,
          )
          assert.ok(error instanceof IoError, String(error))
          assert.match(error.message, new RegExp(code))
          assert.ok(error.path!.startsWith(path))
          const renamed = n > probe.log.lastIndexOf('rename')
          const latest = (await run.loadLatest())!
          assert.deepEqual({ ...latest.tensors }, { ...tensorsOf(renamed ? 2 : 1) })
          assert.ok((await checkpoints(path)).every((name) => name.startsWith('step-')))
          failing = nodeFiles
          await run.saveCheckpoint(content(3))
          assert.equal((await verifyRun(run.path)).ok, true)
          await run.close()
        }
    }))

  it('finds every flipped bit and every truncation of a checkpoint, and falls back to the one before', () =>
    withRun(async (run, path) => {
      await run.saveCheckpoint(content(1))
      await run.saveCheckpoint(content(2))
      for (const name of await readdir(stepFolder(path, 2))) {
        const file = join(stepFolder(path, 2), name)
        const good = await readFile(file)
        const places = Array.from({ length: 60 }, (_, i) => Math.floor((i * good.length) / 60))
        for (const at of places) {
          const bad = Buffer.from(good)
          bad[at]! ^= 1 << (at % 8)
          await writeFile(file, at % 2 ? bad : good.subarray(0, at))
          const latest = (await readLatestCheckpoint(path))!
          assert.equal(latest.step, 1, `${name} at ${at}`)
          assert.match(latest.warnings[0]!, /step-000002.*damaged/)
          const report = await verifyRun(path)
          assert.equal(report.ok, false)
          assert.equal(report.checkpoints, 2)
          assert.match(report.problems[0]!.path, /step-000002/)
          assert.match(report.problems[0]!.reason, /damaged/)
        }
        await writeFile(file, good)
      }
      assert.equal((await verifyRun(path)).ok, true)
    })).timeout(120_000)

  it('passes over a checkpoint without one of its files, or with a foreign one', () =>
    withRun(async (run, path) => {
      await run.saveCheckpoint(content(1))
      for (const name of ['model.safetensors', 'optimizer.safetensors', 'state.json']) {
        await run.saveCheckpoint(content(2))
        await rm(join(stepFolder(path, 2), name))
        assert.equal((await readLatestCheckpoint(path))!.step, 1)
      }
      await run.saveCheckpoint(content(2))
      await writeFile(join(stepFolder(path, 2), 'stranger'), '')
      assert.equal((await readLatestCheckpoint(path))!.step, 1)
    }))

  it('refuses to begin anew where checkpoints exist and all are damaged', () =>
    withRun(async (run, path) => {
      await run.saveCheckpoint(content(1))
      await truncate(join(stepFolder(path, 1), 'model.safetensors'), 10)
      await assert.rejects(run.loadLatest(), { code: 'ERR_CHECKPOINT', path, message: /all 1 checkpoints/ })
    }))

  it('a damaged newer checkpoint goes when the resumed run saves again', () =>
    withRun(async (run, path) => {
      await run.saveCheckpoint(content(1))
      await run.saveCheckpoint(content(5))
      await truncate(join(stepFolder(path, 5), 'state.json'), 10)
      assert.equal((await run.loadLatest())!.step, 1)
      await run.saveCheckpoint(content(3))
      assert.deepEqual(await checkpoints(path), ['step-000001', 'step-000003'])
    }))

  it('metrics: appended in order, cut behind the step that a run is resumed from', () =>
    withRun(async (run, path) => {
      await Promise.all([1, 2].map((step) => run.appendMetrics({ step, loss: 4.5 / step })))
      await run.saveCheckpoint(content(2))
      await run.appendMetrics({ step: 3, loss: 1 })
      assert.deepEqual(
        (await readRunMetrics(run.path)).map(({ step }) => step),
        [1, 2, 3],
      )
      await run.close()
      await appendFile(join(path, 'metrics.jsonl'), '{"step":4,"lo')
      const resumed = await RunDirectory.open(path)
      assert.deepEqual(
        (await readRunMetrics(resumed.path)).map(({ step }) => step),
        [1, 2, 3],
      )
      await resumed.loadLatest()
      await resumed.appendMetrics({ step: 3, loss: 0.5 })
      assert.deepEqual(await readRunMetrics(path), [
        { step: 1, loss: 4.5 },
        { step: 2, loss: 2.25 },
        { step: 3, loss: 0.5 },
      ])
      assert.equal((await verifyRun(resumed.path)).ok, true)
      await resumed.close()
    }))

  it('verify finds changed metrics and a changed config', () =>
    withRun(async (run, path) => {
      await run.appendMetrics({ step: 1, loss: 4 })
      await run.saveCheckpoint(content(1))
      const metrics = join(path, 'metrics.jsonl')
      await writeFile(metrics, '{"step":1,"loss":3}\n')
      assert.match((await verifyRun(path)).problems[0]!.reason, /not what was written/)
      await writeFile(metrics, '{"step":1,"loss":4}\n')
      assert.equal((await verifyRun(path)).ok, true)
      await appendFile(metrics, 'nonsense\n')
      assert.match((await verifyRun(path)).problems[0]!.reason, /1 lines are not records/)
      await writeFile(join(path, 'config.json'), '{"batchSize":49}')
      const report = await verifyRun(path)
      assert.match(report.problems[0]!.path, /config\.json$/)
      assert.match(report.problems[0]!.reason, /not what it was at step 1/)
      assert.match((await readLatestCheckpoint(path))!.warnings[0]!, /config\.json was changed/)
    }))

  it('clears away what a killed save left, and nothing else', () =>
    withRun(async (run, path) => {
      await run.saveCheckpoint(content(1))
      await run.close()
      await mkdir(join(path, 'checkpoints', '.step-000002.17-00ff00ff.tmp'))
      await writeFile(join(path, 'checkpoints', '.step-000002.17-00ff00ff.tmp', 'model.safetensors'), 'half')
      await writeFile(join(path, 'checkpoints', 'notes.txt'), 'mine')
      assert.equal((await readLatestCheckpoint(path))!.step, 1)
      await (await RunDirectory.open(path)).close()
      assert.deepEqual(await checkpoints(path), ['notes.txt', 'step-000001'])
    }))

  it('BAD CALL - two writers of one run: the second is told who holds it', () =>
    withRun(async (run, path) => {
      await assert.rejects(RunDirectory.open(path), {
        code: 'ERR_IO',
        path,
        message: new RegExp(`process ${process.pid} on`),
      })
      await run.close()
      await (await RunDirectory.open(path)).close()
      assert.equal((await readdir(path)).includes('run.lock'), false)
    }))

  it('takes over the lock of a dead process and of another one with its number, not that of another machine', () =>
    withRun(async (run, path) => {
      await run.close()
      const dead = spawnSync(process.execPath, ['-e', '']).pid
      const lock = join(path, 'run.lock')
      const owners = [{ pid: dead, host: hostname(), started: '1' }]
      if (process.platform === 'linux') owners.push({ pid: process.pid, host: hostname(), started: '1' })
      for (const owner of owners) {
        await writeFile(lock, JSON.stringify(owner))
        await (await RunDirectory.open(path)).close()
      }
      await writeFile(lock, JSON.stringify({ pid: dead, host: 'elsewhere', started: '1' }))
      await assert.rejects(RunDirectory.open(path), { code: 'ERR_IO', message: /elsewhere.*run\.lock/ })
      await writeFile(lock, '')
      await assert.rejects(RunDirectory.open(path), { code: 'ERR_IO', message: /without an owner/ })
    }))

  it('of many that race for a stale lock, one gets it', () =>
    withRun(async (run, path) => {
      await run.close()
      const dead = spawnSync(process.execPath, ['-e', '']).pid
      await writeFile(join(path, 'run.lock'), JSON.stringify({ pid: dead, host: hostname(), started: '1' }))
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => RunDirectory.open(path)))
      const won = results.filter((result) => result.status === 'fulfilled')
      assert.equal(won.length, 1)
      await won[0]!.value.close()
    }))

  it('BAD CALL - a folder that holds a run is refused, and stays as it is', () =>
    withRun(async (run, path) => {
      await run.saveCheckpoint(content(1))
      await run.close()
      await writeFile(join(path, 'notes.txt'), 'mine')
      await assert.rejects(RunDirectory.create(path, {}), {
        code: 'ERR_ARGUMENT',
        path,
        message: /already holds a run.*Resume/,
      })
      assert.equal((await readLatestCheckpoint(path))!.step, 1)
      assert.deepEqual((await readdir(path)).sort(), [
        'checkpoints',
        'config.json',
        'metrics.jsonl',
        'notes.txt',
      ])
    }))

  it('BAD CALL - no folder, a folder without a run, a file, a config that is no JSON', () =>
    withTempDir(async (folder) => {
      for (const path of [join(folder, 'no'), folder])
        await assert.rejects(RunDirectory.open(path), {
          code: 'ERR_CHECKPOINT',
          path,
          message: /not a run directory/,
        })
      await writeFile(join(folder, 'file'), '')
      await assert.rejects(RunDirectory.open(join(folder, 'file')), { code: 'ERR_CHECKPOINT' })
      await assert.rejects(RunDirectory.create(join(folder, 'file'), {}), { code: 'ERR_IO' })
      await writeFile(join(folder, 'config.json'), '{')
      await assert.rejects(RunDirectory.open(folder), { code: 'ERR_CONFIG' })
      assert.deepEqual((await readdir(folder)).sort(), ['config.json', 'file'])
    }))

  it('a run directory, one of its checkpoints and its model file load as a model', () =>
    withRun(
      async (run, path) => {
        await assert.rejects(loadModelState(path), {
          code: 'ERR_CHECKPOINT',
          path,
          message: /no checkpoint yet/,
        })
        const tensors = emptyStateDict()
        for (const [name, tensor] of Object.entries(encoderState())) tensors[`encoder.${name}`] = tensor
        for (const [name, tensor] of Object.entries(projectorState())) tensors[`projector.${name}`] = tensor
        await run.saveCheckpoint({ tensors, step: 1, epoch: 0 })
        const folder = await run.saveCheckpoint({ tensors, step: 2, epoch: 0 })
        for (const from of [path, folder, join(folder, 'model.safetensors')]) {
          const { encoder, projector, sampleRate, format } = await loadModelState(from)
          assert.deepEqual({ ...encoder }, { ...encoderState() })
          assert.deepEqual({ ...projector }, { ...projectorState() })
          assert.equal(sampleRate, 22050)
          assert.equal(format, from.endsWith('.safetensors') ? 'safetensors' : 'run')
        }
        const inspection = await inspectModel(path, { sha256: true })
        assert.equal(inspection.path, join(folder, 'model.safetensors'))
        assert.equal(inspection.tensors.length, 79)
        assert.equal(inspection.values, 2_368_512 + 2 * 2944 + 11 + 512 * 512 + 64 * 512)
        assert.match(inspection.tensors[0]!.sha256!, /^[0-9a-f]{64}$/)
        await truncate(join(folder, 'model.safetensors'), 1000)
        assert.match((await loadModelState(path)).warnings[0]!, /step-000002.*damaged/)
        await assert.rejects(loadModelState(folder), { code: 'ERR_CHECKPOINT', path: folder })
      },
      { metadata: { sampleRate: '22050' } },
    ))
})
