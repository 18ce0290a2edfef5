/**
 * Embeddings of a data set, by the clip policy of the linear evaluation: every track is split into consecutive clips
 * of 59,049 samples without overlap; the rest at the end is dropped; a track shorter than a clip is zero-padded to one. The
 * stretches of a cache of excerpts are split each by itself.
 */

import { z } from 'zod'
import { stretchesOf } from '../cache/excerpts.js'
import { DatasetError } from '../errors.js'
import { Matrix } from '../matrix.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { toUnitRows } from '../model/unit.js'
import { abortReason } from '../native/call.js'
import { callbackOption, parseOptions, signalOption } from '../options.js'
import { Result } from '../result.js'
import { checkTrackEncoder, checkTracks } from './checks.js'
import { type KeptTrack, KeptWindows } from './kept-windows.js'
import type { EmbedOptions } from './option-types.js'
import { meanOverClips } from './probe-data.js'
import type { DatasetEmbeddings, EmbeddedTracks, EmbedProgress, LabelledTracks } from './types.js'
import { cacheOption } from './vector-store.js'

export function isEmbedded(value: LabelledTracks | EmbeddedTracks): value is EmbeddedTracks {
  return 'trackMeans' in value
}

/** @internal Of `embedDataset`. */
export const embedOptions = z.strictObject({
  normalize: z
    .boolean()
    .default(false)
    .describe(
      'Whether to scale every embedding, and the mean of every track, to length 1. Zeros stay zeros.',
    ),
  cache: cacheOption,
  signal: signalOption,
  onProgress: callbackOption<EmbedProgress>('(progress: EmbedProgress) => void', 'Called after every track.'),
})

function join(dataset: LabelledTracks, dim: number, parts: readonly KeptTrack[]): DatasetEmbeddings {
  const clips = parts.reduce((sum, { windows }) => sum + windows.rows, 0)
  const data = new Float32Array(clips * dim)
  const trackOf = new Int32Array(clips)
  let row = 0
  for (const [track, { windows }] of parts.entries()) {
    data.set(windows.data, row * dim)
    trackOf.fill(track, row, row + windows.rows)
    row += windows.rows
  }
  return Result.of({
    dataset,
    embeddings: Matrix.from({ data, rows: clips, cols: dim }),
    trackOf,
    trackMeans: Matrix.fromRows(parts.map(({ mean }) => mean)),
  })
}

/** @throws DatasetError if there are no tracks */
export function checkAnyTracks(dataset: LabelledTracks): void {
  if (dataset.tracks.length > 0) return
  throw new DatasetError({
    what: 'the data set holds no tracks',
    remedy: 'Prepare one with more tracks',
  })
}

/** What `readTrack` reads of some tracks, in order, one track ahead. */
export async function* readAhead(
  tracks: readonly number[],
  readTrack: (track: number) => Promise<Float32Array>,
  signal?: AbortSignal,
): AsyncGenerator<Float32Array, void, void> {
  const read = (index: number) => {
    const track = readTrack(index)
    track.catch(() => {}) // it may fail while the track before it is still encoded; awaited below
    return track
  }
  let next = tracks.length > 0 ? read(tracks[0]!) : undefined
  for (let i = 0; i < tracks.length; i++) {
    if (signal?.aborted) throw abortReason(signal)
    const samples = await next!
    next = i + 1 < tracks.length ? read(tracks[i + 1]!) : undefined
    yield samples
  }
}

/**
 * Embeds every track of a data set. While one track is encoded, the next one is read: memory holds the audio of two
 * tracks and 2 kB per clip. To embed a data set only once, pass the result in its place to `LinearProbe.fit`,
 * `probe.evaluate`, `similarTracks` and `writeReport`.
 *
 * If an `Encoder` or a `LogMel` embeds a prepared data set, the embeddings are also kept in the folder of the cache,
 * for the last eight models. If the weights of the model or the audio of a track change, what depends on them is
 * computed again.
 * @throws DatasetError if there are no tracks; CacheError if a track cannot be read; ConfigError; AbortError
 */
export async function embedDataset<D extends LabelledTracks>(
  encoder: TrackEncoder,
  dataset: D,
  options: EmbedOptions = {},
): Promise<DatasetEmbeddings<D>> {
  const { normalize, cache, signal, onProgress } = parseOptions(embedOptions, options, 'embedDataset')
  checkTrackEncoder(encoder, 'embedDataset', 'encodeTrack')
  checkTracks(dataset, 'embedDataset')
  checkAnyTracks(dataset)
  const kept = cache ? await KeptWindows.open(encoder, dataset, encoder.clipLength, signal) : undefined
  const all = [...dataset.tracks.keys()]
  const missing = readAhead(
    all.filter((track) => !kept?.of(track)),
    (track) => dataset.readTrack(track, { signal }),
    signal,
  )
  const parts: KeptTrack[] = []
  for (const track of all) {
    const known = kept?.of(track)
    parts.push(known ?? (await embedNext(encoder, missing, dataset.tracks[track]!.stretch, signal)))
    if (!known) await kept?.keep(track, parts[track]!)
    onProgress?.({ done: parts.length, total: all.length })
  }
  await kept?.flush()
  const joined = join(dataset, encoder.dim, parts) as DatasetEmbeddings<D>
  if (normalize) for (const { data, cols } of [joined.embeddings, joined.trackMeans]) toUnitRows(data, cols)
  return joined
}

async function embedNext(
  encoder: TrackEncoder,
  tracks: AsyncGenerator<Float32Array, void, void>,
  stretch: number | undefined,
  signal?: AbortSignal,
): Promise<KeptTrack> {
  const { value: samples } = await tracks.next()
  // whole clips of the network: no window crosses from one stretch to the next anyway
  if (stretch === undefined || stretch % encoder.clipLength === 0)
    return encoder.encodeTrack(samples!, { signal })
  const parts: KeptTrack[] = []
  for (const part of stretchesOf(samples!, stretch)) parts.push(await encoder.encodeTrack(part, { signal }))
  const windows = Matrix.fromRows(parts.flatMap((part) => [...Matrix.from(part.windows)]))
  return { windows, mean: meanOverClips(windows.data, new Int32Array(windows.rows), 1, windows.cols).row(0) }
}

/** `source` embedded, now or before. */
export async function embedded(
  encoder: TrackEncoder,
  source: LabelledTracks | EmbeddedTracks,
  options: EmbedOptions = {},
): Promise<EmbeddedTracks> {
  return isEmbedded(source) ? source : embedDataset(encoder, source, options)
}
