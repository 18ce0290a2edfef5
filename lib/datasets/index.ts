/**
 * Stage datasets: which tracks there are, and what is known of each.
 * in: a folder, and labels from its sub-folders or a CSV file
 * out: a list of tracks: path, labels, split
 */
export type { SkippedFile, Split, Task } from './tracks.js'
