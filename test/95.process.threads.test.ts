/** Kind: threads. One that cannot start is one clear error that names the way out; one that is aborted goes on living. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Finished, startNode } from './helpers/node-process.js'
import { SMALL } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'

const dist = fileURLToPath(new URL('../dist/index.js', import.meta.url))
const fixture = fileURLToPath(new URL('fixtures/audio/tone.flac', import.meta.url))

/** A module in a process of its own, in which `clmr` and `file` are known, and `workers` counts the threads that were started. */
function run(script: string, options: { args?: string[]; env?: NodeJS.ProcessEnv } = {}): Promise<Finished> {
  const text = `
    import { syncBuiltinESMExports } from 'node:module'
    import threads from 'node:worker_threads'
    let workers = 0, beforeWorker = () => {}
    const Original = threads.Worker
    threads.Worker = class extends Original {
      constructor(...args) {
        beforeWorker()
        super(...args)
        workers++
      }
    }
    syncBuiltinESMExports()
    const clmr = await import(${JSON.stringify(dist)})
    const file = ${JSON.stringify(fixture)}
    const show = (error) => console.log(error.code, error.path ?? '-', error.message)
    ${script}`
  return startNode([...(options.args ?? []), '--input-type=module', '-e', text], {
    env: { ...process.env, ...options.env },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  }).finished
}

async function linesOf(...args: Parameters<typeof run>): Promise<string[]> {
  const { code, signal, stdout, stderr } = await run(...args)
  assert.deepEqual([code, signal], [0, null], stderr)
  return stdout.trim().split('\n')
}

const PERMISSION =
  Number(process.versions.node.split('.')[0]) < 23 ? '--experimental-permission' : '--permission'

describe('95 process: threads', () => {
  it('decodes that are aborted at random moments end no thread: the few that there are serve all of them', async () => {
    const [line] = await linesOf(`
      let state = 1
      const random = () => (state = (state * 48271) % 2147483647) / 2147483647
      let aborted = 0
      for (let n = 0; n < 150; n++)
        await clmr.decodeAudio(file, { signal: AbortSignal.timeout(Math.floor(1 + random() * 30)) }).catch(() => aborted++)
      const { samples } = await clmr.decodeAudio(file)
      console.log(workers, aborted > 20, samples.length)
      process.exit(0)`)
    const [workers, some, samples] = line!.split(' ')
    assert.deepEqual([some, samples], ['true', '44100'])
    assert.ok(Number(workers) <= 8, `${workers} threads for 150 aborted decodes`)
  }).timeout(60_000)

  it('the working directory is gone: one error at once for decoding and for the native part, and all is well in another one', async () => {
    const lines = await linesOf(`
      import { mkdtempSync, rmdirSync } from 'node:fs'
      import { tmpdir } from 'node:os'
      const gone = mkdtempSync(tmpdir() + '/gone-')
      process.chdir(gone)
      rmdirSync(gone)
      for (let n = 0; n < 20; n++) await clmr.decodeAudio(file).catch(n === 0 ? show : () => {})
      await clmr.Encoder.create().catch(show)
      process.chdir('/')
      const { samples } = await clmr.decodeAudio(file)
      console.log(samples.length)`)
    for (const line of lines.slice(0, 2))
      assert.match(line, /^ERR_THREAD - the working directory of this process is gone.*process\.chdir/)
    assert.deepEqual(lines.slice(2), ['44100'])
  })

  it('the system gives no thread: each file says so, the places are given back, and the next file is decoded', async () => {
    const lines = await linesOf(`
      let refusals = 20
      beforeWorker = () => {
        if (refusals-- > 0) throw Object.assign(new Error('Worker initialization failure: EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' })
      }
      await Promise.all(Array.from({ length: 20 }, () => clmr.decodeAudio(file).catch(show)))
      console.log((await clmr.decodeAudio(file)).samples.length)`)
    assert.equal(lines.length, 21)
    for (const line of lines.slice(0, 20)) assert.match(line, /^ERR_THREAD - .*EAGAIN.*ulimit -u, pids\.max/)
    assert.equal(lines[20], '44100')
  })

  it("node's permission model: every decode names --allow-worker, none hangs; the native part names --allow-addons", async () => {
    const script = `
      for (let n = 0; n < 20; n++) await clmr.decodeAudio(file).catch(show)
      await clmr.Encoder.create().catch(show)`
    const lines = await linesOf(script, { args: ['--no-warnings', PERMISSION, '--allow-fs-read=*'] })
    assert.equal(lines.length, 21)
    for (const line of lines.slice(0, 20)) assert.match(line, /^ERR_THREAD - .*permission.*--allow-worker/)
    assert.match(lines[20]!, /^ERR_ADDON .*permission model.*--allow-addons/)
  })

  it("with the flags that the errors name, both work under node's permission model", async () => {
    const [line] = await linesOf(
      'console.log((await clmr.decodeAudio(file)).samples.length, clmr.getThreads() > 0)',
      { args: ['--no-warnings', PERMISSION, '--allow-fs-read=*', '--allow-worker', '--allow-addons'] },
    )
    assert.equal(line, '44100 true')
  })

  it("node's permission model: what goes through ffmpeg names the flag that is missing; other files are decoded", async () => {
    const flags = ['--no-warnings', PERMISSION, '--allow-fs-read=*', '--allow-worker', '--allow-addons']
    const script = `
      await clmr.decodeAudio(file.replace(/[^/]*$/, 'tone.m4a')).catch(show)
      console.log((await clmr.decodeAudio(file)).samples.length)`
    const [write, length] = await linesOf(script, { args: flags })
    assert.match(write!, /^ERR_IO .*permission model.*--allow-fs-write/)
    assert.equal(length, '44100')
    const [child] = await linesOf(script, { args: [...flags, '--allow-fs-write=*'] })
    assert.match(child!, /^ERR_IO .*tone\.m4a.*permission model.*--allow-child-process/)
  })

  it('an ffmpeg that cannot be started is told from one that is not there, and its cause is named', () =>
    withTempDir(async (folder) => {
      writeFileSync(join(folder, 'ffmpeg'), '#!/bin/sh\n', { mode: 0o644 })
      const decode = "await clmr.decodeAudio(file.replace(/[^/]*$/, 'tone.m4a')).catch(show)"
      const [locked] = await linesOf(decode, { env: { PATH: folder } })
      assert.match(locked!, /^ERR_IO .*cannot start ffmpeg.*EACCES.*executable/)
      const lines = await linesOf(`
        import childProcess from 'node:child_process'
        for (const code of ['EAGAIN', 'EMFILE', 'ENOMEM']) {
          childProcess.spawn = () => { throw Object.assign(new Error('spawn ffmpeg ' + code), { code }) }
          syncBuiltinESMExports()
          ${decode}
        }`)
      assert.match(lines[0]!, /^ERR_IO .*cannot start ffmpeg.*EAGAIN.*ulimit -u/)
      assert.match(lines[1]!, /^ERR_IO .*cannot start ffmpeg.*EMFILE.*ulimit -n/)
      assert.match(lines[2]!, /^ERR_IO .*cannot start ffmpeg.*ENOMEM.*memory/)
    }))

  it("threads find modules as the process does: what NODE_OPTIONS requires (Yarn's Plug'n'Play) is required there too", () =>
    withTempDir(async (folder) => {
      const hook = join(folder, 'hook.cjs')
      const log = join(folder, 'log')
      writeFileSync(
        hook,
        `if (!require('node:worker_threads').isMainThread) require('node:fs').appendFileSync(${JSON.stringify(log)}, 'thread\\n')`,
      )
      await linesOf('console.log((await clmr.decodeAudio(file)).samples.length)', {
        env: { NODE_OPTIONS: `--require ${hook}` },
      })
      assert.ok(existsSync(log))
      assert.equal(readFileSync(log, 'utf8').split('\n')[0], 'thread')
    }))

  it('one AbortSignal for forty calls of each kind at once, and no warning of Node about listeners', async () => {
    const lines = await linesOf(`
      process.on('warning', (warning) => console.log(warning.message))
      const { signal } = new AbortController()
      const encoder = await clmr.Encoder.create({ architecture: ${JSON.stringify(SMALL)} })
      const clip = clmr.allocateClips(1)
      const files = async () => {
        for await (const _ of encoder.encodeFiles(Array(12).fill(file), { concurrency: 12, signal }));
      }
      const forty = (call) => Array.from({ length: 40 }, call)
      await Promise.all([
        ...forty(() => clmr.decodeAudio(file, { signal })),
        ...forty(() => encoder.encode(clip, { signal })),
        ...forty(() => new clmr.Augmenter().augment(clip, { signal })),
        files(),
      ])
      await new Promise((resolve) => setTimeout(resolve, 50))
      console.log('done')`)
    assert.deepEqual(lines, ['done'])
  }).timeout(60_000)
})
