/** Checks of what the calls of this stage are given. */
import { ArgumentError, describe } from '../errors.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import type { EmbeddedTracks, LabelledTracks } from './types.js'

/** @throws ArgumentError */
export function checkTrackEncoder(
  encoder: unknown,
  where: string,
  needed: 'encode' | 'encodeTrack' = 'encode',
): void {
  if (typeof (encoder as Partial<TrackEncoder> | undefined)?.[needed] === 'function') return
  throw new ArgumentError({
    what: `${where} needs an encoder`,
    given: describe(encoder),
    expected: 'an Encoder',
    remedy: 'Pass what Encoder.load() returned',
  })
}

/** @throws ArgumentError for what is not a data set whose audio can be read */
export function checkTracks(dataset: unknown, where: string): void {
  const value = dataset as Partial<LabelledTracks> | undefined
  if (Array.isArray(value?.tracks) && typeof value.readTrack === 'function') return
  throw new ArgumentError({
    what: `${where} needs a data set`,
    given: describe(dataset),
    expected: 'a Dataset',
    remedy: 'Pass what openDataset() returned',
  })
}

/** @throws ArgumentError for what is neither a data set nor its embeddings */
export function checkSet(set: unknown, name: string): void {
  const value = set as Partial<LabelledTracks & EmbeddedTracks> | undefined
  if (typeof value === 'object' && value !== null && ('trackMeans' in value || Array.isArray(value.tracks)))
    return
  throw new ArgumentError({
    what: `${name} is not a data set`,
    given: describe(set),
    expected: 'a Dataset or what embedDataset() returned',
    remedy: "Pass what openDataset(cache, { subset: 'train' }) returned",
  })
}

/** @throws ArgumentError for what `embedDataset` did not return */
export function checkEmbedded(embedded: unknown, where: string): void {
  const value = embedded as Partial<EmbeddedTracks> | undefined
  if (
    typeof value === 'object' &&
    value !== null &&
    'trackMeans' in value &&
    Array.isArray(value.dataset?.tracks)
  )
    return
  throw new ArgumentError({
    what: `${where} needs the embeddings of a data set`,
    given: describe(embedded),
    expected: 'what embedDataset() returned',
    remedy: 'Call embedDataset(encoder, dataset) first',
  })
}
