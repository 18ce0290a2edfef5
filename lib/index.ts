/** clmr: contrastive learning of musical representations. The exports, in the order in which the sound flows. */
export * from './augment/index.js'
export * from './errors.js'
export * from './evaluate/index.js'
export { type Matrix, matrix } from './matrix.js'
export { getThreads, setThreads } from './native/threads.js'
