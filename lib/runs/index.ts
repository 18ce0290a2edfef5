/**
 * What a training run leaves behind: a folder with config, metrics and checkpoints, which training writes, and which
 * models, reports and `clmr verify` read.
 */
export type { TrainedOn } from './data-record.js'
export { type RunReport, verifyRun } from './reader.js'
