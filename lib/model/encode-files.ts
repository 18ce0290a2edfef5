/** Works on several files at a time, and keeps their order. */
import { onAbort } from '../abort.js'
import { ArgumentError, describe } from '../errors.js'
import { abortReason } from '../native/call.js'

export type Paths = Iterable<string> | AsyncIterable<string>

interface Pulled<T> {
  path: string
  work: Promise<T>
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

/** @throws ArgumentError for what is no path */
export function checkPath(path: unknown): asserts path is string {
  if (typeof path === 'string') return
  throw new ArgumentError({
    what: 'not a path',
    given: describe(path),
    expected: 'a string',
    remedy: 'Check where the list of paths comes from',
  })
}

/** `promise`, or the signal's reason as soon as it fires. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const ignore = onAbort(signal, () => reject(abortReason(signal)))
    promise.then(resolve, reject).finally(ignore)
  })
}

/** Asks the source for one path at a time, and never again once it has ended or thrown. */
class Source<T> {
  readonly #iterator: AnyIterator
  readonly #work: (path: string) => Promise<T>
  #last: Promise<unknown> = Promise.resolve()
  #over = false
  /** whether the source has been asked and has not answered yet */
  asking = false

  constructor(paths: Paths, work: (path: string) => Promise<T>) {
    this.#iterator = iteratorOf(paths)
    this.#work = work
  }

  pull(signal: AbortSignal): Promise<Pulled<T> | undefined> {
    const pulled = this.#last.then(() => this.#ask(signal))
    this.#last = pulled.catch(() => {})
    return pulled
  }

  async #ask(signal: AbortSignal): Promise<Pulled<T> | undefined> {
    if (this.#over || signal.aborted) return undefined
    try {
      this.asking = true
      const { done, value: path } = await this.#iterator.next()
      this.#over = done === true
      if (done) return undefined
      const work = this.#work(path)
      work.catch(() => {}) // it may fail long before its turn, when it is awaited
      return { path, work }
    } catch (error) {
      this.#over = true
      throw error
    } finally {
      this.asking = false
    }
  }

  /** Lets the source clean up, unless it has ended by itself. Does not wait for a source that does not answer. */
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
 * in: paths; out: what `work` made of them, in the same order. At most `concurrency` of them are worked on or wait for
 * the consumer, which does not hold up the work itself. What the source of the paths or `work` throws is passed on.
 * @param work its signal fires when the stream is left or aborted
 */
export async function* mapAhead<T>(
  paths: Paths,
  concurrency: number,
  signal: AbortSignal | undefined,
  work: (path: string, signal: AbortSignal) => Promise<T>,
): AsyncGenerator<T, void, void> {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const source = new Source(paths, (path) => work(path, either))
  const ahead: Promise<Pulled<T> | undefined>[] = []
  const pull = () => ahead.push(source.pull(either))
  try {
    for (let i = 0; i < concurrency; i++) pull()
    for (;;) {
      const pulled = await orAbort(ahead.shift()!, signal)
      if (!pulled) return
      const result = await orAbort(pulled.work, signal)
      pull()
      yield result
    }
  } finally {
    stop.abort()
    for (const pulled of ahead) pulled.catch(() => {})
    await source.close()
  }
}
