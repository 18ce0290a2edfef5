/**
 * What a file promises and what came of it: the one place where the result of every decoder is held to the lengths,
 * counts and checksums that the file itself states.
 */
import type { Budget } from './budget.js'
import { damaged, isShort, MISSING_SECONDS } from './failure.js'
import type { PcmRun } from './types.js'

/** One stream: the whole file, or one of several that are joined in it. */
interface Stream {
  rate: number
  /** frames that it should have, where the file says so */
  promised?: number
  decoded: number
}

/** Damage beyond this share of the sound makes a file useless. */
export const MAX_LOST_SHARE = 0.1

export const seconds = (s: number) => `${s < 10 ? s.toFixed(2) : s.toFixed(1)} s`

/** Words for a loss, if there is one. @throws DecodeRefusal where it is too much */
export function describeLoss(lost: number, total: number): string | undefined {
  if (lost > MAX_LOST_SHARE * total)
    throw damaged('the file has a hole or is damaged', {
      given: `${seconds(lost)} of ${seconds(total)} that cannot be decoded`,
      expected: `at most ${MAX_LOST_SHARE * 100} %`,
    })
  return lost > 0 ? `${seconds(lost)} of ${seconds(total)} are damaged` : undefined
}

/** Words for a rate that is not that of the whole file. */
export const rateChange = (from: number, to: number) =>
  `the sample rate changes from ${from} to ${to} Hz: each part was resampled by itself`

/** Takes what a listener might want to know. */
export interface Notes {
  note(text: string): void
}

export class Ledger implements Notes {
  readonly #notes: string[] = []
  readonly #streams: Stream[] = []
  #seconds = 0
  #lostSeconds = 0
  #firstLost = 0

  /** `format`: as the container says; a decoder that finds out more may set it */
  constructor(
    public format: string,
    private readonly budget: Budget,
  ) {}

  /** A stream begins; what is promised and counted from here on is its own. */
  begin(rate: number): void {
    this.#streams.push({ rate, decoded: 0 })
  }

  /** The file says that the stream has so many frames. */
  promise(frames: number): void {
    this.#streams.at(-1)!.promised = frames
  }

  /** What a decoder gave, or the silence that stands for what it could not give. */
  count({ channels, sampleRate }: PcmRun): void {
    this.#streams.at(-1)!.decoded += channels[0]!.length
    this.#seconds += channels[0]!.length / sampleRate
  }

  /** So many frames of so many channels are to come. @throws DecodeRefusal where they are more than the file may have */
  expect(frames: number, channels: number): void {
    this.budget.expect(frames * channels)
  }

  /** So many frames cannot be decoded; the caller puts silence in their place. @throws DecodeRefusal as `expect` */
  lose(frames: number, channels: number, rate: number): void {
    this.expect(frames, channels)
    if (this.#lostSeconds === 0) this.#firstLost = this.#seconds
    this.#lostSeconds += frames / rate
  }

  /** Something that a listener might want to know. */
  note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text)
  }

  /** Frames that were counted so far, in all streams. */
  get frames(): number {
    return this.#streams.reduce((sum, stream) => sum + stream.decoded, 0)
  }

  /** True where nothing was lost, so that a checksum over all samples can hold. */
  get intact(): boolean {
    return this.#lostSeconds === 0
  }

  /** At the end of a file: its warnings. @throws DecodeRefusal where too much is missing */
  settle(): string[] {
    if (this.frames === 0) throw damaged('the file holds no samples')
    for (const stream of this.#streams) this.#settleLength(stream)
    const loss = describeLoss(this.#lostSeconds, this.#seconds)
    if (loss) this.note(`${loss} and were replaced by silence, the first at ${seconds(this.#firstLost)}`)
    return [...this.#notes]
  }

  #settleLength({ promised, decoded, rate }: Stream): void {
    if (promised === undefined) return
    const missing = promised - decoded
    if (missing > 0 && isShort(missing, promised, rate))
      throw damaged('the file is truncated or has a hole', {
        given: `${decoded} samples`,
        expected: `the ${promised} samples that its header promises`,
      })
    if (missing > 0) this.note(`${missing} of ${promised} samples are missing at the end`)
    if (-missing > MISSING_SECONDS * rate)
      this.note(`the header promises ${seconds(promised / rate)}, ${seconds(decoded / rate)} were decoded`)
  }
}
