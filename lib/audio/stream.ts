/** A file as a stream of mono samples, in memory that does not grow with its length. */
import { ClmrError } from '../errors.js'
import { toError, withPath } from './decode.js'
import { withConvertedFile } from './ffmpeg.js'
import { decodePool, type StreamEnd } from './pool.js'
import { ResampleStream } from './resample-stream.js'
import { openSource } from './source.js'

const isEnd = (reply: Float32Array | StreamEnd): reply is StreamEnd => !(reply instanceof Float32Array)

async function* streamOnce(
  path: string,
  sampleRate: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Float32Array | StreamEnd, void, void> {
  const { handle, stat } = await openSource(path)
  try {
    const resampler = new ResampleStream(sampleRate, 'best', signal)
    const runs = decodePool().stream({ fd: handle.fd, length: stat.size }, signal)
    try {
      for (;;) {
        const { done, value } = await runs.next()
        if (!done) yield* resampler.push(value)
        else {
          if ('warnings' in value) yield* resampler.finish()
          return yield value
        }
      }
    } finally {
      await runs.return(undefined as never)
    }
  } finally {
    await handle.close()
  }
}

/**
 * As `decodeAudio`, piece by piece: a recording of ten hours takes the memory of some seconds. What is wrong with the end
 * of a file shows only there, after its beginning has been given.
 * @param path wav, mp3, flac, ogg; others through ffmpeg and a temporary file
 * @throws as `decodeAudio`
 */
export async function* decodeStream(
  path: string,
  sampleRate: number,
  signal?: AbortSignal,
  shown = path,
): AsyncGenerator<Float32Array, void, void> {
  signal?.throwIfAborted()
  try {
    for await (const reply of streamOnce(path, sampleRate, signal)) {
      if (!isEnd(reply)) yield reply
      else if ('failure' in reply) throw toError(reply.failure, shown)
      else if ('foreign' in reply)
        yield* withConvertedFile(path, reply.foreign, signal, (wav) =>
          decodeStream(wav, sampleRate, signal, shown),
        )
    }
  } catch (error) {
    const located = error instanceof ClmrError && error.path !== undefined
    throw located ? error : withPath(error, shown)
  }
}
