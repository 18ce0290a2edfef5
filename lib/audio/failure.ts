import type { DecodeFailure } from './types.js'

/** Thrown by the decoders; it crosses threads as its plain `failure`. */
export class DecodeRefusal extends Error {
  constructor(readonly failure: DecodeFailure) {
    super(failure.what)
  }
}

const REPAIR = 'Fetch the file again'

/** The bytes are damaged, cut off or contradict each other. */
export function damaged(what: string, facts: { given?: string; expected?: string } = {}): DecodeRefusal {
  return new DecodeRefusal({ code: 'ERR_AUDIO_DECODE', what, ...facts, remedy: REPAIR })
}

const INSTALL = 'Install ffmpeg, which reads more formats'

/** A refusal of `unsupported` once ffmpeg has tried in vain: installing it is no remedy any more. */
export function unreadable(failure: DecodeFailure): DecodeFailure {
  const remedy = failure.remedy === INSTALL ? 'Export the file again, as 16-bit PCM' : failure.remedy
  return { ...failure, what: `${failure.what}, and ffmpeg could not read it`, remedy }
}

/** The bytes are whole, but in an encoding that no decoder of this package reads; ffmpeg may, by the demuxer `ffmpeg`. */
export function unsupported(
  what: string,
  facts: { given?: string; expected?: string; remedy?: string; ffmpeg?: string; notes?: string[] } = {},
): DecodeRefusal {
  const { ffmpeg, notes = [], ...details } = facts
  return new DecodeRefusal({
    code: 'ERR_AUDIO_FORMAT',
    what,
    remedy: INSTALL,
    ...details,
    foreign: ffmpeg === undefined ? undefined : { demuxer: ffmpeg, isForm: true, notes },
  })
}

/** True where every byte may be one of UTF-8 text. */
export const isText = (head: Uint8Array) =>
  head.every((b) => b === 9 || b === 10 || b === 13 || (b >= 32 && b !== 127))

/** What bytes look like that are no audio, for the message. */
function looksLike(head: Uint8Array): string {
  if (isText(head)) return 'text'
  return `bytes that begin with ${[...head.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`
}

/** in: the first bytes of a file that nothing here reads. */
export function unknownFormat(head: Uint8Array): DecodeRefusal {
  return new DecodeRefusal({
    code: 'ERR_AUDIO_DECODE',
    what: 'this is not audio in a known format',
    given: looksLike(head),
    expected: 'wav, aiff, au, mp3, flac or ogg (m4a and others through ffmpeg)',
    remedy: 'Check that the file is what its name says',
    foreign: { notes: [] },
  })
}

/** What a file may lack of what it promises and still be read, with a warning: so many seconds, */
export const MISSING_SECONDS = 0.1
/** and so large a share of the file. */
const MISSING_SHARE = 0.1

/** True where more is missing than may be. `perSecond`: what the other two count, in a second. */
export function isShort(missing: number, promised: number, perSecond: number): boolean {
  return missing > MISSING_SECONDS * perSecond || missing > MISSING_SHARE * promised
}

const MAX_CHANNELS = 256
const MIN_RATE = 1000
const MAX_RATE = 768_000

/** The two facts that every container states. @throws DecodeRefusal where they cannot be right */
export function checkFormat(sampleRate: number, channels: number): void {
  if (channels < 1 || channels > MAX_CHANNELS)
    throw damaged('the number of channels cannot be right', {
      given: `${channels}`,
      expected: `1 to ${MAX_CHANNELS}`,
    })
  if (!(sampleRate >= MIN_RATE && sampleRate <= MAX_RATE))
    throw damaged('the sample rate cannot be right', {
      given: `${sampleRate} Hz`,
      expected: '1,000 to 768,000 Hz',
    })
}
