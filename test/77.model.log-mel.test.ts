import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { evaluateRetrieval, LinearProbe, LogMel, type TrackEncoder } from 'clmr'
import { maxAbsoluteError, readGoldenJson, testClip, testClips } from './helpers/golden.js'
import { withTempDir } from './helpers/temp-dir.js'
import { wav } from './helpers/wav.js'

const CLIP = 59_049
const golden = readGoldenJson<Record<string, number[]>>('log_mel.json')
const clips: Record<string, Float32Array> = {
  loud: testClip(80, 81),
  quiet: testClip(82, 83).map((x) => Math.fround(1e-3) * x),
  'half silent': testClip(84, 85).map((x, i) => (i < Math.floor(CLIP / 2) ? 0.5 * x : 0)),
}

describe('77 model: LogMel', () => {
  const encoder = new LogMel()

  for (const [name, clip] of Object.entries(clips))
    it(`statistics of a clip that is ${name}: oracle is librosa, to 1e-4 in ln units`, async () => {
      const { data, rows, cols } = await encoder.encode(clip)
      assert.deepEqual([rows, cols], [1, 512])
      const worst = maxAbsoluteError(data, golden[name]!)
      assert.ok(worst < 1e-4, `${worst}`)
    })

  it('a clip has the same numbers alone and in a batch, and NaN reaches no other clip', async () => {
    const batch = testClips(80, 90, 18)
    const alone = await encoder.encode(batch.subarray(17 * CLIP))
    batch[5 * CLIP + 3] = Number.NaN
    const all = await encoder.encode(batch)
    assert.ok(maxAbsoluteError(all.row(17), alone.row(0)) < 1e-5)
    for (const [i, row] of [...all].entries()) assert.equal(row.every(Number.isFinite), i !== 5)
  })

  it('has the shape of an Encoder: tracks, files and many files give the same windows', () =>
    withTempDir(async (folder) => {
      const asEncoder: TrackEncoder = encoder
      assert.deepEqual([asEncoder.sampleRate, asEncoder.clipLength, asEncoder.dim], [22_050, CLIP, 512])
      const path = join(folder, 'a.wav')
      await writeFile(path, wav({ frames: Math.floor(2.5 * CLIP), sampleRate: 22_050, channels: 1 }))
      const file = await encoder.encodeFile(path)
      assert.equal(file.windows.rows, 2)
      assert.ok(Math.abs(file.times[1]! - CLIP / 22_050) < 1e-9)
      const results = []
      for await (const result of encoder.encodeFiles([path, join(folder, 'missing.wav')]))
        results.push(result)
      assert.deepEqual(results[0]!.embedding!.windows.data, file.windows.data)
      assert.equal((results[1]!.error as { code?: string }).code, 'ERR_IO')
      const short = await encoder.encodeTrack(testClip(1, 2, 1000), { normalize: true })
      assert.ok(Math.abs(Math.hypot(...short.windows.row(0)) - 1) < 1e-5)
      const out = new Float32Array(512)
      assert.equal((await encoder.encode(clips.loud!, { out })).data, out)
    }))

  it('probes and retrieval take it: tracks of one tone each are told apart', async () => {
    const tracks = Array.from({ length: 8 }, (_, i) => ({ path: `${i}.wav` }))
    const tone = (i: number, n: number) =>
      Float32Array.from({ length: n }, (_, t) => 0.3 * Math.sin((2 * Math.PI * (200 + 300 * i) * t) / 22_050))
    const labels = {
      data: Float32Array.from({ length: 16 }, (_, i) => Number(i % 2 === Math.floor(i / 8))),
      rows: 8,
      cols: 2,
    }
    const dataset = {
      tracks,
      labels,
      classes: ['low', 'high'],
      task: 'multiclass' as const,
      readTrack: async (i: number) => tone(i, 2 * CLIP),
    }
    const { raw } = await evaluateRetrieval(encoder, dataset)
    assert.equal(raw.top1, 1)
    using probe = await LinearProbe.fit({
      encoder,
      train: dataset,
      validation: dataset,
      maxEpochs: 50,
      standardise: true,
      lr: 0.01,
    })
    assert.equal((await probe.evaluate(dataset)).accuracy, 1)
  })

  it('BAD CALL - half a clip, an empty track, an aborted signal', async () => {
    await assert.rejects(encoder.encode(new Float32Array(100)), { code: 'ERR_SHAPE' })
    await assert.rejects(encoder.encodeTrack(new Float32Array(0)), { code: 'ERR_SHAPE' })
    await assert.rejects(encoder.encode(clips.loud!, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  })
})
