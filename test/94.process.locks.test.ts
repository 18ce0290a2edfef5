/** Kind: locks. A process that is killed at any moment holds up nobody, and a process number means something in its place alone. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tryLock, withLock } from '#lib/files/process-lock.js'
import { withTempDir } from './helpers/temp-dir.js'

const LOCK = fileURLToPath(new URL('../dist/files/process-lock.js', import.meta.url))
const DEAD = 2 ** 22 + 1 // more than Linux gives

/**
 * A process that takes the lock, and dies by SIGKILL at its `step`-th change of the file system: before it, or, where the
 * change writes a file, between making the file and writing into it. It prints `held` where it gets that far.
 */
const KILLED = `
  import { syncBuiltinESMExports } from 'node:module'
  import { writeFileSync } from 'node:fs'
  import files from 'node:fs/promises'
  const [path, step, half] = process.argv.slice(1)
  let count = 0
  for (const name of ['writeFile', 'link', 'rename', 'rm', 'utimes']) {
    const original = files[name]
    files[name] = (...args) => {
      if (++count === Number(step)) {
        if (half === 'half' && name === 'writeFile') writeFileSync(args[0], '')
        process.kill(process.pid, 'SIGKILL')
      }
      return original(...args)
    }
  }
  syncBuiltinESMExports()
  const { tryLock } = await import(${JSON.stringify(LOCK)})
  const { release } = await tryLock(path)
  console.log(release ? 'held' : 'refused')`

const killedAt = (path: string, step: number, half: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', KILLED, path, String(step), half], {
    encoding: 'utf8',
  })

const timed = async (work: () => Promise<unknown>) => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

describe('94 process: locks', () => {
  for (const half of ['whole', 'half'])
    it(`SIGKILL at any step of a takeover (files ${half}): the next process gets the lock, and nothing is left`, () =>
      withTempDir(async (folder) => {
        const path = join(folder, 'lock')
        for (let step = 1; ; step++) {
          writeFileSync(path, JSON.stringify({ pid: DEAD, host: hostname(), started: '1', lock: `${step}` }))
          const { stdout, signal } = killedAt(path, step, half)
          // an empty file is nobody's for 5 s: here, it was made long ago
          const long = new Date(Date.now() - 60_000)
          for (const file of readdirSync(folder))
            if (readFileSync(join(folder, file)).length === 0) utimesSync(join(folder, file), long, long)
          const waited = await timed(() => withLock(path, async () => {}))
          assert.ok(waited < 3000, `step ${step}: ${waited} ms`)
          assert.deepEqual(readdirSync(folder), [], `after step ${step}`)
          if (signal === null) {
            assert.equal(stdout.trim(), 'held')
            assert.ok(step > 5, 'a takeover has some steps')
            return
          }
        }
      })).timeout(120_000)

  it('the takeover of a takeover of a takeover: each was cut off at its last step', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'lock')
      writeFileSync(path, JSON.stringify({ pid: DEAD, host: hostname(), started: '1' }))
      const steps = []
      for (let n = 0; n < 4; n++) {
        const { signal } = killedAt(path, 6 + 3 * n, 'whole') // it has its guard, after as many steps for each one before it
        steps.push(signal, readdirSync(folder).filter((file) => file.endsWith('.takeover')).length)
      }
      assert.deepEqual(steps, ['SIGKILL', 1, 'SIGKILL', 2, 'SIGKILL', 3, 'SIGKILL', 4])
      assert.ok((await timed(() => withLock(path, async () => {}))) < 3000)
      assert.deepEqual(readdirSync(folder), [])
    }))

  it('a container with our host name is somebody else: its number is dead here, its lock lives as long as it is touched', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'lock')
      const { release } = await tryLock(path)
      const mine = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
      await release!()
      if (process.platform === 'linux') assert.ok(mine.boot && mine.namespace && mine.started)
      const twin = { ...mine, pid: DEAD, namespace: 'pid:[1]' }
      writeFileSync(path, JSON.stringify(twin))
      const refused = await tryLock(path)
      assert.deepEqual(refused.release ?? refused.owner?.namespace, 'pid:[1]')
      const ago = (milliseconds: number) => new Date(Date.now() - milliseconds)
      utimesSync(path, ago(90_000), ago(90_000))
      const taken = await tryLock(path)
      assert.ok(taken.release, 'nobody has touched it for more than a minute')
      await taken.release()
      // in our own place the number decides, at once
      writeFileSync(path, JSON.stringify({ ...mine, pid: DEAD }))
      const dead = await tryLock(path)
      assert.ok(dead.release)
      await dead.release()
    }))

  it('a lock from before the machine was booted is given up, that of a machine with our host name is not', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'lock')
      const owner = {
        pid: process.pid,
        host: hostname(),
        started: '1',
        boot: 'another',
        namespace: 'pid:[1]',
      }
      writeFileSync(path, JSON.stringify(owner))
      assert.equal((await tryLock(path)).release, undefined)
      const before = new Date(Date.now() - Math.max(uptime() * 1000, 60_000) - 5000)
      utimesSync(path, before, before)
      const taken = await tryLock(path)
      assert.ok(taken.release)
      await taken.release()
    }))

  it('of processes that find a dead lock and its cut-off takeover, never two are inside at once', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'lock')
      const log = join(folder, 'log')
      writeFileSync(path, JSON.stringify({ pid: DEAD, host: hostname(), started: '1' }))
      killedAt(path, 6, 'whole')
      const script = `
        import { appendFileSync } from 'node:fs'
        const { withLock } = await import(${JSON.stringify(LOCK)})
        await withLock(${JSON.stringify(path)}, async () => {
          appendFileSync(${JSON.stringify(log)}, 'in\\n')
          await new Promise((resolve) => setTimeout(resolve, 20))
          appendFileSync(${JSON.stringify(log)}, 'out\\n')
        })`
      const codes = await Promise.all(
        Array.from({ length: 5 }, () => {
          const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
          return new Promise((resolve) => child.once('exit', resolve))
        }),
      )
      assert.deepEqual(codes, [0, 0, 0, 0, 0])
      assert.equal(readFileSync(log, 'utf8'), 'in\nout\n'.repeat(5))
    }))
})
