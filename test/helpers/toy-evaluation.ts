/** A data set and an encoder that are small enough to know what the evaluation must say. */
import type { LabelledTracks } from '#lib/evaluate/types.js'
import { Matrix, matrix } from '#lib/matrix.js'
import type { FileVectors, TrackEncoder } from '#lib/model/track-encoder.js'
import { numbers } from './numbers.js'

export const TOY_CLIP = 16

/** Clips of 16 samples; the embedding of a clip is its first 8 samples. */
export class ToyEncoder implements TrackEncoder {
  readonly sampleRate = 22_050
  readonly clipLength = TOY_CLIP
  readonly dim = 8
  encoded = 0

  async encode(clips: Float32Array) {
    const rows = Array.from({ length: clips.length / TOY_CLIP }, (_, i) =>
      clips.subarray(i * TOY_CLIP, i * TOY_CLIP + 8),
    )
    return Matrix.fromRows(rows)
  }

  async encodeTrack(samples: Float32Array, options: { signal?: AbortSignal } = {}) {
    options.signal?.throwIfAborted()
    this.encoded++
    const clips = Math.max(1, Math.floor(samples.length / TOY_CLIP))
    const padded = new Float32Array(clips * TOY_CLIP)
    padded.set(samples.subarray(0, padded.length))
    const windows = new Float32Array(clips * 8)
    const mean = new Float32Array(8)
    for (let c = 0; c < clips; c++)
      for (let e = 0; e < 8; e++) {
        windows[c * 8 + e] = padded[c * TOY_CLIP + e]!
        mean[e]! += padded[c * TOY_CLIP + e]! / clips
      }
    const times = Float64Array.from({ length: clips }, (_, c) => (c * TOY_CLIP) / this.sampleRate)
    return { windows: matrix(windows, clips, 8), times, mean }
  }

  async encodeFile(path: unknown) {
    return this.encodeTrack(new Float32Array(2 * TOY_CLIP).fill(Number(path)))
  }

  async *encodeFiles<S>(paths: Iterable<S> | AsyncIterable<S>): AsyncGenerator<FileVectors<S>, void, void> {
    for await (const path of paths) yield { path, embedding: await this.encodeFile(path) }
  }
}

export interface ToyOptions {
  tracks: number
  classes?: string[]
  task?: LabelledTracks['task']
  /** how far a class lies from the others */
  gap?: number
  seed?: number
}

/** Track i belongs to class i mod K (and, where multi-label, to the next one if i is divisible by 3); 1 to 3 clips each. */
export function toyDataset(options: ToyOptions): LabelledTracks & { labels: Matrix; reads: number[] } {
  const { tracks, classes = ['drums', 'flute', 'voice'], task = 'multiclass', gap = 4, seed = 1 } = options
  const draw = numbers(seed)
  const K = classes.length
  const labels = new Float32Array(tracks * K)
  const audio = Array.from({ length: tracks }, (_, i) => {
    labels[i * K + (i % K)] = 1
    if (task === 'multilabel' && i % 3 === 0) labels[i * K + ((i + 1) % K)] = 1
    const samples = Float32Array.from({ length: TOY_CLIP * (1 + (i % 3)) }, () => 2 * draw() - 1)
    for (let at = 0; at < samples.length; at += TOY_CLIP)
      for (let k = 0; k < K; k++) samples[at + k]! += gap * labels[i * K + k]!
    return samples
  })
  const reads: number[] = []
  return {
    tracks: audio.map((_, i) => ({ path: `${classes[i % K]}/${i}.wav` })),
    classes,
    task,
    labels: matrix(labels, tracks, K),
    reads,
    async readTrack(index) {
      reads.push(index)
      return audio[index]!
    },
  }
}
