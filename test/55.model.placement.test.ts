import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClmrError, ConfigError, decodeAudio, Encoder } from 'clmr'
import { PcmFile } from '#lib/audio/pcm-file.js'
import { spreadStarts } from '#lib/model/clips.js'
import { flacBomb } from './helpers/flac-bomb.js'
import { numbers } from './helpers/numbers.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

const CLIP = 59_049
const RATE = 22_050
const fixture = (name: string) => fileURLToPath(new URL(`fixtures/audio/${name}`, import.meta.url))

function noise(seed: number): () => number {
  const draw = numbers(seed)
  return () => 2 * draw() - 1
}

const value = noise(3)
const music = (seconds: number, sampleRate = RATE, channels = 1) =>
  wav({ frames: Math.round(seconds * sampleRate), sampleRate, channels, value })

/** Several times the same 2 s of MPEG audio, one stream after the other. */
async function longMp3(times: number): Promise<Uint8Array> {
  const file = await readFile(fixture('tone.mp3'))
  return Buffer.concat(Array.from({ length: times }, () => file))
}

/** The same samples as a Sun audio file of 16 bits. */
function au(samples: Float32Array, sampleRate: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 + 2 * samples.length))
  for (const [i, word] of [0x2e736e64, 24, 2 * samples.length, 3, sampleRate, 1].entries())
    view.setUint32(4 * i, word)
  for (const [i, sample] of samples.entries()) view.setInt16(24 + 2 * i, sample * 32767)
  return new Uint8Array(view.buffer)
}

describe('55 model: where the windows of a file lie', () => {
  let encoder: Encoder
  before(async () => {
    encoder = await Encoder.create()
  })
  after(() => encoder.dispose())

  it('a stretch of a file without compression has the bits of the whole: oracle is decodeAudio', () =>
    withTempDir(async (folder) => {
      const draw = numbers(5)
      for (const [rate, channels] of [
        [8000, 1],
        [11_025, 2],
        [22_050, 1],
        [44_100, 2],
        [48_000, 1],
        [96_000, 2],
      ] as const) {
        const bytes = music(3, rate, channels)
        const path = join(folder, `${rate}.wav`)
        await writeFile(path, bytes)
        const { samples } = await decodeAudio(path)
        for (const input of [path, { bytes }]) {
          const pcm = (await PcmFile.open(input, RATE))!
          assert.equal(pcm.length, samples.length)
          for (let n = 0; n < 6; n++) {
            const from = n === 0 ? 0 : Math.floor(draw() * samples.length)
            const to = n === 1 ? samples.length : from + 1 + Math.floor(draw() * (samples.length - from))
            const pieces: number[] = []
            for await (const piece of pcm.decode(from, to)) pieces.push(...piece)
            assert.deepEqual(
              Float32Array.from(pieces),
              samples.subarray(from, to),
              `${rate} Hz, ${from} to ${to}`,
            )
          }
          await pcm.close()
        }
      }
    }))

  it('n windows lie evenly, the whole stretch between them: oracle is the middle of n equal parts', () => {
    for (const [length, n] of [
      [CLIP, 3],
      [CLIP + 1, 3],
      [10 * CLIP, 1],
      [10 * CLIP, 4],
      [2 * CLIP, 7],
      [500, 2],
    ] as const) {
      const starts = spreadStarts(length, n, CLIP)
      const places = length - CLIP
      assert.equal(starts.length, places <= 0 ? 1 : Math.min(n, places))
      for (const [i, start] of starts.entries())
        assert.ok(Math.abs(start - Math.max(0, ((i + 0.5) * places) / starts.length)) <= 1)
      assert.equal(new Set(starts).size, starts.length)
    }
  })

  it('windows: n, from and to give the embeddings of these places in every format: oracle is encode', () =>
    withTempDir(async (folder) => {
      const files: Record<string, Uint8Array> = {
        wav: music(14, 44_100, 2),
        au: au(Float32Array.from({ length: 14 * 11_025 }, value), 11_025),
        mp3: await longMp3(7),
      }
      for (const [name, bytes] of Object.entries(files)) {
        const path = join(folder, `song.${name}`)
        await writeFile(path, bytes)
        const { samples } = await decodeAudio(path)
        for (const [options, first, last] of [
          [{ windows: 3 }, 0, samples.length],
          [{ windows: 2, from: 1.5, to: 9.25 }, 1.5 * RATE, 9.25 * RATE],
          [{ windows: 2, from: 11 }, 11 * RATE, samples.length],
        ] as const) {
          const stretch = [Math.round(first), Math.min(samples.length, Math.round(last))] as const
          const starts = spreadStarts(stretch[1] - stretch[0], options.windows, CLIP).map(
            (start) => start + stretch[0],
          )
          const expected = new Float32Array(starts.length * CLIP)
          for (const [i, start] of starts.entries())
            expected.set(samples.subarray(start, start + CLIP), i * CLIP)
          const { data } = await encoder.encode(expected)
          for (const source of [path, bytes, createReadStream(path)]) {
            const { windows, times } = await encoder.encodeFile(source, options)
            assert.deepEqual(
              times,
              starts.map((start) => start / RATE),
              name,
            )
            assert.deepEqual(windows.data, data, name)
          }
        }
        const { windows, times } = await encoder.encodeFile(path, { from: 2, to: 9, hop: 1.5 })
        const track = await encoder.encodeTrack(samples.subarray(2 * RATE, 9 * RATE), { hop: 1.5 })
        assert.deepEqual(windows.data, track.windows.data)
        assert.deepEqual(
          times,
          track.times.map((time) => time + 2),
        )
      }
    }))

  it('a file, or a stretch, shorter than a clip has one window, padded with zeros', async () => {
    const bytes = music(4)
    const { samples } = await decodeAudio(bytes)
    const padded = new Float32Array(CLIP)
    padded.set(samples.subarray(RATE, 2 * RATE))
    const { data } = await encoder.encode(padded)
    for (const options of [{ windows: 5 }, {}]) {
      const { windows, times } = await encoder.encodeFile(bytes, { from: 1, to: 2, ...options })
      assert.deepEqual(times, Float64Array.of(1))
      assert.deepEqual(windows.data, data)
    }
    assert.equal((await encoder.encodeFile(fixture('tone.mp3'), { windows: 5 })).windows.rows, 1)
  })

  it('a long file whose length its end tells is decoded twice, not kept: oracle is its middle', async () => {
    const minutes = flacBomb(530, 1)
    const length = Math.ceil((530 * 65_535) / 2)
    assert.ok(length > 2 ** 24)
    const { windows, times } = await encoder.encodeFile(minutes, { windows: 1 })
    assert.deepEqual(times, Float64Array.of(Math.floor((length - CLIP) / 2) / RATE))
    assert.deepEqual(windows.data, (await encoder.encode(new Float32Array(CLIP))).data)
  })

  it('only what is needed of a wav file is decoded: what is damaged elsewhere is not seen', async () => {
    const frames = 20 * RATE
    const bad = wav({ frames, bits: 32, float: true, value: (i) => (i < RATE ? Number.NaN : value()) })
    await assert.rejects(encoder.encodeFile(bad), { code: 'ERR_NON_FINITE' })
    assert.equal((await encoder.encodeFile(bad, { windows: 2 })).windows.rows, 2)
    assert.equal((await encoder.encodeFile(bad, { from: 2, to: 8 })).windows.rows, 2)
  })

  it('encodeFiles takes them too, file by file', async () => {
    const sources = [music(6), music(9), 'nowhere.wav', music(3)]
    const results = []
    for await (const result of encoder.encodeFiles(sources, { windows: 2, from: 4 })) results.push(result)
    assert.deepEqual(
      results.map((r) => r.embedding?.windows.rows),
      [1, 2, undefined, undefined],
    )
    assert.equal((results[3]!.error as ClmrError).code, 'ERR_ARGUMENT')
  })

  it('BAD CALL - behind the end, an end before the beginning, a hop beside windows', async () => {
    for (const source of [music(3), await longMp3(2)])
      for (const windows of [undefined, 2])
        await assert.rejects(encoder.encodeFile(source, { from: 5, windows }), (error: ClmrError) => {
          assert.equal(error.code, 'ERR_ARGUMENT')
          return /`from` lies after the end of the file \(given 5 s, expected less than its \d/.test(
            error.message,
          )
        })
    for (const options of [
      { from: 2, to: 2 },
      { from: 3, to: 1 },
      { windows: 2, hop: 1 },
      { windows: 0 },
      { from: -1 },
      { to: 0 },
    ])
      await assert.rejects(encoder.encodeFile(music(3), options), ConfigError)
  })
})
