import assert from 'node:assert/strict'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type DemoResult, runDemo } from '#lib/cli/run-demo.js'
import { withTempDir } from './helpers/temp-dir.js'

const TINY = { seed: 3, steps: 2, tracksPerClass: 3, batchSize: 3 }

describe('85 demo run', function () {
  this.timeout(240_000)

  it('goes on where it was interrupted, gives the same numbers again, and its page stands by itself', () =>
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

      const again: string[] = []
      const first = await runDemo({ ...TINY, out, onProgress: ({ stage }) => again.push(stage) })
      assert.ok(!again.includes('music'), 'the corpus was made once')
      const steps = (await readFile(join(out, 'run', 'metrics.jsonl'), 'utf8')).trim().split('\n')
      assert.deepEqual(
        steps.map((line) => JSON.parse(line).step),
        [1, 2],
      )

      const numbers = ({ trained, random, similar, tracks }: DemoResult) => ({
        trained,
        random,
        similar,
        tracks,
      })
      assert.equal(first.tracks, 33)
      assert.equal(first.classes.length, 11)
      for (const { evaluation, sameClass } of [first.trained, first.random])
        for (const share of [evaluation.accuracy, evaluation.rocAuc, evaluation.prAuc, sameClass])
          assert.ok(share >= 0 && share <= 1, `${share}`)

      const page = await readFile(first.report, 'utf8')
      assert.ok((await stat(first.report)).size > 10_000)
      assert.doesNotMatch(page, /(?:src|href)="https?:/)
      await assert.rejects(runDemo({ ...TINY, out, seed: 4 }), { code: 'ERR_CONFIG', path: out })

      // half a marker, as after a full disk: the corpus is made again, everything else is taken over
      await rm(join(out, 'demo.json'))
      const second = await runDemo({ ...TINY, out })
      assert.deepEqual(numbers(second), numbers(first))
    }))
})
