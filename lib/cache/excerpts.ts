/** Tracks of which only some stretches are kept: `3x30` is three of 30 s, spread over the track. */
import { PcmFile } from '../audio/pcm-file.js'
import type { Scratch } from '../audio/scratch.js'
import { consume, decodeStream } from '../audio/stream.js'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import type { FileInput } from '../files/source.js'

export const EXCERPTS = /^([1-9]\d{0,2})x([1-9]\d{0,3})$/

export interface Excerpts {
  count: number
  /** of a stretch: whole clips of CLMR's network, so that its windows, one after the other, do not cross from one to the next */
  samples: number
}

/** @param text as `EXCERPTS` has it */
export function parseExcerpts(text: string): Excerpts {
  const [, count, seconds] = EXCERPTS.exec(text)!.map(Number)
  const clips = Math.max(1, Math.floor((seconds! * SAMPLE_RATE) / CLIP_LENGTH))
  return { count: count!, samples: clips * CLIP_LENGTH }
}

/** Where the stretches of a track begin: each in the middle of its part of it. undefined: it is kept whole. */
export function stretchStarts(length: number, { count, samples }: Excerpts): number[] | undefined {
  if (length <= count * samples) return undefined
  const part = length / count
  return Array.from({ length: count }, (_, i) => Math.floor(part * (i + 0.5) - samples / 2))
}

/** Sample ranges [from, to) of a decoded track that are kept. */
export type Ranges = readonly (readonly [from: number, to: number])[]

export function rangesOf(length: number, excerpts: Excerpts): Ranges | undefined {
  return stretchStarts(length, excerpts)?.map((start) => [start, start + excerpts.samples] as const)
}

/** What was decoded, and what of it is still to be left out. */
export interface DecodedExcerpts {
  warnings: string[]
  /** samples of a stretch where what was handed over are stretches already */
  stretch?: number
  /** whether all samples were handed over: the stretches are to be cut out of them */
  isWhole: boolean
}

/**
 * Decodes the stretches of a file: of wav, aiff and au only these. Other formats say how long they are only at their end:
 * they are decoded as a whole.
 * @throws as `decodeStream`
 */
export async function decodeExcerpts(
  input: FileInput,
  excerpts: Excerpts,
  use: (samples: Float32Array) => Promise<void>,
  scratch: Scratch,
  signal?: AbortSignal,
): Promise<DecodedExcerpts> {
  const pcm = await PcmFile.open(input, SAMPLE_RATE, signal)
  if (!pcm) {
    const { warnings } = await consume(decodeStream(input, SAMPLE_RATE, signal, 'best', scratch), use)
    return { warnings, isWhole: true }
  }
  try {
    const ranges = rangesOf(pcm.length, excerpts)
    for (const [from, to] of ranges ?? [[0, pcm.length]]) await consume(pcm.decode(from, to, signal), use)
    return { warnings: pcm.warnings, isWhole: false, ...(ranges && { stretch: excerpts.samples }) }
  } finally {
    await pcm.close()
  }
}

/**
 * Where a crop lies that was to begin at `start`, within one stretch: one that would cross into the next moves back to the
 * last place in its own. It is shorter than a clip where the stretch or the track is.
 * @param length samples of the track
 */
export function rangeInside(
  length: number,
  start: number,
  clipLength: number,
  stretch: number = length,
): [from: number, to: number] {
  const first = stretch > 0 ? Math.floor(start / stretch) * stretch : 0
  const from = Math.min(start, Math.max(first, first + stretch - clipLength))
  return [from, Math.min(from + clipLength, first + stretch, length)]
}

/** That crop. */
export function cropInside(
  samples: Float32Array,
  start: number,
  clipLength: number,
  stretch?: number,
): Float32Array {
  return samples.subarray(...rangeInside(samples.length, start, clipLength, stretch))
}

/** The stretches of a track, one after the other. */
export function stretchesOf(samples: Float32Array, stretch: number): Float32Array[] {
  const count = Math.ceil(samples.length / stretch)
  return Array.from({ length: count }, (_, i) => samples.subarray(i * stretch, (i + 1) * stretch))
}
