import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runDemo } from '#lib/demo/run-demo.js'
import type { Evaluation } from '#lib/evaluate/index.js'
import { clmrEnds, startClmr } from './helpers/command-line.js'
import { withTempDir } from './helpers/temp-dir.js'

const sharesOf = ({ accuracy, rocAuc, prAuc }: Evaluation) => [accuracy, rocAuc, prAuc]
const TINY = {
  seed: 3,
  steps: 2,
  tracksPerClass: 3,
  batchSize: 3,
  device: 'cpu',
  precision: 'bfloat16',
} as const

describe('85 demo run', function () {
  this.timeout(240_000)

  it('goes on where it was interrupted with the same settings, device and precision too, and its page stands by itself', () =>
    withTempDir(async (out) => {
      const stop = new AbortController()
      const reason = new Error('enough')
      const stages: string[] = []
      const interrupted = runDemo({
        ...TINY,
        out,
        signal: stop.signal,
        onProgress: ({ stage, done }) => {
          stages.push(stage)
          if (stage === 'train' && done === 1) stop.abort(reason)
        },
      })
      await assert.rejects(interrupted, (error) => error === reason)
      assert.ok(stages.includes('music') && !stages.includes('report'))
      const config = JSON.parse(await readFile(join(out, 'run', 'config.json'), 'utf8'))
      assert.deepEqual([config.device, config.precision], ['cpu', 'bfloat16'], 'they reach the training')

      const again: string[] = []
      const first = await runDemo({ ...TINY, out, onProgress: ({ stage }) => again.push(stage) })
      assert.ok(!again.includes('music'), 'the corpus was made once')
      const steps = (await readFile(join(out, 'run', 'metrics.jsonl'), 'utf8')).trim().split('\n')
      assert.deepEqual(
        steps.map((line) => JSON.parse(line).step),
        [1, 2],
      )

      assert.equal(first.tracks, 33)
      assert.equal(first.classes.length, 11)
      for (const { evaluation, standardised, sameClass } of [first.trained, first.random])
        for (const share of [...sharesOf(evaluation), standardised.accuracy, sameClass])
          assert.ok(share >= 0 && share <= 1, `${share}`)

      const page = await readFile(first.report, 'utf8')
      assert.ok((await stat(first.report)).size > 10_000)
      assert.doesNotMatch(page, /(?:src|href)="https?:/)
      for (const other of [{ seed: 4 }, { precision: 'float32' }] as const)
        await assert.rejects(runDemo({ ...TINY, out, ...other }), { code: 'ERR_CONFIG', path: out })

      // the training is over: a third call embeds at once
      const resumed: string[] = []
      const third = new AbortController()
      await assert.rejects(
        runDemo({
          ...TINY,
          out,
          signal: third.signal,
          onProgress: ({ stage, done }) => {
            resumed.push(`${stage} ${done}`)
            if (stage === 'embed') third.abort(reason)
          },
        }),
        (error) => error === reason,
      )
      assert.deepEqual(
        resumed.filter((line) => /^(music|train)/.test(line)),
        ['train 2'],
      )
    }))

  it('SIGINT in the middle of the music ends clmr demo with 130, and says that it goes on', () =>
    withTempDir(async (folder) => {
      const out = join(folder, 'demo')
      const running = startClmr(['demo', '--out', out])
      await new Promise((heard) => running.child.stderr!.once('data', heard))
      running.child.kill('SIGINT')
      const { code, stderr } = await running.finished
      assert.equal(code, 130, stderr)
      assert.match(stderr, /music/)
      assert.match(stderr, /the same command continues from here/)
    }))

  it('BAD CALL - clmr demo: numbers that are none end with 2, a folder that cannot be made with 1', () =>
    withTempDir(async (folder) => {
      for (const wrong of [
        ['--minutes', 'many'],
        ['--minutes', '0'],
        ['--seed', '1.5'],
        ['--tracks', '3'],
      ]) {
        const { stderr } = await clmrEnds(2, 'demo', '--out', join(folder, 'x'), ...wrong)
        assert.match(stderr, new RegExp(`${wrong[0]} is not a .*number from`))
      }
      const noTraining = await clmrEnds(1, 'demo', '--out', join(folder, 'x'), '--device', 'cuda')
      assert.match(noTraining.stderr, /ERR_DEVICE\] the device cuda is not there/)
      await clmrEnds(2, 'demo', '--out', join(folder, 'x'), '--device', 'tpu')
      await clmrEnds(2, 'demo', '--out', join(folder, 'x'), '--precision', 'float16')
      assert.deepEqual(await readdir(folder), [])
      await writeFile(join(folder, 'file'), '')
      const { stderr } = await clmrEnds(1, 'demo', '--out', join(folder, 'file', 'demo'))
      assert.match(stderr, /error \[ERR_IO\]/)
    }))
})
