/** The projector in training, live. */

import { isFloats } from '../arrays.js'
import { ConfigError } from '../errors.js'
import { Matrix, type MatrixData, matrix } from '../matrix.js'
import { dimOf } from '../model/architecture.js'
import { checkRows } from '../native/buffers.js'
import { descriptorOf } from '../objective/objectives.js'
import type { NativeTrainer } from './native-trainer.js'
import type { TrainerConfig } from './option-types.js'
import type { ForNetwork } from './options.js'

/** The projector of a trainer, between encoder and objective. */
export interface Projector {
  /** number of values in a projection */
  readonly dim: number
  /**
   * Embeddings [n, dim of the encoder] to projections [n, dim], with the weights of the last finished step.
   * @throws ShapeError
   */
  project(embeddings: MatrixData | Float32Array): Promise<Matrix>
}

/** @internal @throws ConfigError if the objective has none */
export function projectorOf(
  native: NativeTrainer,
  { objective, projection, architecture }: ForNetwork<TrainerConfig>,
): Projector {
  if (descriptorOf(objective).projector === 'none')
    throw new ConfigError({
      what: `${objective.name} training has no projector`,
      remedy: 'Use `encoder`, and the classes that the checkpoint holds as head.*',
    })
  const dim = projection.out
  return {
    dim,
    async project(embeddings) {
      const data = isFloats(embeddings) ? embeddings : Matrix.from(embeddings).data
      const n = checkRows(data, dimOf(architecture), 'embeddings')
      return matrix(await native.project(data, n), n, dim)
    },
  }
}
