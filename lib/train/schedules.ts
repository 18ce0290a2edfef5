/** The functions that make schedules: the group `schedules` of the package. */
import { parseOptions } from '../options.js'
import type { ConstantSchedule, CosineOptions, CosineSchedule } from './option-types.js'
import { cosineTable } from './schedule-tables.js'

/** The optimizer's learning rate at every step. */
export function constant(): ConstantSchedule {
  return { name: 'constant' }
}

/**
 * A linear warm-up, then half a cosine down (Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm
 * Restarts", 2017, without restarts). In a warm-up of w steps, step s (counted from 1) has s / w of the optimizer's
 * rate.
 * @param options warmupSteps (0), totalSteps (those of the training), floor (0, a share of the rate)
 * @throws ConfigError
 */
export function cosine(options: CosineOptions = {}): CosineSchedule {
  return parseOptions(cosineTable, { ...options, name: 'cosine' }, 'cosine')
}
