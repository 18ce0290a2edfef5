/** What makes vectors of windows, made to take clips, tracks and files: `Encoder` and `LogMel` are it. */
import { consume } from '../audio/stream.js'
import { SAMPLE_RATE } from '../clip.js'
import { ClmrError, DisposedError } from '../errors.js'
import { type ByteStream, type FileInput, type FileSource, identifySource, nameOf } from '../files/source.js'
import { Matrix } from '../matrix.js'
import { checkFloats, checkOut, checkRows } from '../native/buffers.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { Result } from '../result.js'
import { aboutFile, type OnWarning } from '../warnings.js'
import { checkApart, checkTrack, type WindowGrid, windowStarts } from './clips.js'
import { mapAhead, type Sources } from './encode-files.js'
import { fileResult } from './file-result.js'
import type {
  EncodeFileOptions,
  EncodeFilesOptions,
  EncodeOptions,
  EncodeTrackOptions,
} from './option-types.js'
import { encodeOptions, fileOptions, filesOptions, parseFileOptions, trackOptions } from './options.js'
import { type Placement, placedWindows } from './placement.js'
import { toUnitRows } from './unit.js'
import { WindowBatches } from './window-batches.js'

/** A track as a sequence of windows. */
export interface TrackEmbedding {
  /** one row per window, [n, dim] */
  windows: Matrix
  /** the start of every window, in seconds */
  times: Float64Array
  /** the mean of the windows, [dim] */
  mean: Float32Array
  /** warnings about the file, such as damage or wrong lengths; empty for samples in memory */
  warnings: string[]
}

/**
 * What `encodeFiles` yields for a file: its embedding, or the error. `path` is the source as it was given: a path, a
 * URL, a `File` or a stream. `name` is a string that describes the source and survives `structuredClone`,
 * `postMessage` and JSON; `path` does not if it is a stream or a URL.
 */
export type FileEmbedding<S = string> =
  | { path: S; name: string; embedding: TrackEmbedding; error?: undefined }
  | { path: S; name: string; error: Error; embedding?: undefined }

function meanRow({ data, rows, cols }: Matrix): Float32Array {
  const sums = new Float64Array(cols)
  for (let i = 0; i < data.length; i++) sums[i % cols]! += data[i]!
  return Float32Array.from(sums, (sum) => sum / rows)
}

/** The windows of a track as the result: `mean` is taken before anything is normalized. */
function trackEmbedding(
  windows: Matrix,
  times: Float64Array,
  normalize: boolean,
  warnings: string[] = [],
): TrackEmbedding {
  const mean = meanRow(windows)
  if (normalize) for (const vectors of [windows.data, mean]) toUnitRows(vectors, windows.cols)
  return Result.of({ windows, times, mean, warnings })
}

/** What a file is encoded with. */
interface FileSettings extends Omit<Placement, 'clipLength' | 'hop'> {
  hop?: number
  normalize: boolean
  onWarning?: OnWarning
  signal?: AbortSignal
}

/** What differs between those who encode. */
export interface WindowEncoder {
  /** samples of a window */
  clipLength: number
  /** numbers of an embedding */
  dim: number
  /** windows of `clipLength` samples at `starts`, zero past the end → [starts.length, dim], in `out` where it is given */
  encode(
    samples: Float32Array,
    starts: Float64Array,
    out?: Float32Array,
    signal?: AbortSignal,
  ): Promise<Matrix>
  /** @throws DisposedError */
  checkLive(): void
}

const clipStarts = (n: number, clipLength: number) =>
  Float64Array.from({ length: n }, (_, i) => i * clipLength)

/** out: where each clip of a batch begins, and the checked `out` */
export function checkBatch(
  clips: Float32Array,
  out: unknown,
  { clipLength, dim }: Pick<WindowEncoder, 'clipLength' | 'dim'>,
): { starts: Float64Array; out?: Float32Array } {
  const n = checkRows(clips, clipLength, 'clips')
  checkOut(out, n * dim)
  checkApart(out, clips)
  return { starts: clipStarts(n, clipLength), out }
}

/** Clips, tracks and files as windows. */
export class TrackWindows {
  readonly #encoder: WindowEncoder

  constructor(encoder: WindowEncoder) {
    this.#encoder = encoder
  }

  async encode(clips: Float32Array, options: EncodeOptions): Promise<Matrix> {
    const { out: given, normalize, signal } = parseOptions(encodeOptions, options, 'encode')
    this.#encoder.checkLive()
    const { starts, out } = checkBatch(clips, given, this.#encoder)
    const embeddings = await this.#encoder.encode(clips, starts, out, signal)
    if (normalize) toUnitRows(embeddings.data, embeddings.cols)
    return embeddings
  }

  async encodeTrack(samples: Float32Array, options: EncodeTrackOptions): Promise<TrackEmbedding> {
    const { sampleRate, hop, normalize, signal } = parseOptions(trackOptions, options, 'encodeTrack')
    this.#encoder.checkLive()
    checkFloats(samples, 'samples')
    checkTrack(samples)
    const track =
      sampleRate === SAMPLE_RATE
        ? samples
        : (await callNative(signal, (abort) =>
            native().resample(samples, sampleRate, SAMPLE_RATE, 'best', undefined, abort),
          ))!
    const starts = windowStarts(track.length, this.#gridOf(hop))
    const windows = await this.#encoder.encode(track, starts, undefined, signal)
    const times = starts.map((start) => start / SAMPLE_RATE)
    return trackEmbedding(windows, times, normalize)
  }

  /** One window after the other where nothing else is asked for. */
  #gridOf(hop: number | undefined): WindowGrid {
    const { clipLength } = this.#encoder
    return { clipLength, hop: hop ?? clipLength / SAMPLE_RATE }
  }

  #batches(signal?: AbortSignal): WindowBatches {
    const { clipLength } = this.#encoder
    return new WindowBatches(clipLength, (clips, n) =>
      this.#encoder.encode(clips, clipStarts(n, clipLength), undefined, signal),
    )
  }

  /** Decodes, resamples and encodes a file; the three stages work at the same time, on different pieces of it. */
  async #embedFile(
    file: FileInput | ByteStream,
    batches: WindowBatches,
    settings: FileSettings,
  ): Promise<TrackEmbedding> {
    const { normalize, onWarning, signal } = settings
    const rows: Promise<Float32Array>[] = []
    const times: number[] = []
    const placement = { ...settings, ...this.#gridOf(settings.hop) }
    const { warnings } = await consume(placedWindows(file, placement, signal), async ({ start, samples }) => {
      times.push(start / SAMPLE_RATE)
      rows.push((await batches.add(samples)).embedding)
    })
    const windows = Matrix.fromRows(await Promise.all(rows))
    for (const warning of warnings) onWarning?.(aboutFile(nameOf(file), warning))
    return trackEmbedding(windows, Float64Array.from(times), normalize, warnings)
  }

  async encodeFile(source: FileSource, options: EncodeFileOptions): Promise<TrackEmbedding> {
    const settings = parseFileOptions(fileOptions, options, 'encodeFile')
    this.#encoder.checkLive()
    const file = identifySource(source, 'encodeFile')
    return this.#embedFile(file, this.#batches(settings.signal), settings)
  }

  async *encodeFiles<S extends FileSource>(
    sources: Sources<S>,
    options: EncodeFilesOptions,
  ): AsyncGenerator<FileEmbedding<S>, void, void> {
    const { concurrency, ...settings } = parseFileOptions(filesOptions, options, 'encodeFiles')
    this.#encoder.checkLive()
    const batches = this.#batches(settings.signal)
    const results = mapAhead(sources, concurrency, settings.signal, (source, signal) =>
      this.#embedOrError(source, batches, { ...settings, signal }),
    )
    for await (const result of results) {
      this.#encoder.checkLive() // an encoder that was disposed meanwhile gives no more results
      yield result
    }
  }

  /** Errors of the encoder or of the call end the stream; errors of one file do not. */
  async #embedOrError<S extends FileSource>(
    path: S,
    batches: WindowBatches,
    settings: FileSettings & { signal: AbortSignal },
  ): Promise<FileEmbedding<S>> {
    try {
      const file = identifySource(path, 'encodeFiles')
      return fileResult(path, { embedding: await this.#embedFile(file, batches, settings) })
    } catch (error) {
      if (settings.signal.aborted || !(error instanceof ClmrError) || error instanceof DisposedError)
        throw error
      return fileResult(path, { error })
    }
  }
}
