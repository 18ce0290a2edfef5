/** What is known of a published data set. Each is one file beside this one, and one line in `catalogue.ts`. */
import type { Hash } from '../../download/download.js'
import type { LabelledFile, SkippedFile, Task } from '../tracks.js'
import type { Place } from './place.js'

export interface PublishedFile {
  url: string
  /** where it goes, below the folder of the data set; default: the last part of the URL */
  name?: string
  hash?: Hash
  /** a file fetched before this one, with lines `<sha256> <name>` */
  hashesIn?: string
  /** a tar file (also .tar.gz): its contents go into the folder of the data set, and it is removed */
  unpack?: boolean
}

/** The tracks of a data set. */
export interface NamedPlan {
  task: Task
  /** in their published order; undefined: those that the tracks have, sorted */
  classes?: readonly string[]
  files: readonly LabelledFile[]
  /** known to be unusable in what was published */
  skipped: readonly SkippedFile[]
}

export interface NamedDataset {
  readonly name: string
  /** one line */
  readonly about: string
  /** number of tracks, in words */
  readonly tracks: string
  readonly licence: string
  /** a publication that those who use the data set should name */
  readonly citation: string
  readonly homepage: string
  /** variants of labels, splits or size; the first is the default */
  readonly schemes: readonly [string, ...string[]]
  /** sub-folders of the root in which it may lie, '' for the root itself; a download goes to the first */
  readonly folders: readonly [string, ...string[]]
  /** one of these paths tells that it lies in a folder */
  readonly marks: readonly string[]
  /** what a download fetches; none: it cannot be downloaded */
  files(scheme: string): readonly PublishedFile[]
  /** about how many bytes a download has */
  bytes(scheme: string): number
  /** zip archives that are read in place, as far as they are there: each a list of its parts */
  archives?(scheme: string): readonly (readonly string[])[]
  /** how to get it, where it cannot be downloaded */
  readonly howToGet?: string
  /** in: what lies in the folder; out: the tracks with labels and splits, in the order of the publication */
  list(place: Place, scheme: string): Promise<NamedPlan>
}
