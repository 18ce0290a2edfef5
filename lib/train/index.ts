/**
 * Stage train: an encoder learns from unlabelled music.
 *
 * in: tracks of a data set, or views [B·V, T] that the caller made
 * out: weights, updated by every step, and a run directory with config, metrics and checkpoints
 */

export * as optimizers from './optimizers.js'
export type * from './option-types.js'
export { PRESETS, preset } from './presets.js'
export type { Projector } from './projector.js'
export * as schedules from './schedules.js'
export { Trainer } from './trainer.js'
export type { BestFigure, EpochResult, StepResult, TrainingSummary } from './types.js'
