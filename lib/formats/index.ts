/**
 * Stage formats: files of other programs and of our own.
 *
 * in: paths and bytes
 * out: named tensors, tables and records, checked before they are used
 */
export { type EmbeddingRow, writeEmbeddings } from './embeddings.js'
export { type DType, type FileTensor, toFloat32 } from './tensor.js'
export { openTensorFile, type TensorFile, type TensorFormat } from './tensor-file.js'
