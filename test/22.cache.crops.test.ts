import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeAudio } from 'clmr'
import { wavHeader } from '#lib/formats/wav/writer.js'
import { callNative } from '#lib/native/call.js'
import { native } from '#lib/native/load.js'
import { withTempDir } from './helpers/temp-dir.js'

const flag = () => native().createAbortFlag()
const read = (source: ReturnType<typeof open>, tracks: number[], starts: number[], length: number) =>
  callNative(undefined, (abort) =>
    native().cropSourceRead(source, Int32Array.from(tracks), Float64Array.from(starts), length, abort),
  )
const open = (files: string[], lengths: number[]) =>
  native().cropSourceOpen(
    files,
    new Float64Array(files.length).fill(44),
    Float64Array.from(lengths),
    new Float64Array(files.length),
  )

/** A file whose sample i is `first + i`. */
async function counting(path: string, first: number, length: number): Promise<string> {
  const samples = Int16Array.from({ length }, (_, i) => first + i)
  await writeFile(path, [wavHeader({ frames: length, sampleRate: 22050 }), new Uint8Array(samples.buffer)])
  return path
}

async function toPcm16(x: Float32Array) {
  const pcm = new Int16Array(x.length)
  return { pcm, ...native().toPcm16(x, pcm) }
}

const row = (first: number, length: number, present = length) =>
  Float32Array.from({ length }, (_, i) => (i < present ? (first + i) / 32768 : 0))

describe('22 cache: 16-bit samples', () => {
  it('±1 becomes 32,767 and −32,768, rounded to nearest, saturated; what is beyond is counted (closed form)', async () => {
    const step = 1 / 32768
    const x = Float32Array.of(0, 1, -1, 0.5, 1.5, -7, 1e30, step, 0.4 * step, 0.6 * step, -0.6 * step)
    const pcm = Int16Array.of(0, 32767, -32768, 16384, 32767, -32768, 32767, 1, 0, 1, -1)
    assert.deepEqual(await toPcm16(x), { pcm, overloaded: 3, peak: Math.fround(1e30) })
  })

  it('NaN is refused, and no samples are no samples', async () => {
    await assert.rejects(toPcm16(Float32Array.of(0, Number.NaN)), { code: 'ERR_NON_FINITE' })
    assert.equal((await toPcm16(new Float32Array(0))).pcm.length, 0)
  })

  it('every 16-bit value that is written comes back through the reader and through decodeAudio', () =>
    withTempDir(async (folder) => {
      const all = Float32Array.from({ length: 65536 }, (_, i) => (i - 32768) / 32768)
      const { pcm } = await toPcm16(all)
      const file = join(folder, 'all.wav')
      await writeFile(file, [
        wavHeader({ frames: all.length, sampleRate: 22050 }),
        new Uint8Array(pcm.buffer),
      ])
      assert.deepEqual(await read(open([file], [all.length]), [0], [0], all.length), all)
      assert.deepEqual((await decodeAudio(file)).samples, all)
    }))
})

describe('22 cache: crops', () => {
  it('a row is the track from its start on, zero-padded past its end (closed form)', () =>
    withTempDir(async (folder) => {
      const files = [
        await counting(join(folder, 'a.wav'), 0, 1000),
        await counting(join(folder, 'b.wav'), 5000, 50),
      ]
      const source = open(files, [1000, 50])
      const rows = await read(source, [0, 1, 0, 1, 0], [0, 0, 990, 50, 2000], 60)
      assert.deepEqual(rows.subarray(0, 60), row(0, 60))
      assert.deepEqual(rows.subarray(60, 120), row(5000, 60, 50))
      assert.deepEqual(rows.subarray(120, 180), row(990, 60, 10))
      assert.deepEqual(rows.subarray(180), new Float32Array(120))
    }))

  it('more tracks than files may be open are read in any order', () =>
    withTempDir(async (folder) => {
      const n = 300
      const files = await Promise.all(
        Array.from({ length: n }, (_, i) => counting(join(folder, `${i}.wav`), i, 20)),
      )
      const source = open(files, new Array(n).fill(20))
      for (const stride of [1, 7, 299]) {
        const tracks = Array.from({ length: n }, (_, i) => (i * stride) % n)
        const rows = await read(source, tracks, new Array(n).fill(3), 4)
        for (const [i, track] of tracks.entries())
          assert.deepEqual(rows.subarray(i * 4, i * 4 + 4), row(track + 3, 4))
      }
    }))

  it('a missing and a shortened file are ERR_CACHE with the path; the others are still read', () =>
    withTempDir(async (folder) => {
      const good = await counting(join(folder, 'good.wav'), 0, 100)
      const short = await counting(join(folder, 'short.wav'), 0, 100)
      const gone = join(folder, 'gone.wav')
      await truncate(short, 100)
      const source = open([good, short, gone], [100, 100, 100])
      await assert.rejects(read(source, [0, 1], [0, 0], 10), { code: 'ERR_CACHE', path: short })
      await assert.rejects(read(source, [2], [0], 10), { code: 'ERR_CACHE', path: gone })
      assert.deepEqual(await read(source, [0], [0], 10), row(0, 10))
    }))

  it('BAD CALL - tracks that are not there, negative starts, lists that differ in length, a disposed source', async () => {
    const source = open(['/nowhere'], [10])
    for (const track of [-1, 1, 2 ** 30])
      await assert.rejects(read(source, [track], [0], 4), { code: 'ERR_ARGUMENT' })
    for (const start of [-1, Number.NaN, 1e300])
      await assert.rejects(read(source, [0], [start], 4), { code: 'ERR_ARGUMENT' })
    await assert.rejects(read(source, [0], [0], -1), { code: 'ERR_ARGUMENT' })
    await assert.rejects(read(source, [0, 0], [0], 4), { code: 'ERR_SHAPE' })
    assert.throws(
      () => native().cropSourceOpen(['a'], new Float64Array(2), new Float64Array(1), new Float64Array(1)),
      {
        code: 'ERR_SHAPE',
      },
    )
    assert.throws(
      () => native().cropSourceOpen(['a'], Float64Array.of(-1), Float64Array.of(1), Float64Array.of(0)),
      {
        code: 'ERR_ARGUMENT',
      },
    )
    native().dispose(source)
    assert.equal(native().isDisposed(source), true)
    await assert.rejects(read(source, [0], [0], 4), { code: 'ERR_DISPOSED' })
    const notOne = () =>
      native().cropSourceRead({} as never, new Int32Array(1), new Float64Array(1), 4, flag())
    assert.throws(notOne, { code: 'ERR_ARGUMENT' })
  })
})
