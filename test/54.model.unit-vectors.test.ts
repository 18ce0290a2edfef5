import assert from 'node:assert/strict'
import { Encoder, embedDataset, type Matrix, nearest } from 'clmr'
import { toUnitRows } from '#lib/model/unit.js'
import { testClip } from './helpers/golden.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'
import { wav } from './helpers/wav.js'

const CLIP = 59_049
const norm = (row: Iterable<number>) => Math.hypot(...row)

/** Oracle: each number over the length of its row, in double precision. */
function assertUnit(actual: Matrix, raw: Matrix): void {
  assert.equal(actual.rows, raw.rows)
  for (let i = 0; i < raw.rows; i++) {
    const length = norm(raw.row(i))
    assert.ok(Math.abs(norm(actual.row(i)) - 1) < 1e-6)
    for (const [k, value] of actual.row(i).entries())
      assert.ok(Math.abs(value - raw.row(i)[k]! / length) < 1e-6)
  }
}

describe('54 model: unit vectors', () => {
  let encoder: Encoder
  before(async () => {
    encoder = await Encoder.create()
  })
  after(() => encoder.dispose())

  it('normalize: true gives embeddings of length 1 from every call: oracle is the embedding without it', async () => {
    const clips = new Float32Array([...testClip(1, 300, CLIP), ...testClip(2, 900, CLIP)])
    const raw = await encoder.encode(clips)
    assertUnit(await encoder.encode(clips, { normalize: true }), raw)
    assertUnit(encoder.encodeSync(clips, { normalize: true }), raw)
    const out = new Float32Array(2 * 512)
    const filled = await encoder.encode(clips, { normalize: true, out })
    assert.equal(filled.data, out)
    assertUnit(filled, raw)
    const again = new Float32Array(2 * 512)
    encoder.encodeSync(clips, { normalize: true, out: again })
    assert.deepEqual(again, out)
  })

  it('the mean of a track keeps its direction: oracle is the mean without it', async () => {
    const track = testClip(3, 500, 3 * CLIP)
    const file = wav({ frames: track.length, bits: 32, float: true, value: (i) => track[i]! })
    const raw = await encoder.encodeTrack(track)
    const results = [
      await encoder.encodeTrack(track, { normalize: true }),
      await encoder.encodeFile(file, { normalize: true }),
    ]
    for await (const { embedding } of encoder.encodeFiles([file], { normalize: true }))
      results.push(embedding!)
    for (const { windows, mean } of results) {
      assertUnit(windows, raw.windows)
      const length = norm(raw.mean)
      for (const [k, value] of mean.entries()) assert.ok(Math.abs(value - raw.mean[k]! / length) < 1e-6)
    }
  })

  it('embedDataset too, so that neighbours stay the same: oracle is the search without it', async () => {
    const toy = new ToyEncoder()
    const dataset = toyDataset({ tracks: 12 })
    const raw = await embedDataset(toy, dataset)
    const unit = await embedDataset(toy, dataset, { normalize: true })
    assertUnit(unit.embeddings, raw.embeddings)
    assertUnit(unit.trackMeans, raw.trackMeans)
    const [a, b] = [raw.trackMeans, unit.trackMeans]
    assert.deepEqual((await nearest(b, b, 5)).indices, (await nearest(a, a, 5)).indices)
  })

  it('a vector of zeros stays zeros, very small and very large ones become unit vectors', () => {
    const rows = Float32Array.of(0, 0, 3e-30, 4e-30, 3e30, 4e30)
    toUnitRows(rows, 2)
    for (const [i, value] of [0, 0, 0.6, 0.8, 0.6, 0.8].entries())
      assert.ok(Math.abs(rows[i]! - value) < 1e-6)
  })
})
