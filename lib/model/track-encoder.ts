/** What makes vectors of audio: an `Encoder`, a `LogMel`, or one of your own. */
import type { FileSource } from '../files/source.js'
import type { MatrixData } from '../matrix.js'
import type { TrainedOn } from '../runs/data-record.js'
import type { OnWarning } from '../warnings.js'
import type { Sources } from './encode-files.js'

/** The windows of a track, as a `TrackEncoder` returns them. */
export interface TrackVectors {
  /** one row per window, [n, dim] */
  readonly windows: MatrixData
  /** the start of every window, in seconds */
  readonly times: Float64Array
  /** the mean of the windows, [dim] */
  readonly mean: Float32Array
}

/** What `encodeFiles` yields for a file: its vectors, or what was wrong with it. */
export type FileVectors<S = string> =
  | { path: S; embedding: TrackVectors; error?: undefined }
  | { path: S; error: Error; embedding?: undefined }

/** Options of a `TrackEncoder`; the defaults are those of `Encoder`. */
export interface VectorOptions {
  /** seconds from the start of one window to the next */
  hop?: number | undefined
  /** whether to scale every vector to length 1, and the mean too */
  normalize?: boolean | undefined
  /** aborts the call, which then rejects with the signal's reason */
  signal?: AbortSignal | undefined
}

/** Options of a `TrackEncoder` for a file. */
export interface FileVectorOptions extends VectorOptions {
  /** number of windows, spread evenly over the file, instead of one every `hop` seconds */
  windows?: number | undefined
  /** start of the part that is embedded, in seconds */
  from?: number | undefined
  /** end of the part that is embedded, in seconds */
  to?: number | undefined
  /** called with each warning about a file */
  onWarning?: OnWarning | undefined
}

/** Options of a `TrackEncoder` for many files. */
export interface FilesVectorOptions extends FileVectorOptions {
  /** maximum number of files that are being processed or wait to be consumed */
  concurrency?: number | undefined
}

/**
 * What probes, retrieval and `embedDataset` need of an encoder: it turns clips, tracks and files into vectors of `dim`
 * numbers. `Encoder` and `LogMel` have this interface.
 */
export interface TrackEncoder {
  /** sample rate in Hz */
  readonly sampleRate: number
  /** number of samples in a clip */
  readonly clipLength: number
  /** number of values in a vector */
  readonly dim: number
  /** The recordings that it was trained on, if they are known. */
  readonly trainedOn?: TrainedOn
  /** n · clipLength samples → [n, dim] */
  encode(clips: Float32Array, options?: Pick<VectorOptions, 'normalize' | 'signal'>): Promise<MatrixData>
  /** Embeds a track: mono samples at `sampleRate`. */
  encodeTrack(samples: Float32Array, options?: VectorOptions): Promise<TrackVectors>
  /** Decodes a file and embeds it. */
  encodeFile(source: FileSource, options?: FileVectorOptions): Promise<TrackVectors>
  /**
   * Embeds many files, in the order of `sources`. A file that cannot be read is yielded with its error, and does not
   * stop the others.
   */
  encodeFiles<S extends FileSource = string>(
    sources: Sources<S>,
    options?: FilesVectorOptions,
  ): AsyncGenerator<FileVectors<S>, void, void>
}
