/**
 * Stage cache: audio is decoded once and kept as ordinary WAV files; crops are read from them at an offset.
 * in: the tracks of a folder, and their samples at the rate of the network
 * out: one 16-bit WAV file per track and `index.json`; and `Dataset`, the tracks of a cache with classes and splits
 */
export { Dataset, openDataset, type Track } from './dataset.js'
export type { DatasetProgress } from './dataset-options.js'
export { getDataset } from './get-dataset.js'
export type * from './option-types.js'
export { prepare } from './prepare.js'
export type { PrepareProgress } from './prepare-options.js'
export type { PreparePlan } from './space.js'
export { type CacheReport, verifyCache } from './store.js'
