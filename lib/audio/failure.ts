import type { DecodeFailure } from './types.js'

/** Thrown by the decoders; it crosses threads as its plain `failure`. */
export class DecodeRefusal extends Error {
  constructor(readonly failure: DecodeFailure) {
    super(failure.what)
  }
}

const REPAIR = 'Fetch the file again, or repair it (ffmpeg -i IN OUT.wav)'

/** The bytes are damaged, cut off or contradict each other. */
export function damaged(what: string, facts: { given?: string; expected?: string } = {}): DecodeRefusal {
  return new DecodeRefusal({ code: 'ERR_AUDIO_DECODE', what, ...facts, remedy: REPAIR })
}

/** The bytes are whole, but in an encoding that no decoder of this package reads. */
export function unsupported(what: string, facts: { given?: string; expected?: string } = {}): DecodeRefusal {
  return new DecodeRefusal({
    code: 'ERR_AUDIO_FORMAT',
    what,
    ...facts,
    remedy: 'Convert the file with ffmpeg: ffmpeg -i IN -c:a pcm_s16le OUT.wav',
  })
}

/** What bytes look like that are no audio, for the message. */
function looksLike(head: Uint8Array): string {
  const printable = head.every((b) => b === 9 || b === 10 || b === 13 || (b >= 32 && b !== 127))
  if (printable) return 'text'
  return `bytes that begin with ${[...head.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`
}

/** in: the first bytes of a file that nothing here reads. */
export function unknownFormat(head: Uint8Array): DecodeRefusal {
  return new DecodeRefusal({
    code: 'ERR_AUDIO_DECODE',
    what: 'this is not audio in a known format',
    given: looksLike(head),
    expected: 'wav, mp3, flac or ogg (m4a, opus, aiff and others through ffmpeg)',
    remedy: 'Check that the file is what its name says',
  })
}

/** Upper bound on decoded values (frames × channels): 4 GiB of floats, 3.4 hours of 44.1 kHz stereo. */
export const MAX_VALUES = 2 ** 30

export function checkSize(frames: number, channels: number): void {
  if (frames * channels <= MAX_VALUES) return
  throw new DecodeRefusal({
    code: 'ERR_AUDIO_DECODE',
    what: 'the file is too long to be decoded in one piece',
    given: `${frames} frames of ${channels} channels`,
    expected: `at most ${MAX_VALUES} values`,
    remedy: 'Cut it into pieces (ffmpeg -i IN -f segment -segment_time 3600 OUT%03d.wav)',
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

/** Compares what was decoded with what the header promises: a short tail is a warning, more is a refusal. */
export function checkLength(decoded: number, promised: number, sampleRate: number, warnings: string[]): void {
  const missing = promised - decoded
  if (missing <= 0) return
  if (isShort(missing, promised, sampleRate))
    throw damaged('the file is truncated or has a hole', {
      given: `${decoded} samples`,
      expected: `the ${promised} samples that its header promises`,
    })
  warnings.push(`${missing} of ${promised} samples are missing at the end`)
}
