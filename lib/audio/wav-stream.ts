/**
 * WAVE files that come as a stream: their samples are decoded while they arrive, and let go. Nothing but the beginning is
 * kept, and what follows the samples that the header promises.
 */
import { IoError } from '../errors.js'
import type { ByteStream } from '../files/source.js'
import type { Bytes } from '../formats/bytes.js'
import { isWav } from '../formats/wav/reader.js'
import { DecodeRefusal } from './failure.js'
import { toError } from './located.js'
import { partOf } from './pcm-form.js'
import { decodePool } from './pool.js'
import type { DecodingEnd, MonoRun, PcmLayout } from './types.js'
import { readWavLayout, readWavStart, WAV_LOOK_BYTES } from './wav.js'

/** Bytes that a thread gets at a time: 12 s of 16-bit stereo at 44.1 kHz. Between two of them no thread waits. */
const PART_BYTES = 1 << 21
/** Tags and pictures behind the samples. */
const MAX_BEHIND_BYTES = 1 << 26

/** The bytes of a file that are kept: its beginning, and those from `end` on. The others count as zeros. */
class KeptBytes implements Bytes {
  constructor(
    readonly length: number,
    private readonly head: Uint8Array,
    private readonly end: number,
    private readonly behind: Uint8Array,
  ) {}

  subarray(start: number, end = this.length): Uint8Array {
    if (end <= this.head.length) return this.head.subarray(start, end)
    if (start >= this.end) return this.behind.subarray(start - this.end, end - this.end)
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.length) - start))
    bytes.set(this.head.subarray(start))
    if (end > this.end) bytes.set(this.behind.subarray(0, end - this.end), this.end - start)
    return bytes
  }
}

/** Bytes that come and go in order. */
class Queue {
  #parts: Uint8Array[] = []
  length = 0

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#parts.push(bytes)
    this.length += bytes.length
  }

  take(length: number): Uint8Array {
    const all = Buffer.concat(this.#parts, this.length)
    this.#parts = []
    this.length = 0
    this.push(all.subarray(length))
    return new Uint8Array(all.subarray(0, length))
  }
}

/** How the samples lie of which `head` is the beginning; undefined if that is not all there is to know. */
function startOf(head: Uint8Array): PcmLayout | undefined {
  if (!isWav(head)) return undefined
  try {
    const start = readWavStart(head)
    return start.dataOffset + WAV_LOOK_BYTES <= head.length ? start : undefined
  } catch (error) {
    if (error instanceof DecodeRefusal) return undefined
    throw error
  }
}

/** Reads as much of a stream as tells whether its samples can be decoded as they come. */
export async function readHead(
  pieces: AsyncGenerator<Uint8Array, void, void>,
): Promise<{ head: Uint8Array; start?: PcmLayout; isOver: boolean }> {
  const parts = new Queue()
  while (parts.length < 2 * WAV_LOOK_BYTES) {
    const { done, value } = await pieces.next()
    if (done) return { head: parts.take(parts.length), isOver: true }
    parts.push(value)
  }
  const head = parts.take(parts.length)
  return { head, start: startOf(head), isOver: false }
}

/**
 * The runs of a stream whose head was read.
 * @returns what is known at its end, as of a file
 * @throws ClmrError if it lacks something, or is followed by too much; the signal's reason
 */
export async function* wavRuns(
  { name }: ByteStream,
  pieces: AsyncGenerator<Uint8Array, void, void>,
  head: Uint8Array,
  start: PcmLayout,
  signal?: AbortSignal,
): AsyncGenerator<MonoRun, DecodingEnd, void> {
  const frameBytes = partOf(start, 1, 1).dataOffset - start.dataOffset
  const end = partOf(start, start.frames, start.frames).dataOffset // infinite where the header leaves it open
  const [samples, behind] = [new Queue(), new Queue()]
  let length = 0
  let first = 0
  const add = (piece: Uint8Array, at: number) => {
    const inside = Math.max(0, Math.min(piece.length, end - at))
    samples.push(piece.subarray(0, inside))
    behind.push(piece.subarray(inside))
    length = at + piece.length
  }
  const decode = async function* (bytes: Uint8Array): AsyncGenerator<MonoRun, void, void> {
    const frames = Math.floor(bytes.length / frameBytes)
    if (frames === 0) return
    const part = { layout: { ...start, dataOffset: 0, frames }, first }
    first += frames
    const ended = yield* decodePool().stream({ bytes }, signal, { part })
    if ('failure' in ended) throw toError(ended.failure, name)
  }
  add(head.subarray(start.dataOffset), start.dataOffset)
  for await (const piece of pieces) {
    add(piece, length)
    if (behind.length > MAX_BEHIND_BYTES)
      throw new IoError({
        what: 'more follows the samples than the header promises',
        path: name,
        given: `more than ${MAX_BEHIND_BYTES} bytes`,
        remedy: 'Write the stream into a file and pass its path',
      })
    if (samples.length >= PART_BYTES)
      yield* decode(samples.take(Math.floor(samples.length / frameBytes) * frameBytes))
  }
  const rest = behind.take(behind.length)
  const { frames, warnings } = judged(new KeptBytes(length, head, Math.min(end, length), rest), name)
  samples.push(rest)
  yield* decode(samples.take(Math.min(samples.length, (frames - first) * frameBytes)))
  return { format: 'wav', warnings }
}

function judged(file: Bytes, name: string | undefined): { frames: number; warnings: string[] } {
  try {
    return readWavLayout(file)
  } catch (error) {
    throw error instanceof DecodeRefusal ? toError(error.failure, name) : error
  }
}
