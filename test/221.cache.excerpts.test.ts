import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeAudio,
  Encoder,
  embedDataset,
  openDataset,
  type PreparePlan,
  prepare,
  Trainer,
  transforms,
} from 'clmr'
import { cropInside, parseExcerpts, stretchStarts } from '#lib/cache/excerpts.js'
import { planSpace } from '#lib/cache/space.js'
import { clmrJson } from './helpers/command-line.js'
import { testClip } from './helpers/golden.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tone, wav } from './helpers/wav.js'

const CLIP = 59_049
/** Networks of a few channels whose clips are no part of a stretch, or longer than it. */
const SHORTER = { strides: [4, 4, 4, 4, 4, 4], channels: [4, 4, 4, 4, 8, 8, 8] }
const LONGER = { strides: [4, 4, 4, 4, 4, 4, 4, 4], channels: [4, 4, 4, 4, 4, 4, 8, 8, 8] }

/** Two tracks, each one clip over and over: two stretches of 3 s of each. */
async function periodicExcerpts(folder: string) {
  const music = join(folder, 'music')
  await mkdir(music)
  for (let i = 0; i < 2; i++) {
    const period = testClip(500 + i, 600 + i)
    await writeFile(join(music, `${i}.wav`), wav({ frames: 4 * CLIP, value: (t) => period[t % CLIP]! }))
  }
  return prepare(music, { cache: join(folder, 'cache'), excerpts: '2x3' })
}

describe('221 cache: excerpts', () => {
  it('3x30 is three stretches of 11 clips, each in the middle of its third of the track (closed form)', () => {
    const excerpts = parseExcerpts('3x30')
    assert.deepEqual(excerpts, { count: 3, samples: 11 * CLIP })
    const length = 240 * 22_050
    const starts = stretchStarts(length, excerpts)!
    for (const [i, start] of starts.entries())
      assert.equal(start, Math.floor((length / 3) * (i + 0.5) - (11 * CLIP) / 2))
    assert.equal(stretchStarts(33 * CLIP, excerpts), undefined, 'no more than is kept: whole')
  })

  it('the stretches in the cache are those of the whole decoded file; a short track stays whole; the index says both', () =>
    withTempDir(async (folder) => {
      const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
      await mkdir(music)
      const long = wav({ sampleRate: 44_100, channels: 2, frames: 44_100 * 16, value: tone(44_100, 331) })
      await writeFile(join(music, 'long.wav'), long)
      await writeFile(join(music, 'short.wav'), wav({ frames: CLIP, value: tone(22_050, 220) }))
      const plans: PreparePlan[] = []
      using dataset = await prepare(music, { cache, excerpts: '2x3', onPlan: (plan) => plans.push(plan) })
      const [track, whole] = dataset.tracks
      assert.deepEqual([track!.samples, track!.stretch], [2 * CLIP, CLIP])
      assert.deepEqual([whole!.samples, whole!.stretch], [CLIP, undefined])
      const { samples } = await decodeAudio(join(music, 'long.wav'))
      const kept = await dataset.readTrack(0)
      for (const [i, start] of stretchStarts(samples.length, parseExcerpts('2x3'))!.entries()) {
        const expected = samples.subarray(start, start + CLIP)
        const error = kept.subarray(i * CLIP, (i + 1) * CLIP).map((x, j) => Math.abs(x - expected[j]!))
        assert.ok(Math.max(...error) <= 1 / 65_534 + 1e-7, `stretch ${i}: ${Math.max(...error)}`)
      }
      assert.equal(plans[0]!.files, 2)
      assert.ok(plans[0]!.bytes > 0 && plans[0]!.free > plans[0]!.bytes)
      const index = JSON.parse(await readFile(join(cache, 'index.json'), 'utf8'))
      assert.deepEqual([index.excerpts, index.tracks[0].stretch], ['2x3', CLIP])
      using opened = await openDataset(cache)
      assert.equal(opened.tracks[0]!.stretch, CLIP)
      const { seconds } = await clmrJson('prepare', music, '--cache', cache)
      assert.ok((seconds as number) > 18, 'other excerpts are decoded anew')
    }))

  it('of a compressed file the stretches are cut out of what was decoded: oracle is the same sound as WAVE', () =>
    withTempDir(async (folder) => {
      const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
      await mkdir(music)
      const bytes = wav({ sampleRate: 22_050, frames: 5 * CLIP, value: tone(22_050, 440) })
      await writeFile(join(music, 'a.wav'), bytes)
      // a length that is left open: the file has to be decoded as a whole
      const open = Buffer.from(bytes)
      open.writeUInt32LE(0xffffffff, 40)
      await writeFile(join(music, 'b.wav'), open)
      using dataset = await prepare(music, { cache, excerpts: '2x3' })
      assert.deepEqual(await dataset.readTrack(1), await dataset.readTrack(0))
      assert.deepEqual(
        dataset.tracks.map(({ stretch }) => stretch),
        [CLIP, CLIP],
      )
    }))

  it('crops never cross from one stretch to the next: where both stretches are equal, a training sees that clip alone', () =>
    withTempDir(async (folder) => {
      using dataset = await periodicExcerpts(folder)
      const clips = await Promise.all([0, 1].map((i) => dataset.readTrack(i)))
      for (const clip of clips) assert.deepEqual(clip.subarray(CLIP), clip.subarray(0, CLIP))
      const options = {
        batchSize: 2,
        seed: 5,
        maxSteps: 1,
        augmenter: { transforms: [transforms.randomCrop()] },
      }
      await using fromCache = await Trainer.create({ ...options, dataset })
      const { finalLoss } = await fromCache.fit()
      const views = new Float32Array(4 * CLIP)
      for (let row = 0; row < 4; row++) views.set(clips[row >> 1]!.subarray(0, CLIP), row * CLIP)
      await using fromViews = await Trainer.create(options)
      const { loss } = await fromViews.step(views)
      assert.ok(Math.abs(loss - finalLoss) < 1e-5, `${finalLoss} instead of ${loss}`)
    }))

  it('a crop that would cross into the next stretch moves back; in a stretch shorter than a clip it is all of it', () => {
    const samples = Float32Array.from({ length: 9 }, (_, i) => i)
    const crops = [0, 1, 2, 3, 5, 7].map((start) => [...cropInside(samples, start, 2, 3)])
    const places = [0, 1, 1, 3, 4, 7]
    assert.deepEqual(
      crops,
      places.map((start) => [start, start + 1]),
    )
    assert.deepEqual([...cropInside(samples, 5, 2, undefined)], [5, 6])
    assert.deepEqual([...cropInside(samples, 4, 5, 3)], [3, 4, 5])
  })

  it('windows of networks with other clips stay in their stretches: oracle is every stretch encoded by itself', () =>
    withTempDir(async (folder) => {
      const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
      await mkdir(music)
      const sound = testClip(510, 610, 5 * CLIP)
      await writeFile(join(music, 'a.wav'), wav({ frames: 5 * CLIP, value: (t) => sound[t]! }))
      using dataset = await prepare(music, { cache, excerpts: '2x3' })
      const track = await dataset.readTrack(0)
      for (const [architecture, clipLength, windows] of [
        [SHORTER, 16_383, 6],
        [LONGER, 262_143, 2],
      ] as const) {
        using encoder = await Encoder.create({ seed: 3, architecture })
        assert.equal(encoder.clipLength, clipLength)
        const { embeddings, trackMeans } = await embedDataset(encoder, dataset, { cache: false })
        const parts = [0, 1].map((i) => encoder.encodeTrack(track.subarray(i * CLIP, (i + 1) * CLIP)))
        const expected = (await Promise.all(parts)).flatMap((part) => [...part.windows])
        assert.deepEqual([...embeddings], expected)
        assert.equal(expected.length, windows)
        const mean = expected[0]!.map((_, k) => expected.reduce((sum, row) => sum + row[k]!, 0) / windows)
        assert.deepEqual(trackMeans.row(0), mean)
      }
    }))

  it('a stretch shorter than the clip of a network is padded with zeros in a training, as a short track is', () =>
    withTempDir(async (folder) => {
      using dataset = await periodicExcerpts(folder)
      const options = {
        ...{ batchSize: 2, seed: 5, maxSteps: 1, architecture: LONGER },
        augmenter: { transforms: [transforms.randomCrop()] },
      }
      await using fromCache = await Trainer.create({ ...options, dataset })
      const { finalLoss } = await fromCache.fit()
      const views = new Float32Array(4 * 262_143)
      for (let row = 0; row < 4; row++)
        views.set((await dataset.readTrack(row >> 1)).subarray(0, CLIP), row * 262_143)
      await using fromViews = await Trainer.create(options)
      const { loss } = await fromViews.step(views)
      assert.ok(Math.abs(loss - finalLoss) < 1e-5, `${finalLoss} instead of ${loss}`)
    }))

  it('BAD CALL - what cannot fit is refused before the work begins; a misspelt --excerpts', () =>
    withTempDir(async (folder) => {
      const size = 1e18
      const source = { root: folder, stat: async () => ({ size, mtimeMs: 0 }), open: async () => folder }
      await assert.rejects(planSpace(source, ['a.mp3'], folder, undefined), {
        code: 'ERR_IO',
        message: /do not fit .*--excerpts 3x30/s,
      })
      assert.ok((await planSpace(source, ['a.mp3'], folder, '3x30')).bytes <= 3 * 30 * 44_100)
      await assert.rejects(prepare(folder, { cache: join(folder, 'c'), excerpts: '3*30' }), {
        code: 'ERR_CONFIG',
        message: /3x30/,
      })
    }))
})
