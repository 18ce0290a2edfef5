// biome-ignore-all assist/source/organizeImports: the order is that of the data flow
/** clmr: contrastive learning of musical representations. The exports, in the order in which the sound flows. */
export * from './datasets/index.js'
export * from './audio/index.js'
export * from './cache/index.js'
export * from './augment/index.js'
export * from './model/index.js'
export * from './objective/index.js'
export * from './train/index.js'
export * from './runs/index.js'
export * from './evaluate/index.js'
export {
  ArgumentError,
  AudioDecodeError,
  AudioFormatError,
  CacheError,
  CheckpointError,
  ClmrError,
  ConfigError,
  DatasetError,
  DeviceError,
  DisposedError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
  IoError,
  NonFiniteError,
  ShapeError,
} from './errors.js'
export type { FileSource, WebStream, WebStreamReader } from './files/source.js'
export type { DType } from './formats/tensor.js'
export type { TensorFormat } from './formats/tensor-file.js'
export { Matrix, type MatrixData } from './matrix.js'
export type { NamedTensor, ProbeHistory, StateDict } from './native/binding.js'
export { getThreads, setThreads } from './native/threads.js'
export type { OnWarning } from './warnings.js'
