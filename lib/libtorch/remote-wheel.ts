/**
 * A wheel on a server that supports ranges: only the parts with needed members are downloaded. A part is kept in a file
 * until everything is unpacked, so that a later run goes on where an earlier one stopped.
 */
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import yauzl from 'yauzl'
import { download, persistently } from '../download/download.js'
import { AGAIN, contentRange, downloadError, get, refusal, shownUrl } from '../download/http.js'
import { ClmrError } from '../errors.js'
import type { Wheel } from './release.js'
import { destination, entriesOf } from './wheel.js'

interface Span {
  start: number
  /** the byte after the last */
  end: number
  file: string
}

/** Reads outside the spans, for the zip's table of contents, come in blocks of this size. */
const BLOCK = 1 << 20
/** Two members with less than this between them come in one request. */
const GAP = 2 << 20

class RemoteFile extends yauzl.RandomAccessReader {
  readonly spans: Span[] = []
  readonly #blocks = new Map<number, Promise<Buffer>>()

  constructor(
    readonly url: string,
    readonly size: number,
    readonly signal?: AbortSignal,
  ) {
    super()
  }

  #block(index: number): Promise<Buffer> {
    const start = index * BLOCK
    const last = Math.min(this.size, start + BLOCK) - 1
    const fetchBlock = async () => {
      const response = await get(this.url, { range: [start, last], signal: this.signal })
      if (contentRange(response)?.start !== start) throw refusal(response, this.url)
      return Buffer.from(await response.arrayBuffer())
    }
    const known = this.#blocks.get(index) ?? persistently(fetchBlock, this.url, this.signal)
    this.#blocks.set(index, known)
    return known
  }

  async *#bytes(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const index = Math.floor(at / BLOCK)
      const from = at - index * BLOCK
      const bytes = (await this.#block(index)).subarray(from, from + end - at)
      if (bytes.length === 0)
        throw downloadError('the server sends less than asked for', shownUrl(this.url), AGAIN)
      yield bytes
      at += bytes.length
    }
  }

  override _readStreamForRange(start: number, end: number): Readable {
    const span = this.spans.find((there) => start >= there.start && end <= there.end)
    if (span) return createReadStream(span.file, { start: start - span.start, end: end - 1 - span.start })
    return Readable.from(this.#bytes(start, end), { objectMode: false })
  }

  override close(callback: (error: Error | null) => void): void {
    setImmediate(callback, null)
  }
}

export interface RemoteWheel {
  /** bytes that have to move */
  bytes: number
  open(): Promise<yauzl.ZipFile>
  /** fetches the parts that are not there yet */
  fetch(onBytes: (have: number) => void): Promise<void>
  /** removes the parts */
  forget(): Promise<void>
}

/** The parts of the file that hold the needed members; neighbouring parts are joined. */
function spansOf(entries: readonly yauzl.Entry[], size: number, wheel: Wheel): [number, number][] {
  const sorted = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)
  const spans: [number, number][] = []
  for (const [i, entry] of sorted.entries()) {
    if (destination(entry.fileName, wheel) === undefined) continue
    const start = entry.relativeOffsetOfLocalHeader
    const end = sorted[i + 1]?.relativeOffsetOfLocalHeader ?? size
    const last = spans.at(-1)
    if (last && start - last[1] <= GAP) last[1] = end
    else spans.push([start, end])
  }
  return spans
}

/**
 * @param folder for the parts
 * @returns undefined if the server does not know ranges
 */
export async function openRemoteWheel(
  url: string,
  wheel: Wheel,
  folder: string,
  signal?: AbortSignal,
): Promise<RemoteWheel | undefined> {
  const first = await get(url, { range: [0, 0], signal })
  await first.body?.cancel()
  if (!first.ok) throw refusal(first, url)
  const range = contentRange(first)
  if (!range) return undefined
  const remote = new RemoteFile(url, range.total, signal)
  const open = () =>
    yauzl.fromRandomAccessReaderPromise(remote, remote.size, { lazyEntries: true, autoClose: false })
  const entries = await open()
    .then(entriesOf)
    .catch((cause) => {
      if (signal?.aborted || cause instanceof ClmrError) throw cause
      throw downloadError(`this is not a wheel: ${cause.message}`, shownUrl(url), 'Check the address', cause)
    })
  const spans: Span[] = spansOf(entries, remote.size, wheel).map(([start, end]) => ({
    start,
    end,
    file: join(folder, `${wheel.file}.${start}-${end}`),
  }))
  return {
    bytes: spans.reduce((sum, { start, end }) => sum + end - start, 0),
    open,
    async fetch(onBytes) {
      let before = 0
      for (const span of spans) {
        const { start, end, file } = span
        await download({
          url,
          target: file,
          span: [start, end],
          signal,
          onBytes: (have) => onBytes(before + have),
        })
        before += end - start
        onBytes(before)
        remote.spans.push(span)
      }
    },
    async forget() {
      for (const { file } of spans) for (const name of [file, `${file}.part`]) await rm(name, { force: true })
    },
  }
}
