import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { f1, LinearProbe, LogMel, Matrix } from 'clmr'
import { bestThresholds } from '#lib/evaluate/thresholds.js'
import { openTensorFile } from '#lib/formats/tensor-file.js'
import { selectHead } from '#lib/model/select-weights.js'
import { clmrEnds, clmrJson } from './helpers/command-line.js'
import { goldenPath } from './helpers/golden.js'
import { numbers } from './helpers/numbers.js'
import { withTempDir } from './helpers/temp-dir.js'
import { ToyEncoder, toyDataset } from './helpers/toy-evaluation.js'
import { withCache } from './helpers/trainings.js'

/** The tensors of a head, as they are in a checkpoint. */
async function headOf(name: string) {
  const file = await openTensorFile(goldenPath(`checkpoints/${name}`))
  const { state } = await selectHead(file)
  await file.close()
  return { tensors: state! }
}

const encoder = new ToyEncoder()
const multilabel = { task: 'multilabel', gap: 1.2 } as const

describe('732 evaluate: a probe as a file', () => {
  it('is loaded without its encoder to judge embeddings, with it to judge files; thresholds and scores stay', () =>
    withTempDir(async (folder) => {
      const train = toyDataset({ tracks: 60, seed: 1, ...multilabel })
      const validation = toyDataset({ tracks: 30, seed: 2, ...multilabel })
      using probe = await LinearProbe.fit({ encoder, train, validation, lr: 0.05 })
      const path = join(folder, 'tags.safetensors')
      await probe.save(path)
      using alone = await LinearProbe.load(path)
      using whole = await LinearProbe.load(path, { encoder })
      assert.equal(alone.dim, 8)
      assert.deepEqual(alone.classes, probe.classes)
      assert.equal(alone.thresholds!.length, 3)
      assert.deepEqual(alone.thresholds, probe.thresholds)
      const x = Matrix.from({ data: Float32Array.from({ length: 16 }, numbers(4)), rows: 2, cols: 8 })
      assert.deepEqual(await alone.predict(x), await probe.predict(x))
      await assert.rejects(alone.predictFile('0.5'), { code: 'ERR_ARGUMENT', message: /without its encoder/ })
      const over = await whole.predictOverTime('0.5')
      assert.deepEqual(over.tags, await probe.predictFile('0.5'))
      assert.equal(over.windows.rows, over.times.length)
      const [first] = over.tags
      const column = probe.classes.indexOf(first!.class)
      const mean = Array.from(over.windows, (row) => row[column]!).reduce((a, b) => a + b) / over.windows.rows
      assert.ok(Math.abs(mean - first!.probability) < 1e-6)
      const other = Object.assign(new ToyEncoder(), { dim: 9 })
      await assert.rejects(LinearProbe.load(path, { encoder: other }), { code: 'ERR_CHECKPOINT' })
      await assert.rejects(LinearProbe.load(path, { classes: ['a', 'b'] }), { code: 'ERR_CONFIG' })
    }))

  it('thresholds have the highest F1 of all cuts: oracle is every cut by hand', () => {
    const draw = numbers(11)
    const scores = Matrix.from({ data: Float32Array.from({ length: 120 }, draw), rows: 40, cols: 3 })
    const data = scores.data.map((p, i) => Number(i % 3 < 2 && p + draw() > 1.1))
    const labels = Matrix.from({ data, rows: 40, cols: 3 })
    const thresholds = bestThresholds(scores, labels)
    const column = (of: Matrix, k: number) => Array.from(of, (row) => row[k]!)
    for (const k of [0, 1]) {
      const truth = column(labels, k)
      const at = (cut: number) =>
        f1(
          column(scores, k).map((p) => Number(p >= cut)),
          truth,
        )
      const best = Math.max(...column(scores, k).map(at))
      assert.ok(Math.abs(at(thresholds[k]!) - best) < 1e-12)
    }
    assert.equal(thresholds[2], 0.5, 'no track has the class')
  })

  it("the head of CLMR's linear evaluation is a probe: its classes are named, or numbered", async () => {
    const { tensors } = await headOf('finetuner-head.ckpt')
    using probe = await LinearProbe.load(goldenPath('checkpoints/finetuner-head.ckpt'))
    assert.equal(probe.dim, 512)
    assert.equal(
      probe.classes.length,
      tensors['2.weight'] ? tensors['2.weight'].shape[0] : tensors['0.weight']!.shape[0],
    )
    assert.equal(probe.classes[1], 'class 1')
    assert.equal(probe.task, 'multilabel')
    assert.deepEqual(probe.state()['0.weight']!.data, tensors['0.weight']!.data)
    await assert.rejects(
      LinearProbe.load(goldenPath('checkpoints/finetuner-head.ckpt'), { classes: ['one'] }),
      {
        code: 'ERR_CONFIG',
      },
    )
    await assert.rejects(LinearProbe.load(goldenPath('checkpoints/bare.pt')), { code: 'ERR_CHECKPOINT' })
  })

  it('clmr evaluate --save-probe, then clmr predict: tags of each file and over time, as text, JSON and CSV', function () {
    this.timeout(60_000)
    return withCache(async (folder, cache) => {
      const [probe, song] = [join(folder, 'tags.safetensors'), join(folder, 'music', 'low', '0.wav')]
      const { f1PerClass } = await clmrJson<{ f1PerClass: number[] }>(
        ...['evaluate', '--model', 'log-mel', '--data', cache, '--standardise', '--save-probe', probe],
      )
      assert.equal(f1PerClass.length, 2)
      await writeFile(join(folder, 'broken.mp3'), 'no music')
      const args = ['predict', '--model', 'log-mel', '--probe', probe, song]
      const [first, broken] = await clmrJson<
        {
          path: string
          tags?: { class: string; probability: number }[]
          times?: number[]
          overTime?: number[][]
          error?: { code: string }
        }[]
      >(...args, join(folder, 'broken.mp3'))
      using loaded = await LinearProbe.load(probe, { encoder: new LogMel() })
      const [expected] = await loaded.predictFile(song)
      assert.equal(first!.tags![0]!.class, expected!.class)
      assert.ok(Math.abs(first!.tags![0]!.probability - expected!.probability) < 1e-4)
      assert.deepEqual(first!.times, [0])
      assert.equal(first!.overTime![0]!.length, 2)
      assert.match(broken!.error!.code, /^ERR_AUDIO/)
      const { stdout } = await clmrEnds(0, ...args, '--csv')
      const lines = stdout.trim().split('\n')
      assert.equal(lines[0], 'path,time,high,low')
      assert.match(lines[1]!, /0\.wav,,0\.\d+,0\.\d+$/)
      assert.match(lines[2]!, /0\.wav,0\.000,0\.\d+,0\.\d+$/)
    })
  })
})
