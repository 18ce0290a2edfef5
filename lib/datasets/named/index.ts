/**
 * Data sets by name: a descriptor each, and what they have in common.
 * in: a name, and a folder that holds the data set or takes it
 * out: its tracks with labels and splits, and where their bytes are
 */
export { DATASET_NAMES, type DatasetName, findNamed, namedDatasets } from './catalogue.js'
export type { NamedDataset, PublishedFile } from './descriptor.js'
export { type FetchProgress, fetchDataset } from './fetch.js'
export { Place } from './place.js'
export { checkScheme, findFolder, notThere, planNamed } from './plan.js'
