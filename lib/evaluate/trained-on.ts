/** How many tracks of a data set a model was trained on: figures of such tracks say little about new music. */
import type { TrackEncoder } from '../model/track-encoder.js'
import type { SeenTracks, TrackLabels } from './types.js'

/** undefined if neither the encoder nor the data set tells. */
export function seenTracks(encoder: TrackEncoder, tracks: TrackLabels['tracks']): SeenTracks | undefined {
  const { trainedOn } = encoder
  if (!trainedOn || tracks.some(({ sourceSha256 }) => sourceSha256 === undefined)) return undefined
  const sources = new Set(trainedOn.sources)
  const seen = tracks.filter(({ sourceSha256 }) => sources.has(sourceSha256!))
  return { tracks: seen.length, complete: trainedOn.complete }
}

/** Whether it is certain that the encoder was trained on none of the tracks. */
export const isClean = (seen: SeenTracks | undefined): boolean => seen?.complete === true && seen.tracks === 0

/** `5 of 5 test tracks were trained on`. */
export function seenSentence(
  seen: SeenTracks | undefined,
  total: number,
  role: 'test' | 'queried' = 'test',
): string {
  if (seen && (seen.complete || seen.tracks > 0))
    return `${seen.complete ? '' : 'at least '}${seen.tracks} of ${total} ${role} tracks were trained on`
  return `it is not known whether ${role} tracks were trained on`
}
