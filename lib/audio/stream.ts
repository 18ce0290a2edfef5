/** A file as a stream of mono samples, in memory that does not grow with its length. */
import { AudioDecodeError } from '../errors.js'
import { type ByteStream, collect, type FileInput, nameOf } from '../files/source.js'
import { unreadable } from './failure.js'
import { NoFfmpeg, NotRead, withConvertedFile } from './ffmpeg.js'
import { located, toError } from './located.js'
import { decodePool, type StreamEnd } from './pool.js'
import { ResampleStream } from './resample-stream.js'
import type { Scratch } from './scratch.js'
import { openSource } from './source.js'
import type { AudioFile, DecodingEnd, MonoRun, ResampleQuality } from './types.js'
import { readHead, wavRuns } from './wav-stream.js'

/** A file of sound, as `identifySource` tells it. Bytes are copied. */
export type AudioInput = FileInput | ByteStream

/** What is known of a file once it is decoded. */
export interface AudioSummary extends DecodingEnd {
  /** of the file, before they were mixed down; the most where it changes */
  channels: number
  /** of the file; the first where it changes */
  sourceSampleRate: number
}

/** As a decoding thread gives them, without ffmpeg. */
async function* ownRuns(source: FileInput, signal?: AbortSignal): AsyncGenerator<MonoRun, StreamEnd, void> {
  if (typeof source !== 'string') return yield* decodePool().stream({ bytes: source.bytes }, signal)
  const { handle, stat } = await openSource(source)
  try {
    const file: AudioFile = { fd: handle.fd, length: stat.size }
    return yield* decodePool().stream(file, signal)
  } finally {
    await handle.close()
  }
}

const sizeOf = async (path: string) => {
  const { handle, stat } = await openSource(path)
  await handle.close()
  return stat.size
}

/** The runs of a file, through ffmpeg where no decoder of our own reads it. */
async function* allRuns(source: FileInput, signal?: AbortSignal): AsyncGenerator<MonoRun, DecodingEnd, void> {
  const path = nameOf(source)
  const reply = yield* ownRuns(source, signal)
  if ('end' in reply) return reply.end
  const { failure } = reply
  if (!failure.foreign) throw toError(failure, path)
  const use = async function* (wav: string): AsyncGenerator<MonoRun, void, void> {
    const converted = yield* ownRuns(wav, signal)
    if ('failure' in converted) throw toError(converted.failure, path)
  }
  try {
    const given = typeof source === 'string' ? { path: source, size: await sizeOf(source) } : source
    return yield* withConvertedFile(given, failure.foreign, signal, use)
  } catch (error) {
    const { demuxer, isForm } = failure.foreign
    if (error instanceof NoFfmpeg || (error instanceof NotRead && demuxer === undefined))
      throw toError(failure, path)
    if (error instanceof NotRead && isForm) throw toError(unreadable(failure), path)
    throw error
  }
}

/** @throws AudioDecodeError if there are no bytes */
function checkBytes(bytes: Uint8Array, name: string | undefined): FileInput {
  if (bytes.length > 0) return { bytes, name }
  throw new AudioDecodeError({ what: 'there are no bytes', path: name, remedy: 'Fetch the file again' })
}

/** A source that can be read at any place: a stream is collected. @throws AudioDecodeError if there are no bytes */
export async function inMemory(source: AudioInput, signal?: AbortSignal): Promise<FileInput> {
  if (typeof source === 'string') return source
  const { name } = source
  return checkBytes('bytes' in source ? source.bytes : await collect(source.pieces(signal), name), name)
}

/** The runs of a source; a stream of samples that are not compressed is not collected. */
async function* runsOf(source: AudioInput, signal?: AbortSignal): AsyncGenerator<MonoRun, DecodingEnd, void> {
  if (typeof source === 'string' || 'bytes' in source)
    return yield* allRuns(await inMemory(source, signal), signal)
  const pieces = source.pieces(signal)
  try {
    const { head, start, isOver } = await readHead(pieces)
    if (start) return yield* wavRuns(source, pieces, head, start, signal)
    const bytes = isOver ? head : await collect(pieces, source.name, head)
    return yield* allRuns(checkBytes(bytes, source.name), signal)
  } finally {
    await pieces.return()
  }
}

/**
 * As `decodeAudio`, piece by piece: a recording of ten hours takes the memory of some seconds. What is wrong with the end
 * of a file shows only there, after its beginning has been given.
 * @param scratch memory for the pieces, of which each is then valid until the next one is asked for (default: new memory)
 * @returns what is known at the end, the warnings among it
 * @throws as `decodeAudio`
 */
export async function* decodeStream(
  source: AudioInput,
  sampleRate: number,
  signal?: AbortSignal,
  quality: ResampleQuality = 'best',
  scratch?: Scratch,
): AsyncGenerator<Float32Array, AudioSummary, void> {
  signal?.throwIfAborted()
  const resampler = new ResampleStream(sampleRate, quality, signal, scratch)
  const runs = runsOf(source, signal)
  let channels = 0
  let sourceSampleRate: number | undefined
  try {
    for (;;) {
      const { done, value } = await runs.next()
      if (done) {
        yield* resampler.finish()
        return { ...value, channels, sourceSampleRate: sourceSampleRate! }
      }
      channels = Math.max(channels, value.channels)
      sourceSampleRate ??= value.sampleRate
      yield* resampler.push(value)
    }
  } catch (error) {
    throw located(error, nameOf(source), signal)
  } finally {
    await runs.return(undefined as never)
  }
}

/** Hands all that a stream gives to `use`, piece by piece. out: what the stream returns */
export async function consume<T, R>(
  stream: AsyncGenerator<T, R, void>,
  use: (piece: T) => void | Promise<void>,
): Promise<R> {
  try {
    for (;;) {
      const { done, value } = await stream.next()
      if (done) return value
      await use(value)
    }
  } finally {
    await stream.return(undefined as never)
  }
}
