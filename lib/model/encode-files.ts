/** Decodes files ahead of the encoder, a bounded number at a time, and keeps their order. */
import { type DecodedAudio, decodeAudio } from '../audio/index.js'
import { ArgumentError, describe } from '../errors.js'
import { abortReason } from '../native/call.js'

export type Paths = Iterable<string> | AsyncIterable<string>

export interface DecodedFile {
  path: string
  audio: DecodedAudio | { error: Error }
}

interface Pulled {
  path: string
  decoding: Promise<DecodedAudio | { error: Error }>
}

type AnyIterator = AsyncIterator<string> | Iterator<string>

function iteratorOf(paths: Paths): AnyIterator {
  const source = paths as Partial<AsyncIterable<string> & Iterable<string>> | null | undefined
  if (typeof source === 'object' && source !== null) {
    const iterator = source[Symbol.asyncIterator]?.() ?? source[Symbol.iterator]?.()
    if (iterator) return iterator
  }
  throw new ArgumentError({
    what: 'encodeFiles needs several paths',
    given: describe(paths),
    expected: 'an array, an iterable or an async iterable of paths',
    remedy: 'For a single file use encodeFile(path), or pass [path]',
  })
}

async function decodeOne(path: unknown, signal: AbortSignal): Promise<DecodedAudio | { error: Error }> {
  try {
    if (typeof path === 'string') return await decodeAudio(path, { signal })
    throw new ArgumentError({
      what: 'not a path',
      given: describe(path),
      expected: 'a string',
      remedy: 'Check where the list of paths comes from',
    })
  } catch (error) {
    return { error: error as Error }
  }
}

/** `promise`, or the signal's reason as soon as it fires. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortReason(signal))
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Asks the source for one path at a time, never again once it has ended or thrown. */
class Source {
  readonly #iterator: AnyIterator
  #last: Promise<unknown> = Promise.resolve()
  #over = false
  /** the source has been asked and has not answered yet */
  asking = false

  constructor(paths: Paths) {
    this.#iterator = iteratorOf(paths)
  }

  pull(signal: AbortSignal): Promise<Pulled | undefined> {
    const pulled = this.#last.then(() => this.#ask(signal))
    this.#last = pulled.catch(() => {})
    return pulled
  }

  async #ask(signal: AbortSignal): Promise<Pulled | undefined> {
    if (this.#over || signal.aborted) return undefined
    try {
      this.asking = true
      const { done, value: path } = await this.#iterator.next()
      this.#over = done === true
      return done ? undefined : { path, decoding: decodeOne(path, signal) }
    } catch (error) {
      this.#over = true
      throw error
    } finally {
      this.asking = false
    }
  }

  /** Lets the source clean up, unless it has ended by itself. One that does not answer is not waited for. */
  async close(): Promise<void> {
    if (this.#over) return
    this.#over = true
    const asking = this.asking
    const closing = Promise.resolve(this.#iterator.return?.())
    if (asking) closing.catch(() => {})
    else await closing
  }
}

/**
 * in: paths; out: decoded files in the same order, at most `concurrency` of them decoded ahead.
 * A file that cannot be decoded comes as `{ error }`. What the source of the paths throws is thrown on.
 */
export async function* decodeAhead(
  paths: Paths,
  concurrency: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<DecodedFile> {
  signal?.throwIfAborted()
  const source = new Source(paths)
  const stop = new AbortController()
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const ahead: Promise<Pulled | undefined>[] = []
  const pull = () => ahead.push(source.pull(either))
  try {
    for (let i = 0; i < concurrency; i++) pull()
    for (;;) {
      const pulled = await orAbort(ahead.shift()!, signal)
      if (!pulled) return
      const audio = await orAbort(pulled.decoding, signal)
      pull()
      yield { path: pulled.path, audio }
    }
  } finally {
    stop.abort()
    for (const pulled of ahead) pulled.catch(() => {})
    await source.close()
  }
}
