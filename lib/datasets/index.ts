/**
 * Stage datasets: which tracks there are, and what is known of each.
 * in: a folder, and labels from its sub-folders or a CSV file; or the name of a published data set
 * out: a list of tracks: path, labels, split
 */
export { DATASET_NAMES, type DatasetName } from './named/catalogue.js'
export type { FetchProgress } from './named/fetch.js'
export type { SkippedFile, Split, Task } from './tracks.js'
