/** What a probe is trained on: all clips, one clip of each track, or the means of the tracks; of all tracks, or a part. */
import { Matrix, matrix } from '../matrix.js'
import { uniform } from '../random.js'
import type { EmbeddedTracks } from './types.js'

/** Some rows of a matrix, in the order of `rows`. */
export function rowsOf(from: Matrix, rows: readonly number[]): Matrix {
  const data = new Float32Array(rows.length * from.cols)
  for (const [i, row] of rows.entries()) data.set(from.row(row), i * from.cols)
  return matrix(data, rows.length, from.cols)
}

/** The embeddings of some tracks, of which `dataset` holds what is known. */
export function tracksOf<D extends EmbeddedTracks['dataset']>(
  all: EmbeddedTracks,
  tracks: readonly number[],
  dataset: D,
): EmbeddedTracks<D> & { embeddings: Matrix; trackMeans: Matrix } {
  const placeOf = new Map(tracks.map((track, place) => [track, place]))
  const clips = [...all.trackOf.keys()].filter((clip) => placeOf.has(all.trackOf[clip]!))
  return {
    dataset,
    embeddings: rowsOf(Matrix.from(all.embeddings), clips),
    trackOf: Int32Array.from(clips, (clip) => placeOf.get(all.trackOf[clip]!)!),
    trackMeans: rowsOf(Matrix.from(all.trackMeans), tracks),
  }
}

/** The numbers from 0 to n − 1 in any order (Fisher–Yates). */
function shuffled(n: number, draw: () => number): number[] {
  const order = Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}

/**
 * A part of some tracks in which every class has its share, at least one track: rare classes choose first, and what other
 * classes have chosen counts for them too. In the order of the tracks.
 */
export function stratifiedPart(labels: Matrix, fraction: number, seed: number): number[] {
  const order = shuffled(labels.rows, uniform(seed))
  const members = Array.from({ length: labels.cols }, (_, k) => order.filter((i) => labels.row(i)[k] === 1))
  const unlabelled = order.filter((i) => labels.row(i).every((has) => has === 0))
  const chosen = new Set<number>()
  const strata = [...members, unlabelled].filter(({ length }) => length > 0)
  for (const stratum of strata.sort((a, b) => a.length - b.length)) {
    const wanted = Math.max(1, Math.round(fraction * stratum.length))
    let have = stratum.filter((track) => chosen.has(track)).length
    for (const track of stratum) {
      if (have >= wanted) break
      if (chosen.has(track)) continue
      chosen.add(track)
      have++
    }
  }
  return [...chosen].sort((a, b) => a - b)
}

/** The embeddings of a stratified part of the tracks. */
export function fractionOf(all: EmbeddedTracks, fraction: number, seed: number): EmbeddedTracks {
  if (fraction === 1) return all
  const { tracks, classes, task } = all.dataset
  const labels = Matrix.from(all.dataset.labels)
  const part = stratifiedPart(labels, fraction, seed)
  return tracksOf(all, part, {
    tracks: part.map((track) => tracks[track]!),
    labels: rowsOf(labels, part),
    classes,
    task,
  })
}

/** Rows and the track of each. */
export interface Examples {
  x: Matrix
  trackOf: Int32Array
}

const ownTracks = (rows: number) => Int32Array.from({ length: rows }, (_, i) => i)

/** `one-clip`: a clip of each track, drawn once. */
function oneClip({ embeddings, trackOf, trackMeans }: EmbeddedTracks, seed: number): Examples {
  const clips = Array.from({ length: trackMeans.rows }, (): number[] => [])
  for (const [clip, track] of trackOf.entries()) clips[track]!.push(clip)
  const draw = uniform(seed)
  const drawn = clips.map((own) => own[Math.floor(draw() * own.length)]!)
  return { x: rowsOf(Matrix.from(embeddings), drawn), trackOf: ownTracks(drawn.length) }
}

export function examplesOf(
  set: EmbeddedTracks,
  kind: 'clips' | 'one-clip' | 'tracks',
  seed: number,
): Examples {
  if (kind === 'one-clip') return oneClip(set, seed)
  if (kind === 'clips') return { x: Matrix.from(set.embeddings), trackOf: set.trackOf }
  return { x: Matrix.from(set.trackMeans), trackOf: ownTracks(set.trackMeans.rows) }
}
