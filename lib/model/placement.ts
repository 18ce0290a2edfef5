/** Where the windows of a file lie: one every hop, or some that are spread evenly; over all of it or a stretch. */
import { PcmFile } from '../audio/pcm-file.js'
import { type AudioInput, consume, decodeStream, inMemory } from '../audio/stream.js'
import { SAMPLE_RATE } from '../clip.js'
import { ArgumentError } from '../errors.js'
import { type FileInput, nameOf } from '../files/source.js'
import { spreadStarts, WindowCutter } from './clips.js'

/** In seconds, but for the length of a window. */
export interface Placement {
  /** samples */
  clipLength: number
  hop: number
  /** spread evenly, in place of one every hop */
  windows?: number
  from: number
  /** infinity for the end of the file */
  to: number
}

export interface PlacedWindow {
  /** first sample, from the beginning of the file */
  start: number
  samples: Float32Array
}

/** out: windows in their order, and at the end the warnings about the file */
type WindowStream = AsyncGenerator<PlacedWindow, { warnings: string[] }, void>
type SampleStream = AsyncGenerator<Float32Array, { warnings: string[] }, void>

/** Samples of a track that are kept for windows that can be placed only when its length is known: 12 minutes, 64 MiB. */
const KEPT = 2 ** 24

const sampleOf = (seconds: number) => Math.round(seconds * SAMPLE_RATE)

function beyondEnd(file: AudioInput, from: number, length: number): ArgumentError {
  return new ArgumentError({
    what: '`from` lies after the end of the file',
    given: `${from / SAMPLE_RATE} s`,
    expected: `less than its ${(length / SAMPLE_RATE).toFixed(2)} s`,
    path: nameOf(file),
    remedy: 'Choose an earlier place',
  })
}

/** What a cutter makes of samples that begin at `offset`. It may be over before they are. */
async function* cut(samples: SampleStream, cutter: WindowCutter, offset: number): WindowStream {
  let count = 0
  try {
    for (;;) {
      const { done, value } = await samples.next()
      const windows = done ? cutter.finish() : cutter.push(value)
      for (const window of windows) yield { start: offset + cutter.startOf(count++), samples: window }
      if (done) return value
      if (cutter.isOver) return { warnings: [] }
    }
  } finally {
    await samples.return(undefined as never)
  }
}

/** The samples from `from` to `to`, of a file that can only be decoded from its beginning. */
async function* stretchOf(file: FileInput, from: number, to: number, signal?: AbortSignal): SampleStream {
  const samples = decodeStream(file, SAMPLE_RATE, signal)
  let at = 0
  try {
    for (;;) {
      const { done, value } = await samples.next()
      if (done && at <= from) throw beyondEnd(file, from, at)
      if (done) return value
      const piece = value.subarray(Math.max(0, from - at), Math.max(0, to - at))
      at += value.length
      if (piece.length > 0) yield piece
      if (at >= to) return { warnings: [] }
    }
  } finally {
    await samples.return(undefined as never)
  }
}

async function* withoutWarnings(pieces: Iterable<Float32Array> | AsyncIterable<Float32Array>): SampleStream {
  yield* pieces
  return { warnings: [] }
}

/** Windows spread over a stretch of unknown length: it is decoded to its end, and once more where it is too long to be kept. */
async function* spreadOver(
  file: FileInput,
  n: number,
  from: number,
  to: number,
  clipLength: number,
  signal?: AbortSignal,
): WindowStream {
  let kept: Float32Array[] | undefined = []
  let length = 0
  const known = await consume(stretchOf(file, from, to, signal), (piece) => {
    length += piece.length
    if (length > KEPT) kept = undefined
    kept?.push(piece)
  })
  const starts = spreadStarts(length, n, clipLength)
  const again = kept ? withoutWarnings(kept) : stretchOf(file, from, to, signal)
  yield* cut(again, new WindowCutter(starts, clipLength), from)
  return known
}

async function* inPcm(
  pcm: PcmFile,
  { clipLength, hop, windows }: Placement,
  from: number,
  to: number,
  signal?: AbortSignal,
): WindowStream {
  const { warnings } = pcm
  if (windows === undefined) {
    yield* cut(withoutWarnings(pcm.decode(from, to, signal)), new WindowCutter(hop, clipLength), from)
    return { warnings }
  }
  for (const start of spreadStarts(to - from, windows, clipLength)) {
    const samples = pcm.decode(from + start, Math.min(to, from + start + clipLength), signal)
    yield* cut(withoutWarnings(samples), new WindowCutter(Float64Array.of(0), clipLength), from + start)
  }
  return { warnings }
}

/** The windows of a file, of which only the stretches are decoded that are needed, where its format lets them be found. */
export async function* placedWindows(
  file: AudioInput,
  placement: Placement,
  signal?: AbortSignal,
): WindowStream {
  const { clipLength, hop, windows } = placement
  const [from, to] = [sampleOf(placement.from), sampleOf(placement.to)]
  if (windows === undefined && from === 0 && to === Number.POSITIVE_INFINITY)
    return yield* cut(decodeStream(file, SAMPLE_RATE, signal), new WindowCutter(hop, clipLength), 0)
  const input = await inMemory(file, signal)
  const pcm = await PcmFile.open(input, SAMPLE_RATE, signal)
  if (!pcm)
    return windows === undefined
      ? yield* cut(stretchOf(input, from, to, signal), new WindowCutter(hop, clipLength), from)
      : yield* spreadOver(input, windows, from, to, clipLength, signal)
  try {
    if (from >= pcm.length) throw beyondEnd(file, from, pcm.length)
    return yield* inPcm(pcm, placement, from, Math.min(to, pcm.length), signal)
  } finally {
    await pcm.close()
  }
}
