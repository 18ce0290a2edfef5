/**
 * Stage datasets: a folder of music becomes a list of tracks with labels and splits, decoded once.
 * in: a folder, and labels from its sub-folders or a CSV file
 * out: `Dataset`: tracks in a cache, their classes and their splits
 */
export { Dataset, openDataset, type Track } from './dataset.js'
export type { Task } from './labels.js'
export { type PrepareOptions, type PrepareProgress, prepare } from './prepare.js'
