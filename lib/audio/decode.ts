import { z } from 'zod'
import { SAMPLE_RATE } from '../clip.js'
import { ArgumentError, AudioDecodeError, ClmrError, clmrError, describe } from '../errors.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { unknownFormat } from './failure.js'
import { convertWithFfmpeg } from './ffmpeg.js'
import { decodePool } from './pool.js'
import { sniff } from './sniff.js'
import { readSource } from './source.js'
import type { DecodedAudio, DecodeFailure, DecodeOptions, DecodeReply, Pcm } from './types.js'

const decodeOptions = z.strictObject({
  sampleRate: z
    .number()
    .int()
    .min(1000)
    .max(768000)
    .default(SAMPLE_RATE)
    .describe('rate of the result in Hz'),
  quality: z.enum(['best', 'fast', 'torchaudio']).default('best').describe('resampling filter'),
  signal: z.instanceof(AbortSignal).optional().describe('ends the decoding'),
})

/** @internal The failure of a thread as the error that its code stands for. */
export function toError(failure: DecodeFailure, path?: string): ClmrError {
  const { code, ...details } = failure
  return clmrError(code, { ...details, path })
}

/** A file in memory: `owned` bytes may be given away to a thread. */
export interface AudioBytes {
  bytes: Uint8Array
  owned: boolean
  path?: string
}

/**
 * in: the bytes of a file; out: its channels at its own rate, and the name of its format.
 * @throws AudioDecodeError, AudioFormatError, NonFiniteError
 */
export async function decodeToPcm(
  source: AudioBytes,
  signal?: AbortSignal,
): Promise<Pcm & { format: string }> {
  const { bytes, path } = source
  if (bytes.length === 0)
    throw new AudioDecodeError({ what: 'there are no bytes', remedy: 'Fetch the file again', path })
  const kind = sniff(bytes)
  if (!kind) throw toError(unknownFormat(bytes.subarray(0, 256)).failure, path)
  let reply: DecodeReply
  if ('own' in kind) {
    reply = await decodePool().run({ format: kind.own, bytes }, source.owned, signal)
  } else {
    const converted = await convertWithFfmpeg(path === undefined ? { bytes } : { path }, kind, signal)
    reply = await decodePool().run({ format: 'wav', bytes: converted }, true, signal)
  }
  if ('failure' in reply) throw toError(reply.failure, path)
  const warnings = 'own' in kind ? reply.pcm.warnings : []
  return { ...reply.pcm, warnings, format: 'own' in kind ? kind.own : kind.ffmpeg }
}

/** in: channels at their own rate; out: their mean at `sampleRate`. */
export function mixAndResample(
  pcm: Pcm,
  sampleRate: number,
  quality: NonNullable<DecodeOptions['quality']>,
  signal?: AbortSignal,
): Promise<Float32Array> {
  return callNative(signal, (abort) =>
    native().mixAndResample(pcm.channels, pcm.sampleRate, sampleRate, quality, abort),
  )
}

/** @internal Decodes bytes that were read already. */
export async function decodeBytesOf(source: AudioBytes, options: DecodeOptions): Promise<DecodedAudio> {
  const { sampleRate = SAMPLE_RATE, quality = 'best', signal } = options
  const pcm = await decodeToPcm(source, signal)
  const samples = await mixAndResample(pcm, sampleRate, quality, signal).catch((error) => {
    throw withPath(error, source.path)
  })
  return {
    samples,
    sampleRate,
    channels: pcm.channels.length,
    duration: samples.length / sampleRate,
    sourceSampleRate: pcm.sampleRate,
    format: pcm.format,
    warnings: pcm.warnings,
  }
}

/** @internal The native side does not know which file its samples came from. */
export function withPath(error: unknown, path?: string): unknown {
  if (!(error instanceof ClmrError) || path === undefined) return error
  const what = `its samples cannot be resampled: ${error.message}`
  return clmrError(error.code, { what, remedy: error.remedy, path, cause: error })
}

/**
 * Decodes a file, mixes it down to one channel (the mean) and resamples it.
 *
 * Reads wav (PCM 8 to 32 bits, float 32 and 64 bits, extensible, RF64), mp3, flac and ogg (Vorbis, FLAC) by decoders
 * of its own, in worker threads; m4a, opus, aiff and others through an `ffmpeg` on the PATH. The format is told by
 * the bytes, never by the name.
 *
 * A file that lacks more than 0.1 s of what its own header promises, or that has a hole, is refused: audio that
 * silently ends early would teach a network the wrong thing. Less than that is a warning in the result.
 *
 * @param source path of a file, or its bytes (which are copied)
 * @returns mono samples at `sampleRate` (default 22,050 Hz), full scale ±1; `duration` in seconds
 * @throws AudioDecodeError for a file that is empty, damaged, truncated or no audio at all
 * @throws AudioFormatError for an encoding that is not read (A-law, ADPCM …; m4a without ffmpeg)
 * @throws NonFiniteError where samples are NaN or infinite
 * @throws IoError where the file cannot be read; AbortError once `signal` fires
 */
export async function decodeAudio(
  source: string | Uint8Array | ArrayBuffer,
  options: DecodeOptions = {},
): Promise<DecodedAudio> {
  const checked = parseOptions(decodeOptions, options, 'decodeAudio')
  checked.signal?.throwIfAborted()
  if (typeof source === 'string' && source.length > 0) {
    const { bytes } = await readSource(source, checked.signal)
    return decodeBytesOf({ bytes, owned: true, path: source }, checked)
  }
  if (source instanceof Uint8Array) return decodeBytesOf({ bytes: source, owned: false }, checked)
  if (source instanceof ArrayBuffer)
    return decodeBytesOf({ bytes: new Uint8Array(source), owned: false }, checked)
  throw new ArgumentError({
    what: 'decodeAudio needs a file',
    given: describe(source),
    expected: 'a path, a Uint8Array or an ArrayBuffer',
    remedy: 'Pass one of these',
  })
}
