import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Encoder, openDataset, prepare, Trainer, verifyCache } from 'clmr'
import { startClmr } from './helpers/command-line.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tone, wav } from './helpers/wav.js'

async function corpus(source: string, n: number, pitch = 200): Promise<void> {
  await mkdir(source, { recursive: true })
  for (let i = 0; i < n; i++)
    await writeFile(join(source, `${i}.wav`), wav({ frames: 70_000, value: tone(22050, pitch + 30 * i) }))
}

const inFolders = (use: (source: string, cache: string) => Promise<void>) =>
  withTempDir((folder) => use(join(folder, 'music'), join(folder, 'cache')))

/** Changes a file and leaves its size and time as they were, as a disk does that forgets. */
async function rot(path: string, change: (bytes: Buffer) => void): Promise<void> {
  const [bytes, { atime, mtime }] = [await readFile(path), await stat(path)]
  change(bytes)
  await writeFile(path, bytes)
  await utimes(path, atime, mtime)
}

describe('24 cache: bit rot', () => {
  it('prepare mends whatever verify finds damaged: a flipped bit, zeros, a swap, a folder or a pipe in the place of a file', () =>
    inFolders(async (source, cache) => {
      await corpus(source, 6)
      using dataset = await prepare(source, { cache })
      const before = await Promise.all(dataset.tracks.map(({ file }) => readFile(file)))
      const [bit, header, zeros, swapped, folder, pipe] = dataset.tracks.map(({ file }) => file) as string[]
      await rot(bit!, (bytes) => bytes.writeUInt8(bytes[5000]! ^ 4, 5000))
      await rot(header!, (bytes) => bytes.writeUInt8(bytes[24]! ^ 1, 24))
      await rot(zeros!, (bytes) => bytes.fill(0, 1000, 2000))
      await rot(swapped!, (bytes) => before[0]!.copy(bytes))
      await rm(folder!)
      await mkdir(folder!)
      await rm(pipe!)
      execFileSync('mkfifo', [pipe!])
      assert.equal((await verifyCache(cache)).problems.length, 6)
      using again = await prepare(source, { cache })
      assert.deepEqual(again.tracks, dataset.tracks)
      assert.deepEqual(await Promise.all(again.tracks.map(({ file }) => readFile(file))), before)
      const { ok, problems } = await verifyCache(cache)
      assert.deepEqual([ok, problems], [true, []])
    }))

  it('every changed byte of the index is seen, and prepare writes it again with the splits that were dealt', () =>
    inFolders(async (source, cache) => {
      await corpus(source, 9)
      using dataset = await prepare(source, { cache })
      const index = join(cache, 'index.json')
      const text = await readFile(index)
      for (let at = 0; at < text.length; at += 37) {
        const bytes = Buffer.from(text)
        bytes[at]! ^= 1 << (at % 7)
        await writeFile(index, bytes)
        await assert.rejects(openDataset(cache), { code: 'ERR_CACHE', path: index }, `byte ${at}`)
        await assert.rejects(verifyCache(cache), { code: 'ERR_CACHE', path: index })
      }
      using again = await prepare(source, { cache })
      assert.deepEqual(again.tracks, dataset.tracks)
    }))

  it('temporary files of killed runs go with the next one', () =>
    inFolders(async (source, cache) => {
      await corpus(source, 2)
      using dataset = await prepare(source, { cache })
      const program = `import { writeAtomically } from '#lib/files/atomic-file.js'
        const files = process.argv.slice(1)
        let halves = 0
        for (const file of files) writeAtomically(file, (async function* () {
          yield Buffer.from('half')
          if (++halves === files.length) process.kill(process.pid, 'SIGKILL')
          await new Promise(() => {})
        })())
        setTimeout(() => {}, 1e6)`
      const targets = [join(cache, 'index.json'), dataset.tracks[0]!.file]
      assert.throws(() =>
        execFileSync(process.execPath, ['--input-type=module', '-e', program, ...targets], {
          stdio: 'ignore',
        }),
      )
      const left = async () =>
        (await readdir(cache, { recursive: true })).filter((name) => name.endsWith('.tmp')).length
      assert.equal(await left(), 2)
      using _again = await prepare(source, { cache })
      assert.equal(await left(), 0)
      assert.equal((await verifyCache(cache)).unused.length, 0)
    }))
})

describe('24 cache: changed data', () => {
  const runOf = (cache: string) => join(dirname(cache), 'run')

  async function train(source: string, cache: string, labels?: string): Promise<void> {
    using dataset = await prepare(source, { cache, labels })
    await using trainer = await Trainer.create({
      dataset: dataset.subset('train'),
      encoder: await Encoder.create({ seed: 1 }),
      batchSize: 2,
      maxSteps: 1,
      runDirectory: runOf(cache),
    })
    await trainer.fit()
  }

  it('a run remembers which recordings it was trained on, and goes on with the same ones under other names', function () {
    this.timeout(60_000)
    return inFolders(async (source, cache) => {
      await corpus(source, 5)
      await train(source, cache)
      using dataset = await openDataset(cache, { subset: 'train' })
      const { data } = JSON.parse(await readFile(join(runOf(cache), 'config.json'), 'utf8')) as {
        data: { training: { sources: string[]; tracks: number } }
      }
      assert.deepEqual(
        data.training.sources,
        dataset.tracks.map(({ sourceSha256 }) => sourceSha256),
      )
      const trainer = await Trainer.resume(runOf(cache), { maxSteps: 2 })
      await trainer.fit()
      await trainer[Symbol.asyncDispose]()
    })
  })

  it('other audio under the same names and lengths, other labels or other splits are refused by name', function () {
    this.timeout(120_000)
    return inFolders(async (source, cache) => {
      await corpus(source, 6)
      const csv = join(dirname(source), 'l.csv')
      const rows = (label: string, split: (i: number) => string) =>
        `path,split,label\n${[0, 1, 2, 3, 4, 5].map((i) => `${i}.wav,${split(i)},${i ? 'x' : label}`).join('\n')}\n`
      const split = (i: number) => (i < 4 ? 'train' : i === 4 ? 'valid' : 'test')
      await writeFile(csv, rows('x', split))
      await train(source, cache, csv)
      const refused = async (message: RegExp) => {
        using _dataset = await prepare(source, { cache, labels: csv })
        await assert.rejects(Trainer.resume(runOf(cache)), { code: 'ERR_CONFIG', message })
        using subset = await openDataset(cache, { subset: 'train' })
        const passed = Trainer.resume(runOf(cache), { dataset: subset })
        await assert.rejects(passed, { code: 'ERR_CONFIG', message })
      }
      await writeFile(csv, rows('y', split))
      await refused(/does not hold the tracks.*with other labels/)
      await writeFile(
        csv,
        rows('x', (i) => split(5 - i)),
      )
      await refused(/does not hold the tracks.*with other/)
      await writeFile(csv, rows('x', split))
      await corpus(source, 6, 500)
      await refused(/does not hold the tracks.*with other audio/)
      const { finished } = startClmr(['train', '--run', runOf(cache), '--resume', '--max-steps', '4'])
      const { code, stderr } = await finished
      assert.deepEqual([code, /with other audio/.test(stderr)], [2, true], stderr)
    })
  })
})
