import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { verifyCache } from 'clmr'
import { rounds } from '../helpers/rounds.js'
import { corpus } from '../helpers/short-tracks.js'
import { withTempDir } from '../helpers/temp-dir.js'

const ROUNDS = rounds({ short: 5, long: 50 })
const root = fileURLToPath(new URL('../..', import.meta.url))

describe('26 cache: killed', () => {
  it(`two processes fill one cache while one of them is killed, ${ROUNDS} times: the cache is whole each time`, () =>
    withTempDir(async (folder) => {
      const [source, cache] = [join(folder, 'music'), join(folder, 'cache')]
      await corpus(source, ['a', 'b'], 20)
      const script = `import { prepare } from 'clmr'
        await prepare(process.argv[1], { cache: process.argv[2], labels: 'folders' })`
      const start = () =>
        spawn(process.execPath, ['--input-type=module', '-e', script, source, cache], {
          cwd: root,
          stdio: 'ignore',
        })
      for (let round = 0; round < ROUNDS; round++) {
        await rm(cache, { recursive: true, force: true })
        const [survivor, victim] = [start(), start()]
        setTimeout(() => victim.kill('SIGKILL'), 250 + 130 * (round % 5))
        assert.equal(await new Promise((resolve) => survivor.on('close', resolve)), 0)
        const report = await verifyCache(cache)
        assert.deepEqual([report.ok, report.tracks], [true, 40])
      }
    })).timeout(30_000 + 20_000 * ROUNDS)
})
