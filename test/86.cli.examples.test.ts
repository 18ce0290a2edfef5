import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Encoder } from 'clmr'
import { writeMusic } from './helpers/command-line.js'
import { type Finished, startNode } from './helpers/node-process.js'
import { withTempDir } from './helpers/temp-dir.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const fixture = (name: string) => join(root, 'test/fixtures/audio', name)

/** Runs an example as the first line of its file says; fails unless it ends well. */
async function run(cwd: string, example: string, ...args: string[]): Promise<Finished> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const program = ['--import', loader, join(root, 'examples', example), ...args]
  const finished = await startNode(program, { cwd }).finished
  assert.equal(finished.code, 0, `${example}: ${finished.stderr}`)
  return finished
}

describe('86 cli: examples', () => {
  it('embed-a-file, the example of the README, embeds mp3, flac and ogg, and names the broken file', () =>
    withTempDir(async (folder) => {
      await mkdir(join(folder, 'runs'))
      using encoder = await Encoder.create()
      await encoder.save(join(folder, 'runs', 'mine'))
      await copyFile(fixture('tone.mp3'), join(folder, 'song.mp3'))
      await copyFile(fixture('tone.flac'), join(folder, 'a.flac'))
      await copyFile(fixture('tone.ogg'), join(folder, 'b.ogg'))
      await writeFile(join(folder, 'broken.mp3'), 'no music')
      const { stdout, stderr } = await run(folder, 'embed-a-file.ts')
      assert.match(stdout, /^Float32Array\(512\)/)
      assert.match(stdout, /^a\.flac Float32Array\(512\)/m)
      assert.match(stdout, /^b\.ogg Float32Array\(512\)/m)
      assert.match(stderr, /^broken\.mp3 broken\.mp3: .*not audio/m)
    }))

  it('train-on-a-folder trains, and a second call goes on', () =>
    withTempDir(async (folder) => {
      await writeMusic(join(folder, 'music'))
      const first = await run(folder, 'train-on-a-folder.ts', 'music/low', 'run', '1', '4')
      assert.match(
        first.stdout,
        /^5 tracks, 0 files.*\nepoch 1: loss \d+\.\d{3}, .*\n1 steps, last loss .*: run$/m,
      )
      const second = await run(folder, 'train-on-a-folder.ts', 'music/low', 'run', '2')
      assert.match(second.stdout, /^epoch 2: .*\n2 steps/m)
      assert.equal(
        (await readFile(join(folder, 'run', 'metrics.jsonl'), 'utf8')).trim().split('\n').length,
        2,
      )
    }))

  it('find-similar puts the file itself first, with a cosine of 1', () =>
    withTempDir(async (folder) => {
      await writeMusic(folder)
      const files = ['high/0.wav', 'low/0.wav', 'high/4.wav', 'missing.wav']
      const { stdout, stderr } = await run(folder, 'find-similar.ts', 'random', 'low/0.wav', ...files)
      const lines = stdout.trim().split('\n')
      assert.equal(lines.length, 3)
      assert.equal(lines[0], '1.000  low/0.wav')
      assert.match(stderr, /missing\.wav/)
    }))

  it('abort-with-timeout stops in time, and the encoder still works', () =>
    withTempDir(async (folder) => {
      await writeMusic(folder)
      const many = Array.from({ length: 500 }, () => 'low/0.wav')
      const stopped = await run(folder, 'abort-with-timeout.ts', '300', ...many)
      assert.match(
        stopped.stdout,
        /time is up after \d+ of 500 files\nthe encoder still works: 512 numbers\n$/,
      )
      const ended = await run(folder, 'abort-with-timeout.ts', '60000', 'low/0.wav')
      assert.match(ended.stdout, /^low\/0\.wav\nall 1 files are done\n/)
    }))

  for (const example of ['http-upload', 'fetch-handler'])
    it(`${example} embeds an upload from its stream, without a temporary file, and refuses what is no music`, () =>
      withTempDir(async (folder) => {
        const { mtimeMs } = await stat(folder)
        const program = join(root, 'examples', 'applications', `${example}.mjs`)
        const { child, finished } = startNode([program, 'random', '0'], {
          env: { ...process.env, TMPDIR: folder },
        })
        try {
          const [line] = await once(child.stdout!, 'data')
          const address = `${/http:\S+/.exec(String(line))![0]}/embed`
          const post = (body: ReadableStream) =>
            fetch(address, { method: 'POST', body, duplex: 'half' } as RequestInit)
          for (const name of ['tone.mp3', 'tone.flac', 'cases/8bit.wav']) {
            const upload = Readable.toWeb(createReadStream(fixture(name))) as ReadableStream
            const { windows, embedding } = (await (await post(upload)).json()) as {
              windows: number
              embedding: number[]
            }
            assert.equal(windows, 1)
            assert.equal(embedding.length, 512)
            assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-5)
          }
          assert.equal((await stat(folder)).mtimeMs, mtimeMs)
          const refused = await post(new Blob(['no music']).stream())
          assert.equal(refused.status, 422)
          assert.match(await refused.text(), /not audio/)
        } finally {
          child.kill('SIGTERM')
        }
        assert.equal((await finished).code, 0)
      }))
})
