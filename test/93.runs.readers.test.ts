import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyStateDict } from '#lib/formats/state-dict.js'
import { inspectModel } from '#lib/model/inspect.js'
import { loadModelState } from '#lib/model/load-state.js'
import { RunDirectory } from '#lib/runs/directory.js'
import { readLatestCheckpoint, readRunMetrics, verifyRun } from '#lib/runs/reader.js'
import { encoderState } from './helpers/sample-cnn-state.js'
import { withTempDir } from './helpers/temp-dir.js'

async function withRun(use: (run: RunDirectory, path: string) => Promise<void>, options = {}): Promise<void> {
  await withTempDir(async (folder) => {
    const path = join(folder, 'run')
    await using run = await RunDirectory.create(path, { seed: 42 }, options)
    await use(run, path)
  })
}

describe('93 runs: readers', () => {
  it('readers beside a writer that keeps one checkpoint: none cries damage, none fails, each has the weights of one step', () =>
    withRun(
      async (run, path) => {
        const encoder = encoderState(1)
        const save = (step: number) => {
          const tensors = emptyStateDict()
          for (const [name, tensor] of Object.entries(encoder)) tensors[`encoder.${name}`] = tensor
          tensors['encoder.sequential.0.0.bias'] = { shape: [128], data: new Float32Array(128).fill(step) }
          return run.saveCheckpoint({ tensors, step, epoch: 0 })
        }
        await save(1)
        let [step, isOver] = [1, false]
        const writing = (async () => {
          while (!isOver) {
            await run.appendMetrics({ step: ++step })
            await save(step)
          }
        })()
        try {
          for (let i = 0; i < 20; i++) {
            const [report, model, inspected, records] = await Promise.all([
              verifyRun(path),
              loadModelState(path),
              inspectModel(path, { sha256: true }),
              readRunMetrics(path),
            ])
            assert.deepEqual(report.problems, [])
            assert.deepEqual([model.warnings, inspected.warnings], [[], []])
            assert.equal(new Set(model.encoder['sequential.0.0.bias']!.data).size, 1)
            assert.ok(records.length <= step)
          }
        } finally {
          isOver = true
          await writing
        }
        assert.ok(step > 5, `${step} steps`)
      },
      { keep: 1 },
    ))

  it('a state.json that is nested without end, or far too long, is damage like any other', () =>
    withRun(async (run, path) => {
      const tensors = { 'encoder.w': { shape: [1], data: Float32Array.of(1) } }
      await run.saveCheckpoint({ tensors, step: 1, epoch: 0 })
      const file = join(path, 'checkpoints', 'step-000001', 'state.json')
      for (const text of [
        `{"sha256":"0","state":{"extra":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`,
        'null',
        '{"state":null}',
        ' '.repeat(17 << 20),
      ]) {
        await writeFile(file, text)
        const { ok, problems } = await verifyRun(path)
        assert.equal(ok, false)
        assert.match(problems[0]!.reason, /state\.json/)
        await assert.rejects(readLatestCheckpoint(path), { code: 'ERR_CHECKPOINT' })
      }
    }))
})
