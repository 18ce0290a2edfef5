import assert from 'node:assert/strict'
import { type Dataset, optimizers, Trainer, type TrainerOptions } from 'clmr'
import type { StateDict } from '#lib/native/binding.js'
import { NativeTrainer } from '#lib/train/native-trainer.js'
import { forNetwork, parseTrainerOptions } from '#lib/train/options.js'
import { hashUniform } from './helpers/golden.js'
import { SMALL, smallViews } from './helpers/small-networks.js'
import { withTempDir } from './helpers/temp-dir.js'
import { tinyDataset } from './helpers/tiny-dataset.js'

const CLIP = SMALL.clipLength

interface Outcome {
  loss: number
  gradientNorm: number
  tensors: StateDict
}

/** One SGD step on `views`: loss, gradients (momentum after the first step) and running statistics. */
async function stepOn(views: Float32Array, options: TrainerOptions): Promise<Outcome> {
  const { augmenter, ...config } = forNetwork(
    parseTrainerOptions(
      { architecture: SMALL, ...options, optimizer: optimizers.sgd({ momentum: 0.5 }) },
      'test',
    ),
  )
  const trainer = await NativeTrainer.create(
    { ...config, augmenter: { ...augmenter, transforms: [] } },
    {},
    undefined,
  )
  const rows = views.length / CLIP
  const { loss, gradientNorm } = await trainer.enqueue(undefined, (abort) =>
    trainer.stepOnViews(views, rows, 1e-3, abort),
  )
  const { tensors } = await trainer.state()
  trainer.dispose()
  return { loss, gradientNorm, tensors }
}

const gradientsOf = ({ tensors }: Outcome) =>
  Object.entries(tensors).filter(([name]) => name.endsWith('.momentum_buffer'))

/** Largest relative distance over all gradients but those of biases before batch norm, which are rounding. */
function farthest(a: Outcome, expected: (name: string) => ArrayLike<number>): number {
  let worst = 0
  for (const [name, { data }] of gradientsOf(a)) {
    if (/sequential\.\d+\.0\.bias/.test(name)) continue
    const wanted = expected(name)
    let [difference, size] = [0, 0]
    for (let i = 0; i < data.length; i++) {
      difference += (data[i]! - wanted[i]!) ** 2
      size += wanted[i]! ** 2
    }
    worst = Math.max(worst, Math.sqrt(difference / size))
  }
  return worst
}

describe('68 train: chunks (embeddings cached)', () => {
  // Where every chunk holds the same clips, the statistics of a chunk are those of the batch: what is left is the loss
  // over all and its gradient. Oracle: the step on the whole batch.
  const copies = (examples: number, chunks: number) => {
    const chunk = new Float32Array(examples * 2 * CLIP)
    for (let row = 0; row < examples * 2; row++)
      chunk.set(
        hashUniform(70 + row, CLIP).map(
          (v, i) => (0.2 + 0.1 * row) * v * Math.sin((i * (1 + (row >> 1))) / 5000),
        ),
        row * CLIP,
      )
    const views = new Float32Array(chunk.length * chunks)
    for (let i = 0; i < chunks; i++) views.set(chunk, i * chunk.length)
    return views
  }

  for (const viewNorm of ['joint', 'separate'] as const)
    it(`have the loss and the gradients of the whole batch where statistics are equal, ${viewNorm} batch norm`, async () => {
      const views = copies(2, 3)
      const options = { viewNorm, kernels: 'plain' } as const
      const whole = await stepOn(views, options)
      const chunked = await stepOn(views, { ...options, chunkSize: 2 })
      assert.ok(Math.abs(chunked.loss / whole.loss - 1) <= 1e-5, `${chunked.loss}, ${whole.loss}`)
      const worst = farthest(chunked, (name) => whole.tensors[name]!.data)
      assert.ok(worst <= 2e-3, String(worst))
    })

  it('move running statistics once a chunk: the second pass leaves them', async () => {
    const { tensors } = await stepOn(copies(2, 3), { chunkSize: 2 })
    for (let i = 0; i < 7; i++)
      assert.deepEqual([...tensors[`encoder.sequential.${i}.1.num_batches_tracked`]!.data], [3])
  })

  it('compare every example with those of the other chunks', async () => {
    const views = smallViews(0, 4)
    const chunked = await stepOn(views, { chunkSize: 2 })
    const alone = await stepOn(views, { batchSize: 2, accumulate: 2 })
    assert.ok(chunked.loss > alone.loss + 0.1, `${chunked.loss}, ${alone.loss}`) // 6 negatives instead of 2
  })

  it('leave no example to a chunk of its own, which has no batch statistics', async () => {
    const { tensors, loss } = await stepOn(smallViews(0, 5), { chunkSize: 2, viewNorm: 'separate' })
    assert.ok(Number.isFinite(loss))
    // 2 + 3 examples, a pass a view
    assert.deepEqual([...tensors['encoder.sequential.0.1.num_batches_tracked']!.data], [4])
  })

  it('that hold the whole batch change nothing, to the bit', async () => {
    const views = smallViews(0, 3)
    assert.deepEqual(await stepOn(views, { chunkSize: 3 }), await stepOn(views, {}))
  })
})

describe('68 train: accumulation', () => {
  it('takes the mean of the losses and of the gradients of its batches', async () => {
    const batches = [smallViews(0, 2), smallViews(1, 2), smallViews(2, 2)]
    const views = new Float32Array(batches[0]!.length * 3)
    for (const [i, batch] of batches.entries()) views.set(batch, i * batch.length)
    const alone = await Promise.all(batches.map((batch) => stepOn(batch, {})))
    const together = await stepOn(views, { accumulate: 3 })
    const mean = alone.reduce((sum, { loss }) => sum + loss, 0) / 3
    assert.ok(Math.abs(together.loss / mean - 1) <= 1e-6, `${together.loss}, ${mean}`)
    const worst = farthest(together, (name) =>
      alone[0]!.tensors[name]!.data.map((_, i) =>
        alone.reduce((sum, { tensors }) => sum + tensors[name]!.data[i]! / 3, 0),
      ),
    )
    assert.ok(worst <= 1e-5, String(worst))
  })

  it('a step takes as many tracks of the data set, and an epoch as many fewer steps', () =>
    withTempDir(async (folder) => {
      using dataset: Dataset = await tinyDataset(folder, Array(9).fill(800))
      const fed = { architecture: SMALL, dataset, batchSize: 2 }
      using trainer = await Trainer.create({ ...fed, accumulate: 2, maxSteps: 2 })
      assert.equal(trainer.stepsPerEpoch, 2)
      const seen: string[] = []
      for await (const { tracks } of trainer.steps()) {
        assert.equal(tracks.length, 4)
        seen.push(...tracks)
      }
      assert.equal(new Set(seen).size, 8)
      await assert.rejects(Trainer.create({ ...fed, accumulate: 5 }), /accumulate 5, 9 tracks/)
    }))

  it('BAD CALL - views that do not make equal batches', async () => {
    using trainer = await Trainer.create({ architecture: SMALL, accumulate: 2 })
    await assert.rejects(trainer.step(smallViews(0, 3)), /given 6 rows, .*in each of 2 equal batches/)
    await assert.rejects(trainer.step(smallViews(0, 2)), /given 4 rows/)
  })
})
