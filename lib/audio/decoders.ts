/**
 * The decoders, as they run in a worker thread.
 * in: a file; out: runs of frames, one after the other, and at the end what a listener might want to know; or a
 * `DecodeRefusal`.
 */
import type { Bytes } from '../formats/bytes.js'
import { decodeAiff } from './aiff.js'
import { decodeAu } from './au.js'
import { Budget } from './budget.js'
import { tail } from './bytes.js'
import { checkFormat, DecodeRefusal, unknownFormat } from './failure.js'
import { decodeFlac } from './flac.js'
import { inspectForeign } from './foreign.js'
import { Ledger, rateChange } from './ledger.js'
import { decodeMp3 } from './mp3.js'
import { decodeOgg } from './ogg.js'
import { decodePcm } from './pcm.js'
import { type Sniffed, sniff } from './sniff.js'
import type { DecodingEnd, Foreign, OwnFormat, PcmLayout, PcmRun } from './types.js'
import { decodeWav } from './wav.js'

export type Decoding = AsyncGenerator<PcmRun, DecodingEnd, void>

type Decoder = (bytes: Bytes, ledger: Ledger) => Iterable<PcmRun> | AsyncIterable<PcmRun>

const DECODERS: Record<OwnFormat, Decoder> = {
  wav: decodeWav,
  aiff: decodeAiff,
  au: decodeAu,
  mp3: decodeMp3,
  flac: decodeFlac,
  ogg: decodeOgg,
}

/** Small runs are put together to about so many frames: each one costs a message to another thread. */
const RUN_FRAMES = 1 << 16

const isAlike = (a: PcmRun, b: PcmRun) =>
  a.sampleRate === b.sampleRate && a.channels.length === b.channels.length

function joined(runs: PcmRun[]): PcmRun {
  if (runs.length === 1) return runs[0]!
  const frames = runs.reduce((sum, run) => sum + run.channels[0]!.length, 0)
  const channels = runs[0]!.channels.map(() => new Float32Array(frames))
  let at = 0
  for (const run of runs) {
    for (const [c, channel] of channels.entries()) channel.set(run.channels[c]!, at)
    at += run.channels[0]!.length
  }
  return { channels, sampleRate: runs[0]!.sampleRate }
}

async function* gathered(runs: AsyncIterable<PcmRun>): AsyncGenerator<PcmRun, void, void> {
  let held: PcmRun[] = []
  let frames = 0
  for await (const run of runs) {
    if (held.length > 0 && (frames >= RUN_FRAMES || !isAlike(held[0]!, run))) {
      yield joined(held)
      held = []
      frames = 0
    }
    held.push(run)
    frames += run.channels[0]!.length
  }
  if (held.length > 0) yield joined(held)
}

/** Counts NaN and infinity over all channels; `first` is the index of the first frame that has one. */
function countNonFinite(channels: Float32Array[]): { count: number; first: number } {
  let count = 0
  let first = Number.POSITIVE_INFINITY
  for (const channel of channels)
    for (let i = 0; i < channel.length; i++)
      if (!Number.isFinite(channel[i]!)) {
        count++
        if (i < first) first = i
      }
  return { count, first }
}

function checkFinite({ channels }: PcmRun, before: number): void {
  const { count, first } = countNonFinite(channels)
  if (count === 0) return
  const length = channels[0]!.length
  throw new DecodeRefusal({
    code: 'ERR_NON_FINITE',
    what: `${count} samples are NaN or infinite, the first at index ${before + first}`,
    given: `${count} of ${length * channels.length} values from index ${before} on`,
    expected: 'finite samples',
    remedy: 'Export the file again',
  })
}

/** What a run changes against the one before. */
function noteChange(before: PcmRun | undefined, run: PcmRun, ledger: Ledger): void {
  if (before === undefined || before.sampleRate === run.sampleRate) return
  ledger.note(rateChange(before.sampleRate, run.sampleRate))
}

/** Every run is held to what any file must keep: a format that can be, finite samples, and no more than its size allows. */
async function* checked(
  runs: Iterable<PcmRun> | AsyncIterable<PcmRun>,
  ledger: Ledger,
  budget: Budget,
  first = 0,
): AsyncGenerator<PcmRun, void, void> {
  let before: PcmRun | undefined
  for await (const run of runs) {
    checkFormat(run.sampleRate, run.channels.length)
    budget.spend(run)
    checkFinite(run, first + ledger.frames)
    noteChange(before, run, ledger)
    before = { channels: run.channels.map((channel) => channel.subarray(0, 0)), sampleRate: run.sampleRate }
    ledger.count(run)
    yield run
  }
}

/** A container that has no decoder here. */
function foreignContainer(name: string, foreign: Foreign): DecodeRefusal {
  return new DecodeRefusal({
    code: 'ERR_AUDIO_FORMAT',
    what: `${name} is read through ffmpeg, and there is no ffmpeg on the PATH`,
    expected: 'wav, aiff, au, mp3, flac or ogg, or an ffmpeg on the PATH',
    remedy: 'Install ffmpeg, which reads it',
    foreign,
  })
}

async function* decodeOwn(format: OwnFormat, file: Bytes, { start, strange = 0 }: Sniffed): Decoding {
  const budget = new Budget(file.length)
  const ledger = new Ledger(format, budget)
  if (strange > 0) ledger.note(`${strange} bytes in front of the first frame are no frame`)
  const runs = DECODERS[format](tail(file, start), ledger)
  yield* gathered(checked(runs, ledger, budget))
  return { format: ledger.format, warnings: ledger.settle() }
}

/** Decodes some frames of samples that are not compressed, of which `first` has that number in the file. */
export async function* decodeFrames(file: Bytes, layout: PcmLayout, first: number): Decoding {
  const budget = new Budget(file.length)
  const ledger = new Ledger('', budget)
  yield* gathered(checked(decodePcm(file, layout, ledger), ledger, budget, first))
  return { format: '', warnings: [] }
}

/**
 * Decodes a file whose format is told by its bytes.
 * @throws DecodeRefusal; its `foreign` says that ffmpeg is to be asked before it is believed
 */
export async function* decodeRuns(file: Bytes): Decoding {
  const kind = sniff(file)
  if (!kind) throw unknownFormat(file.subarray(0, 256))
  try {
    if ('foreign' in kind) {
      const { demuxer, name } = kind.foreign
      throw foreignContainer(name, { demuxer, ...inspectForeign(demuxer, file, kind.start) })
    }
    return yield* decodeOwn(kind.own, file, kind)
  } catch (error) {
    if (error instanceof DecodeRefusal && error.failure.foreign)
      error.failure.foreign.parts ??= [{ start: kind.start }]
    throw error
  }
}
