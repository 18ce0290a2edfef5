import assert from 'node:assert/strict'
import { loadModelState } from '#lib/model/load-state.js'
import { goldenPath, readGolden, relativeError } from './helpers/golden.js'
import { project } from './helpers/project.js'

describe('the projector', () => {
  it('projects as PyTorch does in float64', async () => {
    const golden = readGolden('model.safetensors')
    const { projector } = await loadModelState(goldenPath('checkpoints/plain.pt'))
    const embeddings = Float32Array.from(golden.embeddings!.data)
    const projections = await project(projector!, embeddings)
    const error = relativeError(projections, golden.projections!.data)
    assert.ok(error <= 1e-5, `relative error ${error}`)
  })

  it('works with other widths: a closed form', async () => {
    // first row picks x₀, second −x₀; ReLU keeps one of them: |x₀| as their sum
    const first = new Float32Array(2 * 512)
    first[0] = 1
    first[512] = -1
    const state = {
      '0.weight': { shape: [2, 512], data: first },
      '2.weight': { shape: [1, 2], data: Float32Array.of(1, 1) },
    }
    const x = new Float32Array(2 * 512)
    x[0] = 3
    x[512] = -4
    assert.deepEqual([...(await project(state, x))], [3, 4])
  })

  it('BAD CALL - weights that do not fit each other', async () => {
    const tensor = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)) })
    const x = new Float32Array(512)
    for (const state of [
      { '0.weight': tensor(4, 512) },
      { '0.weight': tensor(4, 100), '2.weight': tensor(2, 4) },
      { '0.weight': tensor(4, 512), '2.weight': tensor(2, 5) },
      { '0.weight': tensor(4, 512), '2.weight': tensor(2, 4), '2.bias': tensor(2) },
    ])
      await assert.rejects(project(state as never, x), { code: 'ERR_CHECKPOINT' })
  })
})
