/**
 * The whole native contract: whatever crosses between TypeScript and C++ is declared here; in specifications.ts what a
 * call is asked for, in figures.ts what an evaluation returns, in signatures.ts what the native side says of itself.
 * `native/bindings/exports.cc` is its other side; test 02 compares the two key by key.
 *
 * Rules of the crossing: options arrive complete and validated, as their table in `lib/` parsed them; audio arrives as `Float32Array` that is read in
 * place; a function that may take longer than a millisecond returns a promise and takes an `AbortFlag` last;
 * a failure is an `Error` whose `code` is one of ERROR_CODES or `ABORT`.
 *
 * Axis letters: B examples, V views, N = B·V rows, T samples, E embedding, D projection, K classes.
 */

import type {
  NativeStepResult,
  Neighbours,
  NtXentLossValue,
  Overload,
  ProbeFigures,
  ProbeHistory,
  RetrievalForms,
} from './figures.js'
import type { NativeConstants, Signatures } from './signatures.js'
import type {
  BootstrapSpec,
  ChainSpec,
  EncoderSpec,
  ProbeFiguresSpec,
  ProbeSpec,
  RetrievalSpec,
  TrainerSpec,
} from './specifications.js'

export type { ProbeHistory } from './figures.js'
export type * from './signatures.js'
export type * from './specifications.js'

/** Raised by the facade when an AbortSignal fires; the native side looks at it between chunks of work. */
export interface AbortFlag {
  raise(): void
}

/** Opaque handles: tagged, weighed, released by `dispose` or by the garbage collector. */
export interface EncoderHandle {
  readonly __encoder: never
}
export interface CropSourceHandle {
  readonly __cropSource: never
}
export interface TrainerHandle {
  readonly __trainer: never
}
export interface ProbeHandle {
  readonly __probe: never
}

/** The table of the CUDA plug-in, an address. */
export type CudaKernels = { readonly __brand: 'CudaKernels' }
export type Handle = EncoderHandle | CropSourceHandle | TrainerHandle | ProbeHandle

/** A tensor by name: float32 values in C order. Integer buffers (num_batches_tracked) are held as rounded floats. */
export interface NamedTensor {
  /** sizes of its dimensions */
  shape: number[]
  /** its values in C order */
  data: Float32Array
}

/** Tensors by name. */
export type StateDict = Record<string, NamedTensor>

export interface RuntimeInfo {
  libtorchVersion: string
  cpuCapability: string
  /** that our own kernels use; 'default': what every processor of this architecture has */
  instructionSet: 'default' | 'avx2' | 'avx512'
  threads: number
  cudaDevices: number
  /** whether our own kernels for CUDA are there: see useCuda */
  cudaKernels: boolean
}

export interface NativeRuntime {
  info(): RuntimeInfo
  /** 'auto', 'cpu', 'cuda' or 'cuda:N' → 'cpu', 'cuda:0' …; ERR_DEVICE where it is not there */
  resolveDevice(device: string): string
  /** @param kernels what the CUDA plug-in hands over */
  useCuda(kernels: CudaKernels): void
  /**
   * Which versions of our own kernels run in the whole process from the next operation on, to compare them with each
   * other: tests and benchmarks call it. An encoder keeps to those that it was made or last updated with.
   * @param kernels words as CLMR_KERNELS holds them; undefined: what the environment says
   * @param instructionSet the most that they may use; undefined: what the environment says
   */
  useKernels(kernels: string | undefined, instructionSet: 'default' | 'avx2' | 'avx512' | undefined): void
  setThreads(threads: number): void
  /** sets the number unless it has been set: by this thread or another one of the process */
  defaultThreads(threads: number): void
  getThreads(): number
  /** What the main thread runs at the 'exit' event; undefined if it was handed out before. See native/bindings/shutdown.h. */
  exitHandler(): ((code: number) => void) | undefined
  createAbortFlag(): AbortFlag
  dispose(handle: Handle): void
  isDisposed(handle: Handle): boolean
  /** 64-byte aligned, zeroed, owned by native memory and weighed for the garbage collector. */
  allocate(length: number): Float32Array
  /** for the test that compares them with this file */
  signatures(): Signatures
  /** for the same test: what both sides state without its ever crossing */
  constants(): NativeConstants
}

/** Stage audio: samples at another rate. */
export interface NativeAudio {
  /**
   * samples at `from` Hz → ceil(length · to / from) at `to` Hz. Where `out` is given, it is filled and the promise is empty.
   * quality 'best' is a Kaiser-windowed sinc (64 zeros), 'fast' a shorter one, 'torchaudio' torchaudio's default (Hann, width 6).
   */
  resample(
    samples: Float32Array,
    from: number,
    to: number,
    quality: 'best' | 'fast' | 'torchaudio',
    out: Float32Array | undefined,
    abort: AbortFlag,
  ): Promise<Float32Array | undefined>
}

/** Stage cache: 16-bit mono WAV files, read at an offset. */
export interface NativeCache {
  /** ±1 floats → rounded, saturated 16-bit samples (scale 32768) in `out`. Not dithered: the same input gives the same file. */
  toPcm16(samples: Float32Array, out: Int16Array): Overload
  /** files[i] holds lengths[i] 16-bit samples from byte offsets[i] on. Files are opened when they are read. */
  cropSourceOpen(
    files: string[],
    offsets: Float64Array,
    lengths: Float64Array,
    stretches: Float64Array,
  ): CropSourceHandle
  /** rows of `length` samples: row i from track tracks[i] at starts[i]; zero-padded past the end of a track. */
  cropSourceRead(
    source: CropSourceHandle,
    tracks: Int32Array,
    starts: Float64Array,
    length: number,
    abort: AbortFlag,
  ): Promise<Float32Array>
}

/** The parameters of a transform for one view, as plain data: `{ name: 'delay', applied: true, ms: 350, volume: 0.5 }`. */
export interface AppliedTransform {
  /** name of the transform */
  name: string
  /** whether the view gets the transform; the parameters are there in any case */
  applied: boolean
  /** the parameters by name */
  [parameter: string]: number | string | boolean
}

export interface NativeAugment {
  /** batch [n, length] → views [n·V, clipLength], row = example·V + view. Where `out` is given, it is filled and the promise is empty. */
  augment(
    chain: ChainSpec,
    batch: Float32Array,
    n: number,
    length: number,
    step: number,
    out: Float32Array | undefined,
    abort: AbortFlag,
  ): Promise<Float32Array | undefined>
  /** n·V rows of drawn transforms, in chain order; `length` is the length of a row of the batch they are drawn for. */
  drawTransforms(chain: ChainSpec, n: number, length: number, step: number): AppliedTransform[][]
  /** as `augment`, with the parameters given; pure. */
  applyTransforms(
    chain: ChainSpec,
    parameters: AppliedTransform[][],
    batch: Float32Array,
    n: number,
    length: number,
    out: Float32Array | undefined,
    abort: AbortFlag,
  ): Promise<Float32Array | undefined>
}

export interface NativeModel {
  /** New weights, drawn as PyTorch draws them (kaiming-uniform), from the counter-based generator. */
  encoderCreate(seed: number, options: EncoderSpec): Promise<EncoderHandle>
  /** The same; the batch norms get the statistics that they see on `n` clips. */
  encoderCreateMeasured(
    seed: number,
    options: EncoderSpec,
    clips: Float32Array,
    n: number,
    abort: AbortFlag,
  ): Promise<EncoderHandle>
  /** Names as `sequential.0.0.weight`; all of them, with the right shapes, or ERR_CHECKPOINT. */
  encoderFromState(state: StateDict, options: EncoderSpec): Promise<EncoderHandle>
  /** A copy of the weights and buffers, in state-dict order. */
  encoderState(encoder: EncoderHandle): StateDict
  /** The device that 'auto' resolved to. */
  encoderDevice(encoder: EncoderHandle): string
  /**
   * Windows of a clip's samples of `samples` at `starts` (in samples, any overlap); past the end they are zero.
   * → [starts.length, E]. Where `out` is given, it is filled and the promise is empty. Eval mode. Bits do not depend
   * on threads or on the other windows, and NaN or infinity in one window reaches no other.
   */
  encodeWindows(
    encoder: EncoderHandle,
    samples: Float32Array,
    starts: Float64Array,
    out: Float32Array | undefined,
    abort: AbortFlag,
  ): Promise<Float32Array | undefined>
  /** The same windows → statistics of their log-mel spectrograms [starts.length, 512]. */
  logMelWindows(samples: Float32Array, starts: Float64Array, abort: AbortFlag): Promise<Float32Array>
  encodeWindowsSync(
    encoder: EncoderHandle,
    samples: Float32Array,
    starts: Float64Array,
    out: Float32Array | undefined,
  ): Float32Array | undefined
}

export interface NativeObjective {
  /** z [N, dim], rows grouped by example (row = example·views + view) → loss, d loss / d z [N, dim], d loss / d τ. */
  ntXentLoss(
    z: Float32Array,
    dim: number,
    views: number,
    temperature: number,
    device: string,
    abort: AbortFlag,
  ): Promise<NtXentLossValue>
}

/** Rows of 0 and 1: one per example (or track), with one column per class. */
export interface LabelMatrix {
  data: Float32Array
  rows: number
  cols: number
}

/**
 * Everything that a resumed run needs, as named tensors: `encoder.*`, `projector.*` (SimCLR's), `head.*` (a classifier),
 * `objective.*` (all else that an objective keeps), `optimizer.*`; plus the counters.
 */
export interface TrainerState {
  tensors: StateDict
  step: number
  epoch: number
}

export interface NativeTrain {
  /**
   * encoder: weights to start from (copied), or undefined for new ones from the seed; projector likewise. labels: of the
   * tracks of the source, copied, for an objective that learns from them. cropSeed: of the crops, where it is not that of
   * the chain.
   */
  trainerCreate(
    spec: TrainerSpec,
    encoder: StateDict | undefined,
    projector: StateDict | undefined,
    source: CropSourceHandle | undefined,
    labels: LabelMatrix | undefined,
    cropSeed: number | undefined,
  ): Promise<TrainerHandle>
  /** One step on the next batch of the crop source. Batches follow a seeded permutation of each epoch, the last short one dropped. */
  trainerStep(
    trainer: TrainerHandle,
    learningRate: number,
    encoderLearningRate: number,
    abort: AbortFlag,
  ): Promise<NativeStepResult>
  /** One step on views [n·V, clipLength] that the caller augmented, row = example·V + view, in `accumulate` equal batches. */
  trainerStepOnViews(
    trainer: TrainerHandle,
    views: Float32Array,
    rows: number,
    labels: LabelMatrix | undefined,
    learningRate: number,
    encoderLearningRate: number,
    abort: AbortFlag,
  ): Promise<NativeStepResult>
  /** The mean loss over the whole batches of another source, eval mode, on windows and views that are the same at every call. */
  trainerValidate(
    trainer: TrainerHandle,
    source: CropSourceHandle,
    labels: LabelMatrix | undefined,
    abort: AbortFlag,
  ): Promise<number>
  /** embeddings [n, E] → projections [n, D] with the projector of the objective, as the last finished step left it */
  trainerProject(trainer: TrainerHandle, embeddings: Float32Array, n: number): Promise<Float32Array>
  /** A consistent copy, taken between two steps. */
  trainerState(trainer: TrainerHandle): Promise<TrainerState>
  trainerRestore(trainer: TrainerHandle, state: TrainerState): Promise<void>
  trainerPrecision(trainer: TrainerHandle): 'float32' | 'bfloat16' // what 'auto' came to
  trainerStepsPerEpoch(trainer: TrainerHandle): number
  /** Indices of the tracks of the batch that follows `step` finished steps: a function of the seed alone. */
  trainerBatch(trainer: TrainerHandle, step: number): number[]
  /** A view on the live weights, for embedding while training: encodes with what the last finished step left. */
  trainerEncoder(trainer: TrainerHandle): EncoderHandle
}

export interface FittedProbe {
  probe: ProbeHandle
  history: ProbeHistory
  /** validation loss of the weights, or 1 − metric where the metric says which are kept; the lower the better */
  score: number
}

export interface NativeEvaluate {
  /** x [n, E], y [n, K] (0/1) for training and validation → a fitted head. */
  probeFit(
    spec: ProbeSpec,
    trainX: Float32Array,
    trainY: Float32Array,
    validX: Float32Array,
    validY: Float32Array,
    abort: AbortFlag,
  ): Promise<FittedProbe>
  probeFromState(spec: ProbeSpec, state: StateDict): ProbeHandle
  probeState(probe: ProbeHandle): StateDict
  /** x [n, E] → probabilities [n, K]: sigmoid for multi-label, softmax otherwise. */
  probePredict(probe: ProbeHandle, x: Float32Array, n: number): Promise<Float32Array>
  /** Cosine similarity of every query [q, dim] to every row [n, dim], the k best: indices and scores [q, k], best first. */
  topK(queries: Float32Array, rows: Float32Array, dim: number, k: number): Promise<Neighbours>
  /** scores and labels (0/1) of tracks [n, K] → the figures of a linear evaluation with their intervals. */
  probeFigures(
    spec: ProbeFiguresSpec,
    scores: Float32Array,
    labels: Float32Array,
    abort: AbortFlag,
  ): Promise<ProbeFigures>
  /** Two sets of scores of the same tracks [n, K] → first − second of every figure, with intervals. */
  probeDifferences(
    spec: ProbeFiguresSpec,
    first: Float32Array,
    second: Float32Array,
    labels: Float32Array,
    abort: AbortFlag,
  ): Promise<ProbeFigures>
  /** Of the resamples `from` … `from + count` − 1 the indices of their n tracks, [count, n]. */
  bootstrapIndices(spec: BootstrapSpec, n: number, from: number, count: number): Promise<Int32Array>
  /**
   * library [n, dim]; queries [conditions · n · q, dim], by condition, then track; labels [n, K] of 0 and 1 → how often
   * the queries find their own track: as the rows are, standardised, and whitened.
   */
  retrieval(
    spec: RetrievalSpec,
    library: Float32Array,
    queries: Float32Array,
    labels: Float32Array | undefined,
    abort: AbortFlag,
  ): Promise<RetrievalForms>
  /** As `retrieval`, of two encoders on the same tracks: what the first has more than the second. */
  retrievalDifferences(
    spec: RetrievalSpec,
    library: Float32Array,
    queries: Float32Array,
    otherDim: number,
    otherLibrary: Float32Array,
    otherQueries: Float32Array,
    labels: Float32Array | undefined,
    abort: AbortFlag,
  ): Promise<RetrievalForms>
  /** x [n, dim] → its first `components` principal components [n, components]; signs fixed, so repeatable. */
  pca(x: Float32Array, dim: number, components: number): Promise<Float32Array>
}

export interface NativeBinding
  extends NativeRuntime,
    NativeAudio,
    NativeCache,
    NativeAugment,
    NativeModel,
    NativeObjective,
    NativeTrain,
    NativeEvaluate {}
