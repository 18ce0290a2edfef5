import assert from 'node:assert/strict'
import { join } from 'node:path'
import {
  type ArchitectureOptions,
  CheckpointError,
  ConfigError,
  Encoder,
  inspectModel,
  optimizers,
  ShapeError,
  supervised,
  Trainer,
} from 'clmr'
import { randomEncoder } from '#lib/evaluate/random-encoder.js'
import {
  architectureIn,
  CLMR_ARCHITECTURE,
  clipLengthFor,
  encoderTensors,
  fitsClip,
} from '#lib/model/architecture.js'
import { stateOfEncoder } from '#lib/model/encoder.js'
import { loadModelState, saveModelState } from '#lib/model/load-state.js'
import { readRunMetrics } from '#lib/runs/reader.js'
import { relativeError, testClips, trainingViews } from './helpers/golden.js'
import { labelledDataset } from './helpers/labelled-dataset.js'
import { goldenNetworks, SMALL, smallProjector, smallState } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'

const complete = ({ strides, channels, clipLength }: ArchitectureOptions & { clipLength: number }) => ({
  strides,
  channels,
  clipLength,
  supervised: false,
})

/** The encoder of a golden network, by way of a file. */
async function fromFile(name: string, path: string): Promise<Encoder> {
  const architecture = complete(goldenNetworks[name]!)
  await saveModelState(path, { encoder: smallState(architecture), architecture })
  return Encoder.load(path)
}

describe('401 model: architectures', () => {
  for (const [name, golden] of Object.entries(goldenNetworks))
    it(`${name}: ${golden.strides.length + 2} layers, as plain PyTorch in float64 to 1e-5, from every format`, () =>
      withTempDir(async (folder) => {
        const clips = testClips(90, 91, 3, golden.clipLength)
        for (const file of ['x.safetensors', 'x.pt', 'x.onnx']) {
          using encoder = await fromFile(name, join(folder, file))
          assert.deepEqual(encoder.architecture, complete(golden))
          assert.deepEqual([encoder.clipLength, encoder.dim], [golden.clipLength, golden.channels.at(-1)])
          const { rows, cols, data } = await encoder.encode(clips)
          assert.deepEqual([rows, cols], [3, encoder.dim])
          const error = relativeError(data, golden.embeddings.flat())
          assert.ok(error < 1e-5, `${file}: ${error}`)
          assert.deepEqual(encoder.encodeSync(clips).data, data)
        }
      }))

  it('the strides of CLMR, SampleCNNXL and its former variants have the clips that they are named after', () => {
    assert.deepEqual(architectureIn(shapesOf(CLMR_ARCHITECTURE)), CLMR_ARCHITECTURE)
    const xl = complete({
      strides: [3, 3, 3, 3, 3, 3, 3, 3, 3],
      channels: [128, 128, 128, 256, 256, 512, 512, 1024, 1024, 2048],
      clipLength: 59049,
    })
    assert.deepEqual(architectureIn(shapesOf(xl)), xl)
    assert.equal(encoderTensors(xl).length, 77)
    assert.equal(clipLengthFor(goldenNetworks['20736']!.strides), 20736)
    assert.equal(clipLengthFor([3, 3, 3, 3, 2, 4, 4, 2, 2]), 31104)
    assert.equal(clipLengthFor(goldenNetworks['42848']!.strides), 43740)
    // four strides of 4 leave nothing of their product: the shortest length that leaves a step
    const shortest = clipLengthFor([4, 4, 4, 4])
    assert.ok(fitsClip([4, 4, 4, 4], shortest) && !fitsClip([4, 4, 4, 4], shortest - 1))
  })

  it('tracks are cut into clips of its own length, and shorter ones are padded', async () => {
    using encoder = await Encoder.create({ architecture: SMALL })
    assert.equal(encoder.allocateClips(2).length, 1458)
    const track = testClips(92, 93, 1, 3000)
    const { windows, times } = await encoder.encodeTrack(track)
    assert.deepEqual([windows.rows, windows.cols], [4, 64])
    assert.deepEqual([...times], [0, 729 / 22050, 1458 / 22050, 2187 / 22050])
    assert.deepEqual(windows.data, (await encoder.encode(track.subarray(0, 4 * 729))).data)
    const half = await encoder.encodeTrack(track.subarray(0, 300))
    const padded = new Float32Array(729)
    padded.set(track.subarray(0, 300))
    assert.deepEqual(half.windows.data, (await encoder.encode(padded)).data)
    await assert.rejects(encoder.encode(track), ShapeError)
  })

  it('a run has its layers: training, resuming, loading and starting from it need no option', () =>
    withTempDir(async (folder) => {
      const dataset = await labelledDataset(folder, [2000, 3000, 700, 5000])
      const run = join(folder, 'run')
      const options = { architecture: SMALL, dataset, validation: dataset, batchSize: 2, epochs: 2 }
      {
        await using trainer = await Trainer.create({ ...options, maxSteps: 3, runDirectory: run })
        assert.equal(trainer.config.augmenter.clipLength, 729)
        await trainer.fit()
        assert.deepEqual(trainer.encoder.architecture, SMALL)
        assert.equal((await trainer.projector.project(new Float32Array(64))).cols, 64)
      }
      {
        await using trainer = await Trainer.resume(run, { maxSteps: 4 })
        await trainer.fit()
        await assert.rejects(
          Trainer.resume(run, { architecture: SMALL } as object),
          /does not take the option "architecture"/,
        )
      }
      await using whole = await Trainer.create({ ...options, runDirectory: join(folder, 'whole') })
      await whole.fit()
      const losses = async (path: string) => (await readRunMetrics(path)).map(({ loss }) => loss)
      assert.deepEqual(await losses(run), await losses(join(folder, 'whole')))
      using encoder = await Encoder.load(run)
      assert.deepEqual(encoder.architecture, SMALL)
      using measured = await randomEncoder(dataset, { architecture: SMALL })
      assert.equal((await measured.encodeTrack(testClips(1, 2, 1, 1500))).windows.rows, 2)
      for (const from of [{ initFrom: run }, { encoder }]) {
        using next = await Trainer.create({ ...from, augmenter: { views: 2 } })
        assert.deepEqual(stateOfEncoder(next.encoder), stateOfEncoder(encoder))
        const { loss } = await next.step(trainingViews(0, 2, 2, 729))
        assert.ok(Number.isFinite(loss))
      }
      const { architecture, kernels, dim } = await inspectModel(run)
      assert.deepEqual([architecture, kernels, dim], [SMALL, 'plain', 64])
      dataset.dispose()
    }))

  it('a head, a projector and a classifier stay with it, and the classifier makes it supervised', () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'model.safetensors')
      const projector = smallProjector()
      const head = { '0.weight': { shape: [2, 64], data: new Float32Array(128).fill(0.5) } }
      await saveModelState(path, { encoder: smallState(SMALL), architecture: SMALL, projector, head })
      const model = await loadModelState(path)
      assert.deepEqual(model.projector!['0.weight']!.data, projector['0.weight']!.data)
      assert.deepEqual(model.head!['0.weight']!.data, head['0.weight'].data)
      const architecture = { ...SMALL, supervised: true }
      const objective = supervised({ classes: 2 })
      using trainer = await Trainer.create({ architecture, objective, optimizer: optimizers.adam() })
      const labels = Float32Array.from([1, 0, 0, 1])
      const { metrics } = await trainer.step(trainingViews(0, 2, 2, 729), { labels })
      assert.ok(metrics.accuracy! >= 0)
      await trainer.encoder.save(path)
      assert.equal((await loadModelState(path)).architecture.supervised, true)
      await assert.rejects(Trainer.create({ architecture }), /learns from labels/)
    }))

  it("only CLMR's own network has the fused kernels", () =>
    withTempDir(async (folder) => {
      const path = join(folder, 'x.safetensors')
      using encoder = await Encoder.create()
      await encoder.save(path)
      assert.equal((await inspectModel(path)).kernels, 'fused')
      await assert.rejects(
        Trainer.create({ architecture: SMALL, precision: 'bfloat16' }),
        /only CLMR's network is trained in bfloat16/,
      )
    }))

  it('BAD CALL - tables that make no network, and weights and views of another one', () =>
    withTempDir(async (folder) => {
      const table = { strides: [3, 3], channels: [4, 4, 4] }
      for (const [architecture, message] of [
        [
          { ...table, channels: [4, 4] },
          /channels.*expected 3 numbers, of the first layer and of each of 2 str/,
        ],
        [{ ...table, channels: [4, 0, 4] }, /architecture\.channels\.1/],
        [{ strides: [], channels: [4] }, /architecture\.strides/],
        [{ strides: [1, 3], channels: [4, 4, 4] }, /architecture\.strides\.0/],
        [{ strides: Array(9).fill(60), channels: Array(10).fill(4) }, /clip would be \d+ samples long/],
        [{ ...table, clipLength: 100 }, /do not leave one step.*27 would fit/],
        [{ ...table, kernels: [3, 3] }, /no option "architecture\.kernels"/],
      ] as [ArchitectureOptions, RegExp][])
        for (const call of [Encoder.create({ architecture }), Trainer.create({ architecture })])
          await assert.rejects(
            call,
            (error: Error) => error instanceof ConfigError && message.test(error.message),
          )
      const path = join(folder, 'x.safetensors')
      await saveModelState(path, {
        encoder: smallState(SMALL),
        architecture: SMALL,
        metadata: { clipLength: '59049' },
      })
      await assert.rejects(Encoder.load(path), (error: Error) => {
        assert.ok(error instanceof CheckpointError)
        assert.match(error.message, /clip length in its metadata does not fit.*such as 729/s)
        return true
      })
      using encoder = await Encoder.create({ architecture: SMALL })
      await assert.rejects(Trainer.create({ encoder, architecture: table }), /of another network/)
      await assert.rejects(
        Trainer.create({ encoder, augmenter: { clipLength: 730 } }),
        /views that SampleCNN/,
      )
      using trainer = await Trainer.create({ encoder })
      await assert.rejects(trainer.step(new Float32Array(4 * 59050)), ShapeError)
    }))
})

const shapesOf = (architecture: typeof CLMR_ARCHITECTURE) => {
  const shapes = new Map(encoderTensors(architecture).map(({ name, shape }) => [name, shape]))
  return (name: string) => shapes.get(name)
}
