import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { RunDirectory } from '#lib/runs/directory.js'
import { readRunMetrics, verifyRun } from '#lib/runs/reader.js'
import { rounds } from '../helpers/rounds.js'
import { withTempDir } from '../helpers/temp-dir.js'

const ROUNDS = rounds({ short: 6, long: 100 })

describe('59 runs: killed', () => {
  it(`a process killed with SIGKILL in the middle of saves, ${ROUNDS} times, leaves a run that loads, at the last acknowledged step or later`, () =>
    withTempDir(async (folder) => {
      const module = new URL('../../dist/runs/directory.js', import.meta.url).href
      const script = `
        const { RunDirectory } = await import(${JSON.stringify(module)})
        const run = await RunDirectory.create(process.argv[1], { a: 1 })
        const w = { shape: [200000], data: new Float32Array(200000) }
        for (let step = 1; ; step++) {
          w.data.fill(step)
          await run.appendMetrics({ step })
          await run.saveCheckpoint({ tensors: { 'encoder.w': w }, step, epoch: 0 })
          console.log(step)
          if (step === 3) setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(process.argv[2]))
        }`
      for (let i = 0; i < ROUNDS; i++) {
        const path = join(folder, `${i}`)
        const args = ['--input-type=module', '-e', script, path, `${2 * (i % 6)}`]
        const child = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 })
        assert.equal(child.signal, 'SIGKILL', child.stderr)
        const acknowledged = Number(child.stdout.trim().split('\n').at(-1))
        const run = await RunDirectory.open(path)
        const latest = (await run.loadLatest())!
        assert.ok(latest.step >= acknowledged, `${latest.step} < ${acknowledged}`)
        assert.ok(latest.tensors['encoder.w']!.data.every((value) => value === latest.step))
        assert.equal((await verifyRun(run.path)).ok, true)
        assert.deepEqual(
          (await readRunMetrics(run.path)).map(({ step }) => step),
          Array.from({ length: latest.step }, (_, k) => k + 1),
        )
        await run.close()
      }
    })).timeout(30_000 + 10_000 * ROUNDS)
})
