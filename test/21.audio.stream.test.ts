import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClmrError, decodeAudio, NonFiniteError } from 'clmr'
import { FileBytes } from '#lib/audio/bytes.js'
import { DecodePool } from '#lib/audio/pool.js'
import { decodeStream } from '#lib/audio/stream.js'
import { WindowCutter, windowStarts } from '#lib/model/clips.js'
import { native } from '#lib/native/load.js'
import { decodingThread } from './helpers/decoding-thread.js'
import { numbers } from './helpers/numbers.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))

async function whole(pieces: AsyncIterable<Float32Array>): Promise<{ samples: Float32Array; count: number }> {
  const all: Float32Array[] = []
  for await (const piece of pieces) all.push(piece)
  const samples = new Float32Array(all.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of all) {
    samples.set(piece, at)
    at += piece.length
  }
  return { samples, count: all.length }
}

/** Noise: what a wrong border would be heard in. */
function noiseFile(frames: number, sampleRate: number, channels = 1): Uint8Array {
  const random = numbers(sampleRate)
  return wav({ frames, sampleRate, channels, bits: 16, value: () => random() - 0.5 })
}

describe('21 audio: streams', () => {
  for (const name of [
    'tone.mp3',
    'mono-without-tag.mp3',
    'tone.flac',
    'flac-in-ogg.oga',
    'tone.ogg',
    'tone.m4a',
  ])
    it(`${name} comes as decodeAudio gives it, bit for bit`, async () => {
      const { samples } = await whole(decodeStream(fixture(name), 22050))
      assert.deepEqual(samples, (await decodeAudio(fixture(name))).samples)
    })

  it('channels are mixed down in the decoding thread: oracle is their mean in float32, resampled by the native part, bit for bit', async () => {
    const [frames, sampleRate] = [50_000, 44_100]
    const channels = [1, 2, 3].map((seed) => Float32Array.from({ length: frames }, numbers(seed)))
    const value = (t: number, c: number) => channels[c]![t]!
    const { samples } = await decodeAudio(
      wav({ frames, sampleRate, channels: 3, float: true, bits: 32, value }),
    )
    const { fround } = Math
    const [a, b, c] = channels as [Float32Array, Float32Array, Float32Array]
    const mean = a.map((x, t) => fround(fround(x + b[t]!) + c[t]!) * fround(1 / 3))
    const flag = native().createAbortFlag()
    const expected = await native().resample(mean, sampleRate, 22_050, 'best', undefined, flag)
    assert.deepEqual(samples, expected)
  })

  it('channels are averaged, whatever their number (closed form)', async () => {
    const channels = [0.5, -0.25, 0.125, 1]
    const form = { frames: 100, sampleRate: 22050, channels: 4, bits: 32, float: true }
    const { samples } = await decodeAudio(wav({ ...form, value: (_, c) => channels[c]! }))
    assert.deepEqual(samples, new Float32Array(100).fill(0.34375))
  })

  it('channels whose sum is beyond float32 are refused', async () => {
    const form = { frames: 100, sampleRate: 44100, channels: 2, bits: 32, float: true }
    await assert.rejects(decodeAudio(wav({ ...form, value: () => 3.4e38 })), { code: 'ERR_NON_FINITE' })
  })

  // 700,000 frames are several blocks at every rate; 44,099 Hz shares no period with 22,050 below a second
  for (const [rate, channels] of [
    [8000, 1],
    [22050, 2],
    [32000, 1],
    [44099, 1],
    [44100, 2],
    [96000, 1],
  ] as const)
    it(`several blocks at ${rate} Hz, ${channels} channels, meet without a seam (oracle: decodeAudio, bit for bit)`, () =>
      withTempDir(async (folder) => {
        const path = join(folder, 'noise.wav')
        await writeFile(path, noiseFile(700_000, rate, channels))
        const { samples, count } = await whole(decodeStream(path, 22050))
        assert.ok(count >= 2, `${count} pieces`)
        assert.deepEqual(samples, (await decodeAudio(path)).samples)
      }))

  it('a file that is cut off gives its beginning, then the error of decodeAudio with its path', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'cut.wav')
      await writeFile(path, noiseFile(10_000, 44100))
      await truncate(path, 10_000)
      const expected = await decodeAudio(path).catch((error: ClmrError) => error)
      await assert.rejects(whole(decodeStream(path, 22050)), (error: ClmrError) => {
        assert.deepEqual(
          [error.code, error.message, error.path],
          ['ERR_AUDIO_DECODE', (expected as ClmrError).message, path],
        )
        return true
      })
    }))

  it('half an hour of silence in FLAC, some kilobytes a minute, comes in runs of seconds', async () => {
    await withTempDir(async (folder) => {
      const path = join(folder, 'silence.flac')
      const silence = ['-f', 'lavfi', '-i', 'anullsrc=r=44100:cl=mono', '-t', '1800']
      spawnSync('ffmpeg', ['-v', 'error', ...silence, path])
      const handle = await open(path)
      const pool = new DecodePool({ threads: 1 })
      let [longest, frames] = [0, 0]
      for await (const { samples } of pool.stream({ fd: handle.fd, length: (await handle.stat()).size })) {
        longest = Math.max(longest, samples.length)
        frames += samples.length
      }
      await pool.close()
      await handle.close()
      assert.equal(frames, 1800 * 44100)
      assert.ok(longest < 4_000_000, `${longest} frames in one run`)
    })
  })

  it('NaN in a late block is refused with its index in the file', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'nan.wav')
      const bad = 600_000
      const value = (i: number) => (i === bad ? Number.NaN : 0.1)
      await writeFile(path, wav({ frames: 700_000, sampleRate: 22050, bits: 32, float: true, value }))
      await assert.rejects(whole(decodeStream(path, 22050)), (error: ClmrError) => {
        assert.ok(error instanceof NonFiniteError)
        assert.match(error.message, new RegExp(`first at index ${bad}`))
        return true
      })
    }))

  it('an abort between two pieces ends it, and a consumer that leaves early frees its thread', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'noise.wav')
      await writeFile(path, noiseFile(3_000_000, 44100))
      const controller = new AbortController()
      await assert.rejects(
        async () => {
          for await (const _ of decodeStream(path, 22050, controller.signal)) controller.abort()
        },
        { name: 'AbortError' },
      )
      // more of them than there are threads
      for (let n = 0; n < 12; n++) for await (const _ of decodeStream(path, 22050)) break
      assert.ok((await decodeAudio(fixture('tone.ogg'))).samples.length > 0)
    }))

  it('a decoder that hangs, ends its thread or throws costs its file only', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'x')
      await writeFile(path, 'x'.repeat(100))
      const handle = await open(path)
      const outcomes: [string, number, RegExp][] = [
        ['for (;;) {}', 300, /did not come to an end/],
        ['process.exit(3)', 20_000, /thread ended/],
        ['throw new Error("bad")', 20_000, /thread ended: bad/],
      ]
      for (const [body, baseMilliseconds, message] of outcomes) {
        const worker = await decodingThread(folder, body)
        const pool = new DecodePool({ worker, threads: 1, baseMilliseconds })
        for (let n = 0; n < 2; n++) {
          const { done, value } = await pool.stream({ fd: handle.fd, length: 100 }).next()
          assert.ok(done && 'failure' in value)
          assert.match(value.failure.what, message)
        }
        await pool.close()
      }
      await handle.close()
    }))
})

describe('21 audio: bytes of a file, page by page', () => {
  it('2,000 random parts are those of the file, and stay what they were', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'bytes')
      const random = numbers(5)
      const expected = Uint8Array.from({ length: 3_300_000 }, () => random() * 256)
      await writeFile(path, expected)
      const handle = await open(path)
      const bytes = new FileBytes(handle.fd, expected.length)
      const parts = Array.from({ length: 2000 }, () => {
        const start = Math.floor(random() * (expected.length + 10))
        const end = random() < 0.05 ? undefined : start + Math.floor(random() ** 4 * 2_000_000)
        return { start, end, got: bytes.subarray(start, end) }
      })
      for (const { start, end, got } of parts)
        assert.equal(Buffer.compare(got, expected.subarray(start, end)), 0, `${start} to ${end}`)
      await truncate(path, 1000)
      assert.throws(() => new FileBytes(handle.fd, expected.length).subarray(0, 2000), /became shorter/)
      await handle.close()
    }))
})

describe('21 audio: windows of a stream', () => {
  it('are those of the whole track, however it is cut into pieces (oracle: windowStarts)', () => {
    const random = numbers(8)
    for (let n = 0; n < 60; n++) {
      const length = 1 + Math.floor(random() * 300_000)
      const hop = [0.05, 0.5, 2, 59049 / 22050, 3.3, 5][n % 6]!
      const track = Float32Array.from({ length }, (_, i) => i)
      const starts = windowStarts(length, { clipLength: 59049, hop })
      const cutter = new WindowCutter(hop, 59049)
      const windows: Float32Array[] = []
      for (let at = 0; at < length; ) {
        const size = Math.floor(random() ** 3 * 150_000)
        windows.push(...cutter.push(track.subarray(at, at + size)))
        at += size
      }
      windows.push(...cutter.finish())
      assert.deepEqual(
        windows.map((w) => [w[0], w.length]),
        [...starts].map((start) => [start, Math.min(59049, length - start)]),
      )
      starts.forEach((start, i) => {
        assert.equal(cutter.startOf(i), start)
      })
    }
  })
})
