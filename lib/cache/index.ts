/**
 * Stage cache: decoded audio is kept as files that anyone can listen to and that crops are read from at an offset.
 * in: mono samples at the rate of the network, named by the bytes they came from
 * out: one 16-bit WAV file a track and `index.json`
 */
export type { SkippedFile, Split } from './index-file.js'
export { type CacheReport, verifyCache } from './store.js'
