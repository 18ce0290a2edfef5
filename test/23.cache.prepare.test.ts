import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Dataset,
  decodeAudio,
  IoError,
  openDataset,
  type PrepareProgress,
  prepare,
  verifyCache,
} from 'clmr'
import { corpus } from './helpers/short-tracks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const fixture = (name: string) => join(root, 'test/fixtures/audio', name)

async function put(path: string, bytes: Uint8Array | string): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  return path
}

async function inFolders<T>(use: (source: string, cache: string, folder: string) => Promise<T>): Promise<T> {
  return withTempDir((folder) => use(join(folder, 'music'), join(folder, 'cache'), folder))
}

const reasons = (dataset: Dataset) =>
  Object.fromEntries(dataset.skipped.map(({ path, reason }) => [path, reason]))
const cachedFiles = async (cache: string) =>
  (await readdir(join(cache, 'audio'), { recursive: true })).filter((name) => name.endsWith('.wav')).sort()

describe('23 cache: prepare', () => {
  it('sub-folders become classes, each divided 60/20/20; labels, splits and durations come back from the cache', () =>
    inFolders(async (source, cache) => {
      await corpus(source, ['jazz', 'rock'], 10)
      const seen: PrepareProgress[] = []
      using made = await prepare(source, { cache, labels: 'folders', onProgress: (p) => seen.push(p) })
      using opened = await openDataset(cache)
      assert.deepEqual(
        [made.length, made.task, made.classes, made.sampleRate],
        [20, 'multiclass', ['jazz', 'rock'], 22050],
      )
      assert.deepEqual(opened.tracks, made.tracks)
      assert.deepEqual(opened.labels.data, made.labels.data)
      for (const [i, track] of made.tracks.entries()) {
        assert.deepEqual([...made.labels.row(i)], track.labels[0] === 'jazz' ? [1, 0] : [0, 1])
        assert.equal(track.path.split('/')[0], track.labels[0])
        assert.equal(track.duration, 0.2)
        assert.match(track.notes.join(), /shorter than a clip/)
      }
      const lengths = []
      for (const split of ['train', 'valid', 'test'] as const) {
        using part = await openDataset(cache, { subset: split })
        assert.deepEqual(part.tracks, made.subset(split).tracks)
        lengths.push(part.length)
      }
      assert.deepEqual(lengths, [12, 4, 4])
      assert.deepEqual(
        [seen.length, seen.at(-1)!.done, seen.at(-1)!.accepted, seen.at(-1)!.total],
        [20, 20, 20, 20],
      )
    }))

  it('a track reads as decodeAudio gives it, to half a 16-bit step; the cached file is a WAV that decodeAudio reads', () =>
    inFolders(async (source, cache) => {
      for (const name of ['tone.mp3', 'tone.flac', 'tone.ogg']) {
        await mkdir(source, { recursive: true })
        await copyFile(fixture(name), join(source, name))
      }
      using dataset = await prepare(source, { cache })
      assert.deepEqual([dataset.length, dataset.task, dataset.labels.cols], [3, 'none', 0])
      for (const [i, track] of dataset.tracks.entries()) {
        const wanted = (await decodeAudio(join(source, track.path))).samples
        const read = await dataset.readTrack(i)
        const heard = (await decodeAudio(track.file)).samples
        assert.deepEqual([read.length, heard.length], [wanted.length, wanted.length])
        for (let k = 0; k < wanted.length; k++) {
          assert.ok(Math.abs(read[k]! - wanted[k]!) <= 0.51 / 32767)
          assert.ok(Math.abs(heard[k]! - wanted[k]!) <= 1.6 / 32767)
        }
      }
    }))

  it('files in = accepted + rejected: damaged, empty, mislabelled, NaN, FIFO, folder, dangling link, hostile names', () =>
    inFolders(async (source, cache) => {
      const good = wav({ frames: 4410 })
      for (const name of [
        'good.wav',
        '-rf.wav',
        `a'b"c.wav`,
        'new\nline.wav',
        '$(touch x).wav',
        'ä.WAV',
        'one-sample.wav',
      ])
        await put(join(source, name), name === 'one-sample.wav' ? wav({ frames: 1, value: () => 0.1 }) : good)
      await put(join(source, 'silence.wav'), wav({ value: () => 0 }))
      await put(join(source, 'empty.wav'), new Uint8Array(0))
      await put(join(source, 'text.mp3'), 'no music '.repeat(1000))
      await put(
        join(source, 'nan.wav'),
        wav({ bits: 32, float: true, value: (i) => (i === 9 ? Number.NaN : 0) }),
      )
      await put(join(source, 'cut.mp3'), (await readFile(fixture('tone.mp3'))).subarray(0, 8000))
      await put(join(source, 'cover.jpg'), 'a picture')
      await put(join(source, '.hidden.wav'), good)
      await put(join(source, 'folder.wav', 'inside.wav'), good)
      execFileSync('mkfifo', [join(source, 'pipe.wav')])
      await symlink(join(source, 'gone'), join(source, 'dangling.wav'))
      await symlink(source, join(source, 'loop'))
      using dataset = await prepare(source, { cache })
      const rejected = ['empty.wav', 'text.mp3', 'nan.wav', 'cut.mp3', 'pipe.wav', 'dangling.wav'].sort()
      assert.deepEqual(Object.keys(reasons(dataset)).sort(), rejected)
      assert.equal(dataset.length, 9)
      for (const { reason, code } of dataset.skipped) assert.ok(reason.length > 10 && code.startsWith('ERR_'))
      assert.match(reasons(dataset)['nan.wav']!, /1 samples are NaN.*index 9/)
      // seven names, one content, one file
      assert.equal(new Set(dataset.tracks.map(({ file }) => file)).size, 3)
      assert.equal((await cachedFiles(cache)).length, 3)
      await assert.rejects(prepare(source, { cache, maxReject: 0 }), {
        code: 'ERR_DATASET',
        message: /too many files.*6 of 15/s,
      })
    }))

  it('a second run reads nothing again; then only what changed, came or went', () =>
    inFolders(async (source, cache) => {
      await corpus(source, ['a'], 6)
      using first = await prepare(source, { cache, labels: 'folders' })
      const before = await readFile(join(cache, 'index.json'), 'utf8')
      const kept = join(source, 'a', '0.wav')
      const original = await readFile(kept)
      const old = new Date(1e12)
      await utimes(kept, old, old)
      using again = await prepare(source, { cache, labels: 'folders' })
      assert.deepEqual(again.tracks, first.tracks)
      assert.notEqual(await readFile(join(cache, 'index.json'), 'utf8'), before) // the new time of 0.wav
      // size and time as they were: a run that read this file again would see the damage
      await writeFile(kept, new Uint8Array(original.length))
      await utimes(kept, old, old)
      await put(join(source, 'a', '1.wav'), wav({ frames: 777 }))
      await put(join(source, 'a', 'new.wav'), wav({ frames: 888 }))
      await rm(join(source, 'a', '2.wav'))
      using third = await prepare(source, { cache, labels: 'folders' })
      assert.deepEqual(
        third.tracks.map(({ path }) => path),
        ['0', '1', '3', '4', '5', 'new'].map((name) => `a/${name}.wav`),
      )
      assert.deepEqual(third.skipped, [])
      assert.equal(third.tracks[1]!.samples, 777)
      const report = await verifyCache(cache)
      assert.deepEqual([report.ok, report.unused.length], [true, 2])
    }))

  it('what is missing or shortened in the cache is made again', () =>
    inFolders(async (source, cache) => {
      await corpus(source, ['a'], 3)
      using dataset = await prepare(source, { cache })
      await rm(dataset.tracks[0]!.file)
      await truncate(dataset.tracks[1]!.file, 100)
      assert.equal((await verifyCache(cache)).problems.length, 2)
      using _again = await prepare(source, { cache })
      assert.equal((await verifyCache(cache)).ok, true)
    }))

  it('an abort keeps what is done: no finished cache, but the next run goes on from there', () =>
    inFolders(async (source, cache) => {
      await corpus(source, ['a', 'b'], 12)
      const stop = new AbortController()
      const onProgress = ({ done }: PrepareProgress) => done === 8 && stop.abort()
      await assert.rejects(prepare(source, { cache, signal: stop.signal, onProgress, concurrency: 2 }), {
        name: 'AbortError',
      })
      await assert.rejects(openDataset(cache), { code: 'ERR_CACHE', message: /was not finished/ })
      const partial = JSON.parse(await readFile(join(cache, 'index.partial.json'), 'utf8')) as {
        tracks: unknown[]
      }
      assert.ok(partial.tracks.length >= 8 && partial.tracks.length < 24)
      using dataset = await prepare(source, { cache })
      assert.equal(dataset.length, 24)
      assert.deepEqual((await readdir(cache)).sort(), ['audio', 'index.json'])
      await inFolders(async (_, other) => {
        using unbroken = await prepare(source, { cache: other })
        assert.deepEqual(
          unbroken.tracks.map(({ path, split, samples }) => [path, split, samples]),
          dataset.tracks.map(({ path, split, samples }) => [path, split, samples]),
        )
        assert.deepEqual(await cachedFiles(other), await cachedFiles(cache))
      })
    }))

  it('labels from a CSV: tags, splits, and what it names or does not name', () =>
    inFolders(async (source, cache, folder) => {
      await corpus(source, ['x'], 4)
      const csv = await put(
        join(folder, 'tags.csv'),
        'path,split,loud,slow\nx/0.wav,train,1,0\nx/1.wav,test,1,1\nx/2.wav,valid,0,0\nx/9.wav,train,1,1\n',
      )
      using dataset = await prepare(source, { cache, labels: csv })
      assert.deepEqual([dataset.task, dataset.classes], ['multilabel', ['loud', 'slow']])
      assert.deepEqual([...dataset.labels.data], [1, 0, 1, 1, 0, 0])
      assert.deepEqual(
        dataset.tracks.map(({ split }) => split),
        ['train', 'test', 'valid'],
      )
      assert.deepEqual(Object.keys(reasons(dataset)), ['x/3.wav', 'x/9.wav'])
    }))

  it('a cache inside the source is not taken for music, and the source may move', () =>
    inFolders(async (source, _cache, folder) => {
      await corpus(source, ['a'], 3)
      const cache = join(source, 'cache')
      for (let run = 0; run < 2; run++) {
        using dataset = await prepare(source, { cache })
        assert.equal(dataset.length, 3)
      }
      const moved = join(folder, 'moved')
      await rename(source, moved)
      using dataset = await openDataset(join(moved, 'cache'))
      assert.equal((await dataset.readTrack(0)).length, dataset.tracks[0]!.samples)
    }))

  it('a cache that cannot be written ends the run as an IoError, unlike a file that cannot be read', () =>
    inFolders(async (source, cache) => {
      await put(join(source, 'a.wav'), wav({ frames: 4410, value: () => 0.1 }))
      await put(join(cache, 'audio'), 'a file where a folder has to be')
      await assert.rejects(prepare(source, { cache }), (error: unknown) => {
        assert.ok(error instanceof IoError, String(error))
        assert.match(error.message, /the cache cannot be written/)
        return true
      })
    }))

  it('BAD CALL - no folder, a file, no music, no usable file, a cache that is the source, unknown options', () =>
    inFolders(async (source, cache, folder) => {
      await assert.rejects(prepare(source, { cache }), { code: 'ERR_IO' })
      await mkdir(source)
      await assert.rejects(prepare(source, { cache }), { code: 'ERR_DATASET', message: /no audio files/ })
      const file = await put(join(source, 'bad.mp3'), 'text')
      await assert.rejects(prepare(file, { cache }), { code: 'ERR_DATASET', message: /no folder/ })
      await assert.rejects(prepare(source, { cache }), {
        code: 'ERR_DATASET',
        message: /none of 1 files.*bad\.mp3/,
      })
      await assert.rejects(prepare(source, { cache, labels: 'folders' }), {
        code: 'ERR_DATASET',
        message: /no sub-folders/,
      })
      await assert.rejects(prepare(source, { cache: source }), { code: 'ERR_ARGUMENT' })
      await assert.rejects(prepare(source, { cache: file }), { code: 'ERR_IO' })
      await assert.rejects(prepare(source, { cache, label: 'folders' } as never), {
        code: 'ERR_CONFIG',
        message: /labels/,
      })
      await assert.rejects(prepare(source, { cache, labels: join(folder, 'none.csv') }), { code: 'ERR_IO' })
      await assert.rejects(prepare(source, {} as never), { code: 'ERR_CONFIG' })
      await assert.rejects(prepare(source, { cache, signal: AbortSignal.abort() }), { name: 'AbortError' })
    }))
})

describe('23 cache: the index', () => {
  it('a missing, damaged, foreign or contradictory index is ERR_CACHE with its path', () =>
    inFolders(async (source, cache) => {
      await assert.rejects(openDataset(cache), { code: 'ERR_CACHE', message: /no prepared cache/ })
      await corpus(source, ['a'], 2)
      using dataset = await prepare(source, { cache, labels: 'folders' })
      const path = join(cache, 'index.json')
      const text = await readFile(path, 'utf8')
      const changed: string[] = [
        text.slice(0, text.length / 2),
        '[]',
        text.replace('"version": 1', '"version": 2'),
        text.replace(/"key": "../, '"key": "..'),
        text.replace(/"samples": \d+/, '"samples": -5'),
        text.replace(/"labels": \[\s*0/, '"labels": [ 7'),
      ]
      for (const bad of changed) {
        assert.notEqual(bad, text)
        await writeFile(path, bad)
        await assert.rejects(openDataset(cache), { code: 'ERR_CACHE', path })
      }
      using again = await prepare(source, { cache, labels: 'folders' })
      assert.deepEqual(again.tracks, dataset.tracks)
      await assert.rejects(openDataset(cache, { subset: 'dev' as never }), { code: 'ERR_CONFIG' })
      await assert.rejects(openDataset(cache, { split: 'test' } as never), { code: 'ERR_CONFIG' })
      assert.throws(() => again.subset('all' as never), { code: 'ERR_CONFIG' })
    }))

  it('verifyCache sees one flipped bit, a longer and a missing file, and names the tracks', () =>
    inFolders(async (source, cache) => {
      await corpus(source, ['a'], 4)
      using dataset = await prepare(source, { cache })
      const [flipped, longer, missing] = dataset.tracks
      const bytes = await readFile(flipped!.file)
      bytes[1000]! ^= 1
      await writeFile(flipped!.file, bytes)
      await appendFile(longer!.file, 'x')
      await rm(missing!.file)
      const { ok, problems, tracks } = await verifyCache(cache)
      assert.deepEqual(
        [ok, tracks, problems.map(({ path }) => path)],
        [false, 4, [flipped!.path, longer!.path, missing!.path]],
      )
      assert.match(
        problems.map(({ reason }) => reason).join(),
        /not those that were written.*bytes instead of.*missing/,
      )
      await assert.rejects(dataset.readTrack(2), { code: 'ERR_CACHE', path: missing!.file })
      await assert.rejects(dataset.readTrack(99), { code: 'ERR_ARGUMENT' })
      dataset.dispose()
      dataset.dispose()
      await assert.rejects(dataset.readTrack(0), { code: 'ERR_DISPOSED' })
    }))
})
