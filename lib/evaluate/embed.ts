/**
 * Embeddings of a data set, by the clip policy of the linear evaluation: every track is split into consecutive clips
 * of 59,049 samples without overlap; the rest at the end is dropped; a track shorter than a clip is zero-padded to one.
 */

import { z } from 'zod'
import { DatasetError } from '../errors.js'
import { Matrix, type MatrixData } from '../matrix.js'
import type { TrackEncoder } from '../model/track-encoder.js'
import { toUnitRows } from '../model/unit.js'
import { abortReason } from '../native/call.js'
import { callbackOption, parseOptions, signalOption } from '../options.js'
import { Result } from '../result.js'
import { checkTrackEncoder, checkTracks } from './checks.js'
import type { EmbedOptions } from './option-types.js'
import type { DatasetEmbeddings, EmbeddedTracks, EmbedProgress, LabelledTracks } from './types.js'

export function isEmbedded(value: LabelledTracks | EmbeddedTracks): value is EmbeddedTracks {
  return 'trackMeans' in value
}

/** Of `embedDataset`. */
export const embedOptions = z.strictObject({
  normalize: z
    .boolean()
    .default(false)
    .describe(
      'Whether to scale every embedding, and the mean of every track, to length 1. Zeros stay zeros.',
    ),
  signal: signalOption,
  onProgress: callbackOption<EmbedProgress>('(progress: EmbedProgress) => void', 'Called after every track.'),
})

interface Parts {
  windows: MatrixData[]
  means: Float32Array[]
}

function join(dataset: LabelledTracks, dim: number, { windows, means }: Parts): DatasetEmbeddings {
  const clips = windows.reduce((sum, w) => sum + w.rows, 0)
  const data = new Float32Array(clips * dim)
  const trackOf = new Int32Array(clips)
  let row = 0
  for (const [track, w] of windows.entries()) {
    data.set(w.data, row * dim)
    trackOf.fill(track, row, row + w.rows)
    row += w.rows
  }
  return Result.of({
    dataset,
    embeddings: Matrix.from({ data, rows: clips, cols: dim }),
    trackOf,
    trackMeans: Matrix.fromRows(means),
  })
}

/** The samples of every track, in order, read one track ahead. @throws DatasetError where there are none */
export async function* readTracks(
  dataset: LabelledTracks,
  signal?: AbortSignal,
): AsyncGenerator<Float32Array, void, void> {
  const total = dataset.tracks.length
  if (total === 0)
    throw new DatasetError({
      what: 'the data set holds no tracks',
      remedy: 'Prepare one with more tracks, or choose another subset',
    })
  const read = (index: number) => {
    const track = dataset.readTrack(index, { signal })
    track.catch(() => {}) // it may fail while the track before it is still encoded; awaited below
    return track
  }
  let next = read(0)
  for (let index = 0; index < total; index++) {
    if (signal?.aborted) throw abortReason(signal)
    const samples = await next
    if (index + 1 < total) next = read(index + 1)
    yield samples
  }
}

/**
 * Embeds every track of a data set. Tracks are read from the cache one ahead of the one that is encoded, so memory
 * holds the audio of two tracks and 2 kB per clip. Give the result to `LinearProbe.fit`, `probe.evaluate`,
 * `similarTracks` and `writeReport` in place of the data set, and it is embedded only once.
 * @throws DatasetError where there are no tracks; CacheError where a track cannot be read; ConfigError; AbortError
 */
export async function embedDataset<D extends LabelledTracks>(
  encoder: TrackEncoder,
  dataset: D,
  options: EmbedOptions = {},
): Promise<DatasetEmbeddings<D>> {
  const { normalize, signal, onProgress } = parseOptions(embedOptions, options, 'embedDataset')
  checkTrackEncoder(encoder, 'embedDataset', 'encodeTrack')
  checkTracks(dataset, 'embedDataset')
  const total = dataset.tracks.length
  const parts: Parts = { windows: [], means: [] }
  for await (const samples of readTracks(dataset, signal)) {
    const { windows, mean } = await encoder.encodeTrack(samples, { signal })
    parts.windows.push(windows)
    parts.means.push(mean)
    onProgress?.({ done: parts.means.length, total })
  }
  const all = join(dataset, encoder.dim, parts) as DatasetEmbeddings<D>
  if (normalize) for (const { data, cols } of [all.embeddings, all.trackMeans]) toUnitRows(data, cols)
  return all
}

/** `source` embedded, now or before. */
export async function embedded(
  encoder: TrackEncoder,
  source: LabelledTracks | EmbeddedTracks,
  options: EmbedOptions = {},
): Promise<EmbeddedTracks> {
  return isEmbedded(source) ? source : embedDataset(encoder, source, options)
}
