/**
 * What a training leaves behind: a folder with config, metrics and checkpoints, which training writes, and which models,
 * reports and `clmr verify` read.
 */
export { type RunReport, verifyRun } from './reader.js'
