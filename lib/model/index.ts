/**
 * Stage model: from sound to embeddings.
 *
 * in: clips [N, 59049], tracks or files
 * out: embeddings [N, 512] of SampleCNN, which do not change when the weights are saved and loaded
 */
export { allocateClips } from './clips.js'
export type { Sources } from './encode-files.js'
export { Encoder } from './encoder.js'
export { type InspectedTensor, inspectModel, type ModelInspection } from './inspect.js'
export { LogMel } from './log-mel.js'
export type * from './option-types.js'
export type {
  FilesVectorOptions,
  FileVectorOptions,
  FileVectors,
  TrackEncoder,
  TrackVectors,
  VectorOptions,
} from './track-encoder.js'
export type { FileEmbedding, TrackEmbedding } from './track-windows.js'
