/** The options of stage model, written by scripts/write-option-types.ts from its tables: do not edit. */
import type { OnWarning } from '../warnings.js'

/** The layers of a SampleCNN. */
export interface ArchitectureOptions {
  /** Stride of each layer after the first: a stride of s means a convolution of kernel size s, followed by max pooling over s samples. The first layer has a stride of 3. */
  strides: readonly number[]
  /** Output channels of the first layer and of each layer in `strides`. The last is the length of an embedding. */
  channels: readonly number[]
  /** Whether a classifier follows the encoder and takes its embeddings. The objective `supervised` trains it. Default: false. */
  supervised?: boolean | undefined
  /** Length of a clip in samples; the layers must reduce it to exactly one time step. Range: 3 or more. Default: 3 times the product of the strides. */
  clipLength?: number | undefined
}

/** All layers and sizes of a SampleCNN. */
export interface Architecture {
  /** Stride of each layer after the first: a stride of s means a convolution of kernel size s, followed by max pooling over s samples. The first layer has a stride of 3. */
  readonly strides: readonly number[]
  /** Output channels of the first layer and of each layer in `strides`. The last is the length of an embedding. */
  readonly channels: readonly number[]
  /** Whether a classifier follows the encoder and takes its embeddings. The objective `supervised` trains it. Default: false. */
  readonly supervised: boolean
  /** Length of a clip in samples; the layers must reduce it to exactly one time step. Range: 3 or more. Default: 3 times the product of the strides. */
  readonly clipLength: number
}

/** Options of `Encoder.create`. */
export interface EncoderOptions {
  /** Seed of the new weights; the same seed gives the same weights everywhere. Range: 0 or more. Default: 42. */
  seed?: number | undefined
  /** Where to compute. 'auto' is CUDA if available, otherwise the CPU. Default: 'auto'. */
  device?: 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | undefined
  /** Number format of the computation. 'bfloat16' is faster on CUDA and on CPUs with AVX512-BF16 or AMX; other CPUs compute in float32 instead. Its embeddings have a cosine similarity of at least 0.999 with those of float32. 'auto' measures which of the two is faster on this machine, once per process. Default: 'float32'. */
  precision?: 'float32' | 'bfloat16' | 'auto' | undefined
  /** Whether CUDA may round the inputs of float32 products to TF32, which is faster and has a relative error of about 1e-3. During calls with `tf32`, it applies to all work of libtorch in the process. Default: false. */
  tf32?: boolean | undefined
  /** Layers of the network. Default: CLMR's, 59,049 samples to 512 numbers. */
  architecture?: ArchitectureOptions | undefined
}

/** Options of `Encoder.load`. */
export interface EncoderLoadOptions {
  /** Where to compute. 'auto' is CUDA if available, otherwise the CPU. Default: 'auto'. */
  device?: 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | undefined
  /** Number format of the computation. 'bfloat16' is faster on CUDA and on CPUs with AVX512-BF16 or AMX; other CPUs compute in float32 instead. Its embeddings have a cosine similarity of at least 0.999 with those of float32. 'auto' measures which of the two is faster on this machine, once per process. Default: 'float32'. */
  precision?: 'float32' | 'bfloat16' | 'auto' | undefined
  /** Whether CUDA may round the inputs of float32 products to TF32, which is faster and has a relative error of about 1e-3. During calls with `tf32`, it applies to all work of libtorch in the process. Default: false. */
  tf32?: boolean | undefined
  /** Expected SHA-256 of a file that is downloaded, in hexadecimal digits; any other file is refused. */
  sha256?: string | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Called with each warning about the file. Default: warnings go to `process.emitWarning`. */
  onWarning?: OnWarning | undefined
}

/** Options of `Encoder.encode`. */
export interface EncodeOptions {
  /** Array to fill instead of a new one: n · dim values that do not overlap the clips. */
  out?: Float32Array | undefined
  /** Whether to scale every embedding to length 1, so that a dot product is a cosine. Zeros stay zeros. Default: false. */
  normalize?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

/** Options of `Encoder.encodeSync`. */
export interface EncodeSyncOptions {
  /** Array to fill instead of a new one: n · dim values that do not overlap the clips. */
  out?: Float32Array | undefined
  /** Whether to scale every embedding to length 1, so that a dot product is a cosine. Zeros stay zeros. Default: false. */
  normalize?: boolean | undefined
}

/** Options of `Encoder.encodeTrack`. */
export interface EncodeTrackOptions {
  /** Seconds from the start of one window to the next. Range: 0.0000454 to 86,400. Default: the length of a clip, 2.678 s for CLMR's network. */
  hop?: number | undefined
  /** Whether to scale the embedding of every window, and the mean, to length 1. Zeros stay zeros. Default: false. */
  normalize?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Sample rate of the samples in Hz; audio at any rate but 22,050 is resampled. Range: 1,000 to 768,000. Default: 22,050. */
  sampleRate?: number | undefined
}

/** Options of `Encoder.encodeFile`. */
export interface EncodeFileOptions {
  /** Seconds from the start of one window to the next. Range: 0.0000454 to 86,400. Default: the length of a clip, 2.678 s for CLMR's network. */
  hop?: number | undefined
  /** Whether to scale the embedding of every window, and the mean, to length 1. Zeros stay zeros. Default: false. */
  normalize?: boolean | undefined
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Number of windows, spread evenly over the file, instead of one every `hop` seconds; a single one if the file is shorter than a clip. For wav, aiff and au files, nothing else is decoded. Range: 1 to 100,000. */
  windows?: number | undefined
  /** Start of the part that is embedded, in seconds. Range: 0 or more. Default: 0. */
  from?: number | undefined
  /** End of the part that is embedded, in seconds. Range: above 0. Default: the end of the file. */
  to?: number | undefined
  /** Called with each warning about the file. The result holds them too, as `warnings`. */
  onWarning?: OnWarning | undefined
}

/** Options of `Encoder.encodeFiles`. */
export interface EncodeFilesOptions extends EncodeFileOptions {
  /** Maximum number of files that are being processed or wait to be consumed. Range: 1 to 64. Default: 4. */
  concurrency?: number | undefined
}

/** Options of `inspectModel`. */
export interface InspectOptions {
  /** Whether to hash every tensor, which reads all of them. Default: false. */
  sha256?: boolean | undefined
}
