import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ArgumentError,
  AudioDecodeError,
  ConfigError,
  Encoder,
  type FileEmbedding,
  IoError,
  ShapeError,
} from 'clmr'
import { afterAbort, atBest } from './helpers/at-best.js'
import { relativeError, testTone } from './helpers/golden.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

const T = 59049
const RATE = 22050

const waveFile = (track: Float32Array) =>
  wav({ frames: track.length, sampleRate: RATE, bits: 32, float: true, value: (i) => track[i]! })

async function collect(stream: AsyncIterable<FileEmbedding>): Promise<FileEmbedding[]> {
  const results: FileEmbedding[] = []
  for await (const result of stream) results.push(result)
  return results
}

describe('tracks and files', () => {
  let encoder: Encoder
  before(async () => {
    encoder = await Encoder.create()
  })
  after(() => encoder.dispose())

  it('a track is cut into whole clips, the rest is left out; mean is that of the windows', async () => {
    const track = testTone([220, 950], 2 * T + 40000)
    const { windows, times, mean } = await encoder.encodeTrack(track)
    assert.deepEqual([...times], [0, T / RATE])
    assert.deepEqual(windows.data, (await encoder.encode(track.subarray(0, 2 * T))).data)
    const expected = Float32Array.from(
      { length: 512 },
      (_, i) => (windows.row(0)[i]! + windows.row(1)[i]!) / 2,
    )
    assert.ok(relativeError(mean, expected) < 1e-6)
  })

  it('a hop of half a second gives overlapping windows at those times', async () => {
    const track = testTone([330], T + 2 * 11025)
    const { windows, times } = await encoder.encodeTrack(track, { hop: 0.5 })
    assert.deepEqual([...times], [0, 0.5, 1])
    assert.deepEqual(windows.row(2), (await encoder.encode(track.slice(2 * 11025, 2 * 11025 + T))).row(0))
    assert.equal((await encoder.encodeTrack(track.subarray(1), { hop: 0.5 })).windows.rows, 2)
  })

  it('a track shorter than a clip is padded with zeros', async () => {
    for (const length of [1, 1000, T - 1]) {
      const track = testTone([440], length)
      const padded = new Float32Array(T)
      padded.set(track)
      const { windows, times } = await encoder.encodeTrack(track)
      assert.deepEqual([...times], [0])
      assert.deepEqual(windows.data, (await encoder.encode(padded)).data)
    }
  })

  it('a track at 44,100 Hz is resampled: the same tones give nearly the same embedding', async () => {
    const direct = await encoder.encodeTrack(testTone([440, 1200], T, RATE))
    const other = await encoder.encodeTrack(testTone([440, 1200], 2 * T, 44100), { sampleRate: 44100 })
    assert.equal(other.windows.rows, 1)
    assert.ok(relativeError(other.mean, direct.mean) < 1e-2)
  })

  it('a file gives what its samples give', () =>
    withTempDir(async (folder) => {
      const track = testTone([500], 70000)
      const path = join(folder, 'tone.wav')
      await writeFile(path, waveFile(track))
      const ofFile = await encoder.encodeFile(path)
      const ofTrack = await encoder.encodeTrack(track)
      assert.deepEqual(ofFile.windows.data, ofTrack.windows.data)
      assert.deepEqual([ofFile.times, ofFile.mean], [ofTrack.times, ofTrack.mean])
    }))

  it('BAD CALL - empty tracks, wrong options, missing and broken files', async () => {
    await assert.rejects(encoder.encodeTrack(new Float32Array(0)), ShapeError)
    await assert.rejects(encoder.encodeTrack('x' as never), ArgumentError)
    await assert.rejects(encoder.encodeTrack(new Float32Array(10), { hop: 0 }), ConfigError)
    await assert.rejects(encoder.encodeTrack(new Float32Array(10), { sampleRate: 5 }), ConfigError)
    await assert.rejects(encoder.encodeTrack(new Float32Array(10), { hops: 1 } as never), ConfigError)
    await assert.rejects(encoder.encodeFile('/nowhere/x.wav'), IoError)
    await assert.rejects(encoder.encodeFiles('x.wav').next(), ArgumentError)
    await assert.rejects(encoder.encodeFiles(undefined as never).next(), ArgumentError)
    await assert.rejects(encoder.encodeFiles([], { concurrency: 0 }).next(), ConfigError)
  })
})

describe('encodeFiles', () => {
  let encoder: Encoder
  before(async () => {
    encoder = await Encoder.create()
  })
  after(() => encoder.dispose())

  const withFiles = (use: (paths: string[]) => Promise<void>) =>
    withTempDir(async (folder) => {
      const paths: string[] = []
      for (let i = 0; i < 5; i++) {
        const path = join(folder, `${i}.wav`)
        // Shorter ones later, so that they are decoded first.
        await writeFile(path, waveFile(testTone([200 + 100 * i], (6 - i) * 20000)))
        paths.push(path)
      }
      await use(paths)
    })

  it('keeps the order of the paths, whatever the concurrency, and gives what encodeFile gives', () =>
    withFiles(async (paths) => {
      const single = await Promise.all(paths.map((path) => encoder.encodeFile(path)))
      for (const concurrency of [1, 2, 8]) {
        const results = await collect(encoder.encodeFiles(paths, { concurrency }))
        assert.deepEqual(
          results.map((r) => r.path),
          paths,
        )
        results.forEach((r, i) => {
          assert.deepEqual(r.embedding?.windows.data, single[i]!.windows.data)
        })
      }
      assert.deepEqual(await collect(encoder.encodeFiles([])), [])
    }))

  it('a broken, a missing and a nameless file come as errors and the stream goes on', () =>
    withFiles(async (paths) => {
      await writeFile(paths[1]!, 'not audio')
      const mixed = [paths[0], paths[1], '/nowhere/x.wav', 7, paths[2]] as string[]
      const results = await collect(encoder.encodeFiles(mixed))
      assert.deepEqual(
        results.map((r) => r.path),
        mixed,
      )
      assert.ok(results[0]!.embedding && results[4]!.embedding)
      assert.ok(results[1]!.error instanceof AudioDecodeError)
      assert.ok(results[2]!.error instanceof IoError)
      assert.ok(results[3]!.error instanceof ArgumentError)
    }))

  it('asks an async iterable for no more than concurrency paths ahead, and closes it on an early return', () =>
    withFiles(async (paths) => {
      let asked = 0
      let closed = false
      async function* source() {
        try {
          for (;;) yield paths[asked++ % 5]!
        } finally {
          closed = true
        }
      }
      let seen = 0
      for await (const { embedding } of encoder.encodeFiles(source(), { concurrency: 3 })) {
        assert.ok(embedding)
        seen++
        assert.ok(asked <= seen + 3, `${asked} asked for after ${seen}`)
        if (seen === 2) break
      }
      assert.equal(closed, true)
    }))

  it('yields what is ready while a source waits for its consumer', () =>
    withFiles(async (paths) => {
      let release: () => void = () => {}
      const seen = new Promise<void>((resolve) => {
        release = resolve
      })
      async function* source() {
        yield paths[0]!
        await seen
        yield paths[1]!
      }
      const results: string[] = []
      for await (const { path } of encoder.encodeFiles(source(), { concurrency: 4 })) {
        results.push(path)
        release()
      }
      assert.deepEqual(results, paths.slice(0, 2))
    }))

  it('throws on what the source throws, after the files before it', () =>
    withFiles(async (paths) => {
      const broken = new Error('the list broke')
      function* source() {
        yield paths[0]!
        throw broken
      }
      const stream = encoder.encodeFiles(source())
      assert.equal((await stream.next()).value?.path, paths[0])
      await assert.rejects(stream.next(), broken)
      assert.deepEqual(await stream.next(), { done: true, value: undefined })
    }))

  it('an abort ends the stream within 250 ms, even where the source never answers', () =>
    withFiles(async (paths) => {
      async function* source() {
        yield paths[0]!
        await new Promise(() => {})
      }
      await atBest(250, async () => {
        const controller = new AbortController()
        const stream = encoder.encodeFiles(source(), { signal: controller.signal })
        assert.ok((await stream.next()).value?.embedding)
        const waiting = stream.next()
        await new Promise((resolve) => setTimeout(resolve, 30))
        return afterAbort(waiting, () => controller.abort(), { name: 'AbortError' })
      })
      assert.equal((await encoder.encodeFile(paths[4]!)).windows.rows, 1)
    }))

  it('ends with DisposedError where the encoder is disposed under it', () =>
    withFiles(async (paths) => {
      const other = await Encoder.create()
      const stream = other.encodeFiles(paths)
      await stream.next()
      other.dispose()
      await assert.rejects(stream.next(), { code: 'ERR_DISPOSED' })
    }))
})
