/** Log-mel statistics: what one would use without any network, and the measure of every trained one. */
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import type { FileSource } from '../files/source.js'
import { type Matrix, matrix } from '../matrix.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { TRAINED_ON_NOTHING, type TrainedOn } from '../runs/data-record.js'
import type { Sources } from './encode-files.js'
import type {
  EncodeFileOptions,
  EncodeFilesOptions,
  EncodeOptions,
  EncodeTrackOptions,
} from './option-types.js'
import type { TrackEncoder } from './track-encoder.js'
import { type FileEmbedding, type TrackEmbedding, TrackWindows } from './track-windows.js'

/** Mean and deviation over time, of 128 bands and of their differences from frame to frame. */
export const LOG_MEL_SIZE = 4 * 128

/**
 * Statistics of the log-mel spectrogram of a clip, with the interface of an `Encoder`. It needs no training.
 *
 * The spectrogram is librosa's `melspectrogram(sr=22050, n_fft=2048, hop_length=512, n_mels=128)`, with Slaney's mel
 * scale, as ln(1e-5 + power). The 512 numbers are the mean over time of each of the 128 bands, the standard deviation
 * of each, and then both for the differences from frame to frame.
 */
export class LogMel implements TrackEncoder, Disposable {
  /** sample rate in Hz: 22,050 */
  readonly sampleRate: number = SAMPLE_RATE
  /** number of samples in a clip: 59,049 */
  readonly clipLength: number = CLIP_LENGTH
  /** number of values in a vector: 512 */
  readonly dim: number = LOG_MEL_SIZE
  /** no recordings: it needs no training */
  readonly trainedOn: TrainedOn = TRAINED_ON_NOTHING
  readonly #windows = new TrackWindows({
    clipLength: CLIP_LENGTH,
    dim: LOG_MEL_SIZE,
    encode: encodeWindows,
    checkLive: () => {},
  })

  /**
   * Vectors of a batch.
   * @param clips n · 59,049 samples at 22,050 Hz; must not change until the promise settles
   * @returns [n, 512]
   * @throws ShapeError, ArgumentError, ConfigError, or the signal's reason
   */
  async encode(clips: Float32Array, options: EncodeOptions = {}): Promise<Matrix> {
    return this.#windows.encode(clips, options)
  }

  /**
   * Vectors of a whole track, window by window, as from `Encoder.encodeTrack`.
   * @throws ShapeError for an empty track, ArgumentError, ConfigError, or the signal's reason
   */
  async encodeTrack(samples: Float32Array, options: EncodeTrackOptions = {}): Promise<TrackEmbedding> {
    return this.#windows.encodeTrack(samples, options)
  }

  /**
   * Vectors of a file, as from `Encoder.encodeFile`.
   * @throws AudioDecodeError, AudioFormatError, IoError, ArgumentError, ConfigError, or the signal's reason
   */
  async encodeFile(source: FileSource, options: EncodeFileOptions = {}): Promise<TrackEmbedding> {
    return this.#windows.encodeFile(source, options)
  }

  /**
   * Vectors of many files, as from `Encoder.encodeFiles`.
   * @throws ArgumentError, ConfigError, or the signal's reason
   */
  async *encodeFiles<S extends FileSource = string>(
    sources: Sources<S>,
    options: EncodeFilesOptions = {},
  ): AsyncGenerator<FileEmbedding<S>, void, void> {
    yield* this.#windows.encodeFiles(sources, options)
  }

  /** Frees nothing; it exists so that `using` works as with an `Encoder`. */
  dispose(): void {}

  /** As `dispose`. */
  [Symbol.dispose](): void {}
}

async function encodeWindows(
  samples: Float32Array,
  starts: Float64Array,
  out?: Float32Array,
  signal?: AbortSignal,
): Promise<Matrix> {
  const data = await callNative(signal, (abort) => native().logMelWindows(samples, starts, abort))
  out?.set(data)
  return matrix(out ?? data, starts.length, LOG_MEL_SIZE)
}
