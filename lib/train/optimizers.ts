/** The functions that make optimizers: the group `optimizers` of the package. */
import { parseOptions } from '../options.js'
import { adamTable, larsTable, sgdTable } from './optimizer-tables.js'
import type {
  AdamOptimizer,
  AdamOptions,
  LarsOptimizer,
  LarsOptions,
  SgdOptimizer,
  SgdOptions,
} from './option-types.js'

/**
 * Adam (Kingma & Ba, 2015), with the same results as `torch.optim.Adam`.
 * @param options lr (3e-4), betas ([0.9, 0.999]), eps (1e-8), weightDecay (0)
 * @throws ConfigError
 */
export function adam(options: AdamOptions = {}): AdamOptimizer {
  return parseOptions(adamTable, { ...options, name: 'adam' }, 'adam')
}

/**
 * Stochastic gradient descent, with the same results as `torch.optim.SGD`.
 * @param options lr (0.01), momentum (0.9), nesterov (false), weightDecay (0)
 * @throws ConfigError
 */
export function sgd(options: SgdOptions = {}): SgdOptimizer {
  return parseOptions(sgdTable, { ...options, name: 'sgd' }, 'sgd')
}

/**
 * LARS for large batches (You, Gitman & Ginsburg, "Large Batch Training of Convolutional Networks", 2017), as SimCLR
 * uses it: the step of a layer is scaled to the norm of its weights, and momentum accumulates the scaled steps.
 * @param options lr (0.3; SimCLR takes 0.3 · batch / 256), momentum (0.9), weightDecay (1e-6), trustCoefficient
 *        (1e-3), excludeBiasAndNorm (true)
 * @throws ConfigError
 */
export function lars(options: LarsOptions = {}): LarsOptimizer {
  return parseOptions(larsTable, { ...options, name: 'lars' }, 'lars')
}
