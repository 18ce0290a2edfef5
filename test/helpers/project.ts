import type { StateDict } from '#lib/native/binding.js'
import { forNetwork, parseTrainerOptions } from '#lib/train/options.js'
import { nativeTrainer } from '#lib/train/start.js'

/** Projections [n, D] of embeddings [n, 512] by the projector of a trainer that starts from these weights. */
export async function project(projector: StateDict, embeddings: Float32Array): Promise<Float32Array> {
  const trainer = await nativeTrainer(forNetwork(parseTrainerOptions({}, 'the test')), { projector })
  try {
    return await trainer.project(embeddings, embeddings.length / 512)
  } finally {
    trainer.dispose()
  }
}
