/** SampleCNN as an embedder: clips, tracks and files → vectors of 512 numbers. */
import { consume, decodeStream } from '../audio/stream.js'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { ClmrError, DisposedError } from '../errors.js'
import { Matrix, matrix } from '../matrix.js'
import type { EncoderHandle, StateDict } from '../native/binding.js'
import { checkFloats, checkOut, checkRows } from '../native/buffers.js'
import { callNative, callNativeSync } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { Result } from '../result.js'
import { TRAINED_ON_NOTHING, type TrainedOn } from '../runs/data-record.js'
import { EMBEDDING_DIM } from './architecture.js'
import { checkApart, checkTrack, WindowCutter, windowStarts } from './clips.js'
import { checkPath, mapAhead, type Paths } from './encode-files.js'
import { loadModelState, saveModelState } from './load-state.js'
import {
  type EncodeFileOptions,
  type EncodeFilesOptions,
  type EncodeOptions,
  type EncoderLoadOptions,
  type EncoderOptions,
  type EncodeTrackOptions,
  encodeOptions,
  encoderOptions,
  encodeSyncOptions,
  fileOptions,
  filesOptions,
  loadOptions,
  trackOptions,
} from './options.js'
import { WindowBatches } from './window-batches.js'

/** A track as a sequence of windows. */
export interface TrackEmbedding {
  /** [n, 512]: a row for each window */
  windows: Matrix
  /** the start of every window, seconds */
  times: Float64Array
  /** [512]: the mean of the windows */
  mean: Float32Array
  /** what there is to know about the file: damage, lengths that were wrong; empty for samples in memory */
  warnings: string[]
}

/** What encodeFiles yields: an embedding, or what was wrong with that file. */
export type FileEmbedding =
  | { path: string; embedding: TrackEmbedding; error?: undefined }
  | { path: string; error: Error; embedding?: undefined }

function meanRow({ data, rows, cols }: Matrix): Float32Array {
  const sums = new Float64Array(cols)
  for (let i = 0; i < data.length; i++) sums[i % cols]! += data[i]!
  return Float32Array.from(sums, (sum) => sum / rows)
}

let wrapHandle: (handle: EncoderHandle, trainedOn: TrainedOn) => Encoder
let copyState: (encoder: Encoder) => StateDict

/**
 * The encoder of CLMR: SampleCNN in evaluation mode, from 59,049 samples at 22,050 Hz (2.678 s) to 512 numbers.
 *
 * The bits of an embedding depend on its clip alone: neither on the rest of the batch
 * nor on the number of threads. NaN or infinity in a clip makes its own embedding NaN and reaches no other.
 *
 * Source: Lee et al., "SampleCNN" (2018); Spijkervet & Burgoyne, "Contrastive learning of musical representations"
 * (ISMIR 2021).
 */
export class Encoder implements Disposable {
  static {
    wrapHandle = (handle, trainedOn) => new Encoder(handle, trainedOn)
    copyState = (encoder) => callNativeSync(() => native().encoderState(encoder.#live()))
  }

  /** Hz that the network was trained at: 22,050 */
  readonly sampleRate: number = SAMPLE_RATE
  /** samples of a clip: 59,049 */
  readonly clipLength: number = CLIP_LENGTH
  /** numbers of an embedding: 512 */
  readonly dim: number = EMBEDDING_DIM
  /** The recordings that the weights were trained on, as far as the run that they come from says it. */
  readonly trainedOn: TrainedOn
  readonly #handle: EncoderHandle

  private constructor(handle: EncoderHandle, trainedOn: TrainedOn) {
    this.#handle = handle
    this.trainedOn = trainedOn
  }

  /**
   * New weights, drawn as PyTorch draws them (kaiming-uniform).
   * @param options seed (42), device ('auto'), precision ('float32')
   * @throws ConfigError; DeviceError where the device is not there
   */
  static async create(options: EncoderOptions = {}): Promise<Encoder> {
    const { seed, device, precision } = parseOptions(encoderOptions, options, 'Encoder.create')
    const handle = await callNative(undefined, () => native().encoderCreate(seed, { device, precision }))
    return new Encoder(handle, TRAINED_ON_NOTHING)
  }

  /**
   * Loads a model: .safetensors, .ckpt, .pt or .pth of PyTorch (read, never executed), or a run directory. The format
   * is recognised by content. Remarks about the file are emitted as warnings of the process.
   * @throws IoError, CheckpointError, ConfigError, DeviceError
   */
  static async load(path: string, options: EncoderLoadOptions = {}): Promise<Encoder> {
    const { device, precision } = parseOptions(loadOptions, options, 'Encoder.load')
    const { encoder, warnings, trainedOn } = await loadModelState(path)
    for (const warning of warnings) process.emitWarning(`${path}: ${warning}`, 'ClmrWarning')
    const handle = await callNative(undefined, () =>
      native().encoderFromState(encoder, { device, precision }),
    )
    return new Encoder(handle, trainedOn)
  }

  /** The device that 'auto' resolved to: 'cpu', 'cuda:0' … */
  get device(): string {
    return callNativeSync(() => native().encoderDevice(this.#live()))
  }

  get disposed(): boolean {
    return callNativeSync(() => native().isDisposed(this.#handle))
  }

  #live(): EncoderHandle {
    if (!this.disposed) return this.#handle
    throw new DisposedError({ what: 'the encoder was disposed', remedy: 'Make or load a new one' })
  }

  async #encodeWindows(
    samples: Float32Array,
    starts: Float64Array,
    out?: Float32Array,
    signal?: AbortSignal,
  ): Promise<Matrix> {
    const handle = this.#live()
    const data = await callNative(signal, (abort) =>
      native().encodeWindows(handle, samples, starts, out, abort),
    )
    return matrix(out ?? data!, starts.length, EMBEDDING_DIM)
  }

  /** out: where each clip of a batch begins, and the checked `out` */
  #checkBatch(clips: Float32Array, out: unknown): { starts: Float64Array; out?: Float32Array } {
    const n = checkRows(clips, CLIP_LENGTH, 'clips')
    checkOut(out, n * EMBEDDING_DIM)
    checkApart(out, clips)
    return { starts: Float64Array.from({ length: n }, (_, i) => i * CLIP_LENGTH), out }
  }

  /**
   * Embeds a batch.
   * @param clips n · 59,049 samples at 22,050 Hz; must not change until the promise settles
   * @returns [n, 512]
   * @throws ShapeError, ArgumentError, ConfigError, DisposedError, or the signal's reason
   */
  async encode(clips: Float32Array, options: EncodeOptions = {}): Promise<Matrix> {
    const { out: given, signal } = parseOptions(encodeOptions, options, 'encode')
    this.#live()
    const { starts, out } = this.#checkBatch(clips, given)
    return this.#encodeWindows(clips, starts, out, signal)
  }

  /** As `encode`, on the calling thread, which waits: for worker threads and scripts. */
  encodeSync(clips: Float32Array, options: { out?: Float32Array } = {}): Matrix {
    const { out: given } = parseOptions(encodeSyncOptions, options, 'encodeSync')
    const handle = this.#live()
    const { starts, out } = this.#checkBatch(clips, given)
    const data = callNativeSync(() => native().encodeWindowsSync(handle, clips, starts, out))
    return matrix(out ?? data!, starts.length, EMBEDDING_DIM)
  }

  /**
   * Embeds a whole track, window by window. A track shorter than a clip is padded with zeros; what remains behind the
   * last whole window of a longer one is left out, as CLMR does.
   * @param samples mono, full scale ±1; must not change until the promise settles
   * @throws ShapeError for an empty track, ArgumentError, ConfigError, DisposedError, or the signal's reason
   */
  async encodeTrack(samples: Float32Array, options: EncodeTrackOptions = {}): Promise<TrackEmbedding> {
    const { sampleRate, hop, signal } = parseOptions(trackOptions, options, 'encodeTrack')
    this.#live()
    checkFloats(samples, 'samples')
    checkTrack(samples)
    const track =
      sampleRate === SAMPLE_RATE
        ? samples
        : await callNative(signal, (abort) =>
            native().mixAndResample([samples], sampleRate, SAMPLE_RATE, 'best', abort),
          )
    const starts = windowStarts(track.length, hop)
    const windows = await this.#encodeWindows(track, starts, undefined, signal)
    const times = starts.map((start) => start / SAMPLE_RATE)
    return Result.of({ windows, times, mean: meanRow(windows), warnings: [] })
  }

  #batches(signal?: AbortSignal): WindowBatches {
    return new WindowBatches((clips, n) =>
      this.#encodeWindows(
        clips,
        Float64Array.from({ length: n }, (_, i) => i * CLIP_LENGTH),
        undefined,
        signal,
      ),
    )
  }

  /** Decodes, resamples and encodes a file; the three stages work at the same time, on different pieces of it. */
  async #embedFile(
    path: string,
    batches: WindowBatches,
    hop: number,
    signal?: AbortSignal,
  ): Promise<TrackEmbedding> {
    const cutter = new WindowCutter(hop)
    const rows: Promise<Float32Array>[] = []
    const add = async (windows: Float32Array[]) => {
      for (const window of windows) rows.push((await batches.add(window)).embedding)
    }
    const { warnings } = await consume(decodeStream(path, SAMPLE_RATE, signal), (samples) =>
      add(cutter.push(samples)),
    )
    await add(cutter.finish())
    const windows = Matrix.fromRows(await Promise.all(rows))
    const times = Float64Array.from(rows, (_, i) => cutter.timeOf(i))
    return Result.of({ windows, times, mean: meanRow(windows), warnings })
  }

  /**
   * Decodes a file (wav, mp3, flac, ogg) and embeds it as `encodeTrack` does, while it is being decoded: a recording
   * of ten hours takes no more memory than one of a minute.
   * @throws AudioDecodeError, AudioFormatError, IoError, ConfigError, DisposedError, or the signal's reason
   */
  async encodeFile(path: string, options: EncodeFileOptions = {}): Promise<TrackEmbedding> {
    const { hop, signal } = parseOptions(fileOptions, options, 'encodeFile')
    this.#live()
    checkPath(path)
    return this.#embedFile(path, this.#batches(signal), hop, signal)
  }

  /**
   * Embeds many files, in the order of `paths`. Files are decoded, resampled and encoded at the same time, and the
   * windows of several files form a batch. A file that cannot be read comes as `{ path, error }` and the stream goes
   * on. Memory holds seconds of each file that is worked on, however long it is, and 2 kB a window.
   * @param paths an iterable or async iterable; closed when the consumer stops early; its errors are passed on
   * @throws ArgumentError, ConfigError, DisposedError, or the signal's reason
   */
  async *encodeFiles(
    paths: Paths,
    options: EncodeFilesOptions = {},
  ): AsyncGenerator<FileEmbedding, void, void> {
    const { concurrency, hop, signal } = parseOptions(filesOptions, options, 'encodeFiles')
    this.#live()
    const batches = this.#batches(signal)
    const results = mapAhead(paths, concurrency, signal, (path, stop) =>
      this.#embedOrError(path, batches, hop, stop),
    )
    for await (const result of results) {
      this.#live() // an encoder that was disposed meanwhile gives no more results
      yield result
    }
  }

  /** Errors of the encoder or of the call end the stream; errors of one file do not. */
  async #embedOrError(
    path: string,
    batches: WindowBatches,
    hop: number,
    signal: AbortSignal,
  ): Promise<FileEmbedding> {
    try {
      checkPath(path)
      return { path, embedding: await this.#embedFile(path, batches, hop, signal) }
    } catch (error) {
      if (signal.aborted || !(error instanceof ClmrError) || error instanceof DisposedError) throw error
      return { path, error }
    }
  }

  /**
   * Writes the weights, as a whole or not at all; the extension says the format: .safetensors (also without one), .pt.
   * @throws IoError, ArgumentError for another extension, DisposedError
   */
  async save(path: string): Promise<void> {
    await saveModelState(path, { encoder: copyState(this) })
  }

  /** Frees the native memory once the calls in flight are done. May be called twice. */
  dispose(): void {
    callNativeSync(() => native().dispose(this.#handle))
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** @internal An Encoder around a handle of the trainer's. */
export const encoderOfHandle = (handle: EncoderHandle, trainedOn: TrainedOn): Encoder =>
  wrapHandle(handle, trainedOn)

/** @internal A copy of the weights and buffers. */
export const stateOfEncoder = (encoder: Encoder): StateDict => copyState(encoder)
