/**
 * The demo: a small labelled corpus that the package makes itself, so that the whole story runs offline.
 * in: a seed
 * out: wav files of eleven classes of synthetic music, one folder per class
 */
export { type CorpusOptions, TRACKS_PER_CLASS, writeCorpus } from './corpus.js'
export { CORPUS_CLASSES, type CorpusTrack, synthesizeTrack } from './track.js'
