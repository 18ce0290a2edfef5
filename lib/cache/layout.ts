/**
 * Where things lie in a cache:
 *   index.json          the result of the last finished `prepare`: tracks, labels, splits, skipped files
 *   index.partial.json  the result so far of an interrupted one; the next run starts from it
 *   audio/3f/3f….wav    one 16-bit mono file for each track, named by a hash of its source
 *   embeddings/…        what models made of the tracks, kept by stage evaluate; it may be deleted at any time
 * Every file is written under a temporary name and then renamed, so several processes may fill one cache.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** Must change whenever the same bytes would give other samples: by decoding, by resampling, or when read back. */
export const AUDIO_VERSION = 'clmr-audio-2'

export const indexPath = (cache: string) => join(cache, 'index.json')
export const partialIndexPath = (cache: string) => join(cache, 'index.partial.json')
export const embeddingsFolder = (cache: string) => join(cache, 'embeddings')
export const audioFolder = (cache: string) => join(cache, 'audio')

/** The name of a cached track: a hash of the source's bytes, the decoder's version, the rate, and what is kept of it. */
export function contentKey(sourceSha256: string, sampleRate: number, excerpts?: string): string {
  return createHash('sha256')
    .update(`${AUDIO_VERSION}\n${sampleRate}\n${sourceSha256}${excerpts ? `\n${excerpts}` : ''}`)
    .digest('hex')
    .slice(0, 32)
}

export const trackPath = (cache: string, key: string) =>
  join(audioFolder(cache), key.slice(0, 2), `${key}.wav`)
