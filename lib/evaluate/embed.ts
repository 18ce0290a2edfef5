/**
 * Embeddings of a data set, by the clip policy of the linear evaluation: every track is split into consecutive clips
 * of 59,049 samples without overlap; the rest at the end is dropped; a track shorter than a clip is zero-padded to one.
 */
import { z } from 'zod'
import { DatasetError } from '../errors.js'
import { type Matrix, matrix } from '../matrix.js'
import { abortReason } from '../native/call.js'
import { callbackOption, parseOptions, signalOption } from '../options.js'

/** What the evaluation needs of an `Encoder`. */
export interface TrackEncoder {
  readonly dim: number
  encodeTrack(
    samples: Float32Array,
    options?: { signal?: AbortSignal },
  ): Promise<{ frames: Matrix; mean: Float32Array }>
  encodeFile(
    path: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ frames: Matrix; mean: Float32Array }>
}

/** What the evaluation needs of a `Dataset`. */
export interface LabelledTracks {
  readonly tracks: readonly { readonly path: string }[]
  /** [tracks, K] of 0 and 1 */
  readonly labels: Matrix
  readonly classes: readonly string[]
  readonly task: 'multilabel' | 'multiclass' | 'none'
  readTrack(index: number, options?: { signal?: AbortSignal }): Promise<Float32Array>
}

/** How many of how many tracks are embedded. */
export interface EmbedProgress {
  done: number
  total: number
}

/** The embeddings of all clips of a data set, and what belongs to which track. */
export interface DatasetEmbeddings<D extends LabelledTracks = LabelledTracks> {
  readonly dataset: D
  /** [clips, E], track after track */
  readonly embeddings: Matrix
  /** the track of every clip */
  readonly trackOf: Int32Array
  /** [tracks, E]: the mean over the clips of each track */
  readonly trackMeans: Matrix
}

export function isEmbedded(value: LabelledTracks | DatasetEmbeddings): value is DatasetEmbeddings {
  return 'trackMeans' in value
}

const embedOptions = z.strictObject({
  signal: signalOption,
  onProgress: callbackOption<EmbedProgress>(),
})

interface Parts {
  frames: Matrix[]
  means: Float32Array[]
}

function join(dataset: LabelledTracks, dim: number, { frames, means }: Parts): DatasetEmbeddings {
  const clips = frames.reduce((sum, f) => sum + f.rows, 0)
  const data = new Float32Array(clips * dim)
  const trackOf = new Int32Array(clips)
  const trackMeans = new Float32Array(means.length * dim)
  let row = 0
  for (const [track, f] of frames.entries()) {
    data.set(f.data, row * dim)
    trackOf.fill(track, row, row + f.rows)
    trackMeans.set(means[track]!, track * dim)
    row += f.rows
  }
  return {
    dataset,
    embeddings: matrix(data, clips, dim),
    trackOf,
    trackMeans: matrix(trackMeans, means.length, dim),
  }
}

/**
 * Embeds every track of a data set. Tracks are read from the cache one ahead of the one that is encoded, so memory
 * holds the audio of two tracks and 2 kB a clip. Give the result to `LinearProbe.fit`, `probe.evaluate`,
 * `similarTracks` and `writeReport` in place of the data set, and it is embedded only once.
 * @param options.onProgress called after every track
 * @throws DatasetError where there are no tracks; CacheError where a track cannot be read; ConfigError; AbortError
 */
export async function embedDataset<D extends LabelledTracks>(
  encoder: TrackEncoder,
  dataset: D,
  options: { signal?: AbortSignal; onProgress?: (progress: EmbedProgress) => void } = {},
): Promise<DatasetEmbeddings<D>> {
  const { signal, onProgress } = parseOptions(embedOptions, options, 'embedDataset')
  const total = dataset.tracks.length
  if (total === 0)
    throw new DatasetError({
      what: 'the data set holds no tracks',
      remedy: 'Prepare one with more tracks, or choose another subset',
    })
  const parts: Parts = { frames: [], means: [] }
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
    const { frames, mean } = await encoder.encodeTrack(samples, { signal })
    parts.frames.push(frames)
    parts.means.push(mean)
    onProgress?.({ done: index + 1, total })
  }
  return join(dataset, encoder.dim, parts) as DatasetEmbeddings<D>
}

/** `source` embedded, now or before. */
export async function embedded<D extends LabelledTracks>(
  encoder: TrackEncoder,
  source: D | DatasetEmbeddings<D>,
  options: { signal?: AbortSignal; onProgress?: (progress: EmbedProgress) => void } = {},
): Promise<DatasetEmbeddings<D>> {
  return isEmbedded(source) ? (source as DatasetEmbeddings<D>) : embedDataset(encoder, source as D, options)
}
