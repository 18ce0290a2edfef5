import { SAMPLE_RATE } from '../clip.js'
import { ClmrError } from '../errors.js'
import { type FileSource, identifySource, nameOf } from '../files/source.js'
import { parseOptions } from '../options.js'
import { Result } from '../result.js'
import { aboutFile } from '../warnings.js'
import type { DecodeOptions } from './option-types.js'
import { decodeOptions } from './options.js'
import { type AudioInput, consume, decodeStream } from './stream.js'
import type { DecodedAudio } from './types.js'

/** Samples between two looks at the memory that is free: 64 MiB. */
const MEMORY_STEP = 2 ** 24
const FLOAT_BYTES = 4

/** All samples of a file in one array. */
class Collector {
  readonly #pieces: Float32Array[] = []
  #length = 0
  #checked = 0

  constructor(private readonly path: string | undefined) {}

  add(piece: Float32Array): void {
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#length - this.#checked < MEMORY_STEP) return
    this.#checked = this.#length
    // once more for the array that they are put together in, and for what comes until the next look
    const needed = (this.#length + MEMORY_STEP) * FLOAT_BYTES
    const free = process.availableMemory()
    if (needed <= free) return
    throw new ClmrError('ERR_MEMORY', {
      what: 'there is not enough memory for the samples of the file',
      given: `${this.#length} samples so far`,
      expected: `${Math.ceil(needed / 2 ** 20)} MiB of free memory; there are ${Math.floor(free / 2 ** 20)}`,
      remedy: 'Use encodeFile, which reads a file piece by piece',
      path: this.path,
    })
  }

  joined(): Float32Array {
    if (this.#pieces.length === 1) return this.#pieces[0]!
    const samples = new Float32Array(this.#length)
    let at = 0
    for (const piece of this.#pieces) {
      samples.set(piece, at)
      at += piece.length
    }
    return samples
  }
}

async function decode(source: AudioInput, options: DecodeOptions): Promise<DecodedAudio> {
  const { sampleRate = SAMPLE_RATE, quality, signal, onWarning } = options
  const collector = new Collector(nameOf(source))
  const stream = decodeStream(source, sampleRate, signal, quality)
  const { format, warnings, channels, sourceSampleRate } = await consume(stream, (piece) =>
    collector.add(piece),
  )
  for (const warning of warnings) onWarning?.(aboutFile(nameOf(source), warning))
  const samples = collector.joined()
  return Result.of({
    samples,
    sampleRate,
    channels,
    duration: samples.length / sampleRate,
    sourceSampleRate,
    format,
    warnings,
  })
}

/**
 * Decodes a file, mixes it down to one channel (the mean) and resamples it.
 *
 * Reads wav (PCM 8 to 32 bits, float 32 and 64 bits, extensible, RIFX, RF64, Wave64), aiff, au, mp3, flac and ogg
 * (Vorbis, Opus, FLAC) with built-in decoders in worker threads. Other formats, such as m4a, and rare variants of
 * those above are read through an `ffmpeg` on the PATH. The format is recognised by the content, never by the name.
 *
 * The audio is checked against the lengths, counts and checksums that the file states. A file is refused
 * if more than 0.1 s or more than a tenth of it is missing at the end, or if damage elsewhere affects more than a
 * tenth. Smaller losses give a warning, and damaged parts become silence of the same length. If `ffmpeg`
 * decodes less than the file promises and reports no error, a warning says how much is missing.
 *
 * @param source a path, or the file in any other form: bytes (which are copied), a `Blob`, a stream
 * @returns mono samples at `sampleRate` (default 22,050 Hz), full scale ±1; `duration` in seconds
 * @throws AudioDecodeError for a file that is empty, damaged, truncated or not audio
 * @throws AudioFormatError for an unsupported encoding (A-law, ADPCM …; m4a without ffmpeg)
 * @throws NonFiniteError if samples are NaN or infinite
 * @throws IoError if the file cannot be read; AbortError once `signal` fires
 */
export async function decodeAudio(source: FileSource, options: DecodeOptions = {}): Promise<DecodedAudio> {
  const checked = parseOptions(decodeOptions, options, 'decodeAudio')
  checked.signal?.throwIfAborted()
  return decode(identifySource(source, 'decodeAudio'), checked)
}
