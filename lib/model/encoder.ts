/** SampleCNN as an embedder: clips, tracks and files → vectors. */
import type { z } from 'zod'
import { checkPath, MADE_HERE, refuseNew } from '../arguments.js'
import { SAMPLE_RATE } from '../clip.js'
import { DisposedError } from '../errors.js'
import { type FileInput, type FileSource, nameOf } from '../files/source.js'
import { type Matrix, matrix } from '../matrix.js'
import type { EncoderHandle, StateDict } from '../native/binding.js'
import { callNative, callNativeSync } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { TRAINED_ON_NOTHING, type TrainedOn } from '../runs/data-record.js'
import { aboutFile, tellWarning } from '../warnings.js'
import { dimOf, nativeArchitecture } from './architecture.js'
import { allocateClipsOf } from './clips.js'
import type { Sources } from './encode-files.js'
import { loadModelState, saveModelState } from './load-state.js'
import { locateModel, locateNamed } from './locate.js'
import type {
  Architecture,
  EncodeFileOptions,
  EncodeFilesOptions,
  EncodeOptions,
  EncoderLoadOptions,
  EncoderOptions,
  EncodeSyncOptions,
  EncodeTrackOptions,
} from './option-types.js'
import { encoderOptions, encodeSyncOptions, loadOptions } from './options.js'
import type { TrackEncoder } from './track-encoder.js'
import { checkBatch, type FileEmbedding, type TrackEmbedding, TrackWindows } from './track-windows.js'
import { toUnitRows } from './unit.js'

let wrapHandle: (handle: EncoderHandle, architecture: Architecture, trainedOn: TrainedOn) => Encoder
let copyState: (encoder: Encoder) => StateDict

/**
 * The encoder of CLMR: SampleCNN in evaluation mode, from 59,049 samples at 22,050 Hz (2.678 s) to 512 numbers; with
 * other layers, from `clipLength` samples to `dim` numbers.
 *
 * The bits of an embedding depend on its clip alone: neither on the rest of the batch nor on the number of threads.
 * NaN or infinity in a clip makes its own embedding NaN, and no other.
 *
 * Source: Lee et al., "SampleCNN" (2018); Spijkervet & Burgoyne, "Contrastive learning of musical representations"
 * (ISMIR 2021).
 */
export class Encoder implements TrackEncoder, Disposable {
  static {
    wrapHandle = (handle, architecture, trainedOn) => new Encoder(MADE_HERE, handle, architecture, trainedOn)
    copyState = (encoder) => callNativeSync(() => native().encoderState(encoder.#live()))
  }

  /** sample rate in Hz that the network was trained at: 22,050 */
  readonly sampleRate: number = SAMPLE_RATE
  /** number of samples in a clip: 59,049 for CLMR's network */
  readonly clipLength: number
  /** number of values in an embedding: 512 for CLMR's network */
  readonly dim: number
  /** the layers of the network */
  readonly architecture: Architecture
  /** The recordings that the weights were trained on, as far as they are known. */
  readonly trainedOn: TrainedOn
  readonly #handle: EncoderHandle
  readonly #windows: TrackWindows

  private constructor(
    token: typeof MADE_HERE,
    handle: EncoderHandle,
    architecture: Architecture,
    trainedOn: TrainedOn,
  ) {
    refuseNew(token, 'Encoder', 'Encoder.create() or Encoder.load()')
    this.#handle = handle
    this.architecture = architecture
    this.clipLength = architecture.clipLength
    this.dim = dimOf(architecture)
    this.#windows = new TrackWindows({
      clipLength: this.clipLength,
      dim: this.dim,
      encode: (samples, starts, out, signal) => this.#encodeWindows(samples, starts, out, signal),
      checkLive: () => this.#live(),
    })
    this.trainedOn = trainedOn
  }

  /**
   * New weights, drawn as PyTorch draws them (kaiming-uniform).
   * @param options seed (42), device ('auto'), precision ('float32'), architecture (CLMR's)
   * @throws ConfigError; DeviceError if the device is not there
   */
  static async create(options: EncoderOptions = {}): Promise<Encoder> {
    const { seed, architecture, ...where } = parseOptions(encoderOptions, options, 'Encoder.create')
    const handle = await callNative(undefined, () =>
      native().encoderCreate(seed, { architecture: nativeArchitecture(architecture), ...where }),
    )
    return new Encoder(MADE_HERE, handle, architecture, TRAINED_ON_NOTHING)
  }

  /**
   * Loads a model: .safetensors, .ckpt, .pt or .pth of PyTorch (read, never executed), .onnx, a model folder that
   * `clmr export` wrote, or a run directory. The format is recognised by content, and the layers of the network by
   * the tensors in it.
   *
   * A model file at an http(s) address, or a published checkpoint such as `clmr-10000`, is downloaded once into the
   * user's cache; interrupted downloads resume. With CLMR_OFFLINE=1, nothing is downloaded.
   * @param source a path, an address, a name, or the bytes of a file in any form; a stream is collected in memory
   * @param options device ('auto'), precision ('float32'), sha256 of the file at an address, onWarning (by default,
   *        warnings go to `process.emitWarning`), signal
   * @throws IoError, CheckpointError, ArgumentError, ConfigError, DeviceError, ClmrError ERR_DOWNLOAD, or the
   *        signal's reason
   */
  static async load(source: FileSource, options: EncoderLoadOptions = {}): Promise<Encoder> {
    const settings = parseOptions(loadOptions, options, 'Encoder.load')
    return Encoder.#open(await locateModel(source, 'Encoder.load', settings), settings)
  }

  /**
   * Loads published weights by name: those of an installed npm package (`clmr-small` is in `@clmr/weights-small`), or
   * a published checkpoint, which is downloaded as in `load`.
   * @param name `clmr-small` (the default), or the name of a published checkpoint
   * @param options as for `load`
   * @throws CheckpointError if the package is not installed; ArgumentError for an unknown name; and the errors of
   *        `load`
   */
  static async pretrained(name = 'clmr-small', options: EncoderLoadOptions = {}): Promise<Encoder> {
    const settings = parseOptions(loadOptions, options, 'Encoder.pretrained')
    return Encoder.#open(await locateNamed(name, settings), settings)
  }

  static async #open(
    file: FileInput,
    { device, precision, tf32, onWarning }: z.output<typeof loadOptions>,
  ): Promise<Encoder> {
    const { encoder, architecture, warnings, trainedOn } = await loadModelState(file)
    for (const warning of warnings) tellWarning(aboutFile(nameOf(file), warning), onWarning)
    const handle = await callNative(undefined, () =>
      native().encoderFromState(encoder, {
        architecture: nativeArchitecture(architecture),
        device,
        precision,
        tf32,
      }),
    )
    return new Encoder(MADE_HERE, handle, architecture, trainedOn)
  }

  /**
   * Zeroed memory for n clips, as from the function `allocateClips`.
   * @param n 1 or more
   * @returns n · clipLength samples
   * @throws ArgumentError
   */
  allocateClips(n: number): Float32Array {
    return allocateClipsOf(this.clipLength, n)
  }

  /** The device that 'auto' resolved to: 'cpu', 'cuda:0' … */
  get device(): string {
    return callNativeSync(() => native().encoderDevice(this.#live()))
  }

  /** Whether `dispose` was called. */
  get disposed(): boolean {
    return callNativeSync(() => native().isDisposed(this.#handle))
  }

  #live(): EncoderHandle {
    if (!this.disposed) return this.#handle
    throw new DisposedError({ what: 'the encoder was disposed', remedy: 'Load a new one' })
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
    return matrix(out ?? data!, starts.length, this.dim)
  }

  /**
   * Embeds a batch.
   * @param clips n · clipLength samples at 22,050 Hz; must not change until the promise settles
   * @returns [n, dim]
   * @throws ShapeError, ArgumentError, ConfigError, DisposedError, or the signal's reason
   */
  async encode(clips: Float32Array, options: EncodeOptions = {}): Promise<Matrix> {
    return this.#windows.encode(clips, options)
  }

  /** As `encode`, but it blocks the calling thread. It is meant for worker threads and scripts. */
  encodeSync(clips: Float32Array, options: EncodeSyncOptions = {}): Matrix {
    const { out: given, normalize } = parseOptions(encodeSyncOptions, options, 'encodeSync')
    const handle = this.#live()
    const { starts, out } = checkBatch(clips, given, this)
    const made = callNativeSync(() => native().encodeWindowsSync(handle, clips, starts, out))
    const data = out ?? made!
    if (normalize) toUnitRows(data, this.dim)
    return matrix(data, starts.length, this.dim)
  }

  /**
   * Embeds a whole track, window by window. A track shorter than a clip is padded with zeros. In a longer track,
   * samples at the end that do not fill a window are left out, as in CLMR.
   * @param samples mono, full scale ±1; must not change until the promise settles
   * @throws ShapeError for an empty track, ArgumentError, ConfigError, DisposedError, or the signal's reason
   */
  async encodeTrack(samples: Float32Array, options: EncodeTrackOptions = {}): Promise<TrackEmbedding> {
    return this.#windows.encodeTrack(samples, options)
  }

  /**
   * Decodes a file (wav, mp3, flac, ogg …) and embeds it as `encodeTrack` does, while it is being decoded. Memory
   * grows by only 2 kB per window, however long the recording. With `windows`, `from` or `to`, only the needed parts of
   * wav, aiff and au files are decoded; other formats are decoded up to the end of the last part, and streams are
   * collected in memory.
   * @param source a path, or the file in any other form: bytes, a `Blob`, a stream
   * @throws AudioDecodeError, AudioFormatError, IoError, ArgumentError, ConfigError, DisposedError, or the signal's
   *        reason
   */
  async encodeFile(source: FileSource, options: EncodeFileOptions = {}): Promise<TrackEmbedding> {
    return this.#windows.encodeFile(source, options)
  }

  /**
   * Embeds many files, in the order of `sources`. Files are decoded, resampled and encoded at the same time, and the
   * windows of several files form a batch. A file that cannot be read is yielded as `{ path, error }`, and the others
   * follow. For each file in progress, memory holds a few seconds of audio, however long the file is, and 2 kB per
   * window.
   * @param sources an iterable or async iterable of paths (or of files in any other form); closed when the consumer
   *        stops early; errors that the iterable throws are passed on
   * @throws ArgumentError, ConfigError, DisposedError, or the signal's reason
   */
  async *encodeFiles<S extends FileSource = string>(
    sources: Sources<S>,
    options: EncodeFilesOptions = {},
  ): AsyncGenerator<FileEmbedding<S>, void, void> {
    yield* this.#windows.encodeFiles(sources, options)
  }

  /**
   * Writes the weights, as a whole or not at all. The extension decides the format: .safetensors (also without an
   * extension), .pt or .onnx.
   * @throws IoError, ArgumentError for another extension, DisposedError
   */
  async save(path: string): Promise<void> {
    checkPath(path, 'Encoder.save')
    await saveModelState(path, { encoder: copyState(this), architecture: this.architecture })
  }

  /** Frees the native memory once the calls in flight are done. May be called twice. */
  dispose(): void {
    callNativeSync(() => native().dispose(this.#handle))
  }

  /** As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** @internal An Encoder around a handle of the trainer's. */
export const encoderOfHandle = (
  handle: EncoderHandle,
  architecture: Architecture,
  trainedOn: TrainedOn,
): Encoder => wrapHandle(handle, architecture, trainedOn)

/** @internal A copy of the weights and buffers. */
export const stateOfEncoder = (encoder: Encoder): StateDict => copyState(encoder)
