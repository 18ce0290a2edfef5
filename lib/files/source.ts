/**
 * Where a file can come from: a path, or its bytes in any of the forms that programs have them in. The one place that
 * tells them apart and reads them.
 */
import { fileURLToPath } from 'node:url'
import { orAbort } from '../abort.js'
import { isBuffer, isBytes } from '../arrays.js'
import { ArgumentError, ClmrError, describe, IoError } from '../errors.js'

/** The methods of the reader of a `WebStream` that clmr uses. */
export interface WebStreamReader {
  /** The next bytes, or the end. */
  read(): Promise<{ done: boolean; value?: Uint8Array }>
  /** Ends the stream. */
  cancel(reason?: unknown): Promise<void>
  /** Releases the stream. */
  releaseLock(): void
}

/** A web stream of bytes, such as `request.body` or `(await fetch(url)).body`: a `ReadableStream` of any realm. */
export interface WebStream {
  /** Whether it is being read. */
  readonly locked: boolean
  /** Locks the stream, and returns a reader of it. */
  getReader(): WebStreamReader
}

/**
 * A file: its path, its `file:` URL, its bytes, a `Blob` or `File`, a web stream, or a Node stream (or another async
 * iterable) of its bytes. A stream is read once, to its end; if the call fails or is aborted before that, the stream
 * is cancelled (a Node stream is destroyed). WAV is usually decoded while it arrives; all else is collected in memory
 * first, up to 512 MiB.
 */
export type FileSource =
  | string
  | URL
  | Uint8Array
  | ArrayBufferLike
  | Blob
  | WebStream
  | AsyncIterable<Uint8Array>

/** A file at a path, or in memory with a name for messages where it has one. */
export type FileInput = string | { bytes: Uint8Array; name?: string }

/** Bytes that come piece by piece. */
export interface ByteStream {
  /** for messages */
  name?: string
  /** Reads it; to be called once. @throws ClmrError; the signal's reason */
  pieces(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, void>
}

/** What can only be read as a whole may be so long. */
const MAX_BYTES = 2 ** 29

const WANTED = 'a path, a file: URL, a Uint8Array, an ArrayBuffer, a Blob or a stream of bytes'

function pathOfUrl(url: URL): string {
  if (url.protocol === 'file:') return fileURLToPath(url)
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
  throw new ArgumentError({
    what: `${url.protocol} URLs are not opened here`,
    given: describe(url.href),
    expected: WANTED,
    remedy: isWeb ? 'Pass the body of its response: (await fetch(url)).body' : 'Pass its bytes',
  })
}

const isUrl = (value: object): value is URL =>
  typeof (value as URL).href === 'string' && typeof (value as URL).protocol === 'string'

const isBlob = (value: object): value is Blob & { name?: string } =>
  typeof (value as Blob).size === 'number' && typeof (value as Blob).stream === 'function'

const isWebStream = (value: object): value is WebStream =>
  typeof (value as WebStream).getReader === 'function'

const isIterable = (value: object): value is AsyncIterable<unknown> =>
  typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function'

function alreadyRead(what: string, cause?: unknown): ArgumentError {
  return new ArgumentError({
    what,
    expected: 'a stream that nobody has read from',
    remedy: 'Collect its bytes and pass those',
    cause,
  })
}

async function* readWebStream(stream: WebStream, signal?: AbortSignal): AsyncGenerator<unknown, void, void> {
  const reader = stream.getReader()
  let done = false
  try {
    for (;;) {
      const piece = await orAbort(reader.read(), signal)
      done = piece.done
      if (done) return
      yield piece.value
    }
  } finally {
    if (!done) reader.cancel(signal?.reason).catch(() => {})
    reader.releaseLock()
  }
}

async function* readIterable(
  source: AsyncIterable<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<unknown, void, void> {
  const iterator = source[Symbol.asyncIterator]()
  let done = false
  try {
    for (;;) {
      const piece = await orAbort(iterator.next(), signal)
      done = piece.done === true
      if (done) return
      yield piece.value
    }
  } finally {
    if (!done) {
      const { destroy } = source as { destroy?: () => void }
      destroy?.call(source)
      // it may wait for a piece that never comes
      Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }
}

/** The pieces, checked; what goes wrong with the stream is an error of this package. */
async function* checkedPieces(
  pieces: AsyncGenerator<unknown, void, void>,
  name: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    for await (const piece of pieces) {
      const bytes = isBuffer(piece) ? new Uint8Array(piece) : piece
      if (!isBytes(bytes))
        throw new ArgumentError({
          what: 'the stream gives something other than bytes',
          given: describe(piece),
          expected: 'Uint8Arrays',
          path: name,
          remedy: 'Pass a stream of bytes, without an encoding',
        })
      if (bytes.length > 0) yield bytes
    }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (cause instanceof ClmrError) throw cause
    throw new IoError({
      what: `the stream broke off: ${cause instanceof Error ? cause.message : describe(cause)}`,
      path: name,
      remedy: 'Send the file again',
      cause,
    })
  }
}

function streamOf(source: object): ByteStream | undefined {
  if (isBlob(source)) {
    const { name } = source
    return { name, pieces: (signal) => checkedPieces(readWebStream(source.stream(), signal), name, signal) }
  }
  if (isWebStream(source)) {
    if (source.locked) throw alreadyRead('the stream is locked: somebody reads it already')
    return { pieces: (signal) => checkedPieces(readWebStream(source, signal), undefined, signal) }
  }
  if (!isIterable(source)) return undefined
  const { destroyed, readableEnded, errored } = source as {
    destroyed?: boolean
    readableEnded?: boolean
    errored?: unknown
  }
  if (destroyed || readableEnded)
    throw alreadyRead('the stream has come to its end already', errored ?? undefined)
  return { pieces: (signal) => checkedPieces(readIterable(source, signal), undefined, signal) }
}

/**
 * Tells what a source is; nothing is read yet.
 * @param where the call that it was passed to, for the message
 * @returns a path, bytes, or a stream
 * @throws ArgumentError for what is none, for URLs of the web, for streams that somebody has read
 */
export function identifySource(source: unknown, where: string): FileInput | ByteStream {
  if (typeof source === 'string' && /^(https?|file):\/\//i.test(source)) return pathOfUrl(new URL(source))
  if (typeof source === 'string' && source !== '') return source
  if (isBytes(source)) return { bytes: source }
  if (isBuffer(source)) return { bytes: new Uint8Array(source) }
  if (typeof source === 'object' && source !== null) {
    if (isUrl(source)) return pathOfUrl(source)
    const stream = streamOf(source)
    if (stream) return stream
  }
  throw new ArgumentError({
    what: `${where} needs a file`,
    given: describe(source),
    expected: WANTED,
    remedy: 'Pass one of these',
  })
}

/** `first`, and all pieces that follow. @throws ClmrError; the signal's reason */
export async function collect(
  pieces: AsyncIterable<Uint8Array>,
  name?: string,
  first: Uint8Array = new Uint8Array(0),
): Promise<Uint8Array> {
  const parts = [first]
  let length = first.length
  for await (const piece of pieces) {
    length += piece.length
    if (length > MAX_BYTES)
      throw new IoError({
        what: 'the stream is too long to be held in memory',
        path: name,
        expected: `at most ${MAX_BYTES} bytes`,
        remedy: 'Write it into a file and pass its path',
      })
    parts.push(piece)
  }
  return Buffer.concat(parts, length)
}

/** Whether a copy of it can be sent to another thread. */
export const isCloneable = (source: FileSource): boolean =>
  typeof source !== 'object' || source === null || isBytes(source) || isBuffer(source) || isBlob(source)

/** A path, the address of a URL, the name of a `File` or of the file that a Node stream reads; of others, what they are. */
export function sourceName(source: FileSource): string {
  if (typeof source === 'string') return source
  const { href, name, path } = (source ?? {}) as { href?: unknown; name?: unknown; path?: unknown }
  const text = [href, name, path].find((one) => typeof one === 'string' && one !== '')
  return (text as string | undefined) ?? describe(source)
}

/** The path, or the name of a file in memory, for messages. */
export function nameOf(input: FileInput | { name?: string }): string | undefined {
  return typeof input === 'string' ? input : input.name
}

/**
 * A source as something that can be read at any place: a path stays one, a stream is collected in memory.
 * @throws as `identifySource` and `collect`
 */
export async function resolveSource(
  source: unknown,
  where: string,
  signal?: AbortSignal,
): Promise<FileInput> {
  const known = identifySource(source, where)
  if (typeof known === 'string' || 'bytes' in known) return known
  return { bytes: await collect(known.pieces(signal), known.name), name: known.name }
}
