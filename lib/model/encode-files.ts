/** Works on several files at a time, and keeps their order. */
import { orAbort } from '../abort.js'
import { isBytes } from '../arrays.js'
import { ArgumentError, describe } from '../errors.js'
import type { FileSource } from '../files/source.js'

/** Files, one after the other. */
export type Sources<S> = Iterable<S> | AsyncIterable<S>

interface Pulled<T> {
  work: Promise<T>
}

type AnyIterator<S> = AsyncIterator<S> | Iterator<S>

/** A Node stream of bytes is one file, not a list of files. */
const isOneFile = (value: object) =>
  isBytes(value) || (value as { readableObjectMode?: unknown }).readableObjectMode === false

function iteratorOf<S>(sources: Sources<S>): AnyIterator<S> {
  const list = sources as Partial<AsyncIterable<S> & Iterable<S>> | null | undefined
  if (typeof list === 'object' && list !== null && !isOneFile(list)) {
    const iterator = list[Symbol.asyncIterator]?.() ?? list[Symbol.iterator]?.()
    if (iterator) return iterator
  }
  throw new ArgumentError({
    what: 'encodeFiles needs several paths',
    given: describe(sources),
    expected: 'an array, an iterable or an async iterable of paths',
    remedy: 'For a single file call encodeFile(path)',
  })
}

/** Asks the source for one file at a time, and never again once it has ended or thrown. */
class Source<S, T> {
  readonly #iterator: AnyIterator<S>
  readonly #work: (source: S) => Promise<T>
  #last: Promise<unknown> = Promise.resolve()
  #over = false
  /** whether the source has been asked and has not answered yet */
  asking = false

  constructor(sources: Sources<S>, work: (source: S) => Promise<T>) {
    this.#iterator = iteratorOf(sources)
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
      const { done, value } = await this.#iterator.next()
      this.#over = done === true
      if (done) return undefined
      const work = this.#work(value)
      work.catch(() => {}) // it may fail long before its turn, when it is awaited
      return { work }
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
 * in: files; out: what `work` made of them, in the same order. At most `concurrency` of them are worked on or wait for
 * the consumer, which does not hold up the work itself. What the source of the files or `work` throws is passed on.
 * @param work its signal fires when the stream is left or aborted
 */
export async function* mapAhead<S extends FileSource, T>(
  sources: Sources<S>,
  concurrency: number,
  signal: AbortSignal | undefined,
  work: (source: S, signal: AbortSignal) => Promise<T>,
): AsyncGenerator<T, void, void> {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const source = new Source(sources, (source) => work(source, either))
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
