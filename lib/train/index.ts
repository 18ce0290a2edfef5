/**
 * Stage train: an encoder learns from unlabelled music.
 *
 * in: tracks of a data set, or views [B·V, T] that the caller made
 * out: weights that follow every step, and a run directory with config, metrics and checkpoints
 */

export type { Optimizer } from './optimizer-tables.js'
export * as optimizers from './optimizers.js'
export type { TrainerConfig, TrainerOptions } from './options.js'
export { PRESETS, type PresetName, preset } from './presets.js'
export type { Projector } from './projector.js'
export type { TrainerOverrides } from './run.js'
export type { Schedule } from './schedule-tables.js'
export * as schedules from './schedules.js'
export { type FitOptions, Trainer } from './trainer.js'
export type { EpochResult, StepResult, TrainingSummary } from './types.js'
