/**
 * Reading files whose path comes from outside. Nothing here waits in the kernel: a named pipe that nobody writes to
 * would hold a thread for ever, and the process with it.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { IoError } from '../errors.js'
import { kindOf } from './file-kind.js'
import type { FileInput } from './source.js'

/** V8 holds no longer strings than this; what is read as a whole is read as text. */
const MAX_BYTES = 2 ** 29 - 24
const PIECE_BYTES = 1 << 20
/** How often a pipe without new bytes is looked at, */
const POLL_MS = 10
/** and how long one that nobody has written to yet. */
const WRITER_MS = 2000

export interface OpenInput {
  handle: FileHandle
  stat: Stats
}

async function openInput(path: string, accepts: (stat: Stats) => boolean): Promise<OpenInput> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stat = await handle.stat()
    if (accepts(stat)) return { handle, stat }
    throw new IoError({
      what: `this is ${kindOf(stat)}${stat.isDirectory() ? ' (EISDIR)' : ''}`,
      path,
      expected: 'a regular file',
      remedy: 'Name a file',
    })
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Opens a regular file; the caller closes it.
 * @throws IoError if it is something else; the raw error of the file system
 */
export function openRegularFile(path: string): Promise<OpenInput> {
  return openInput(path, (stat) => stat.isFile())
}

/** Something that is read at any place in it. */
export interface RandomAccess {
  /** in bytes */
  readonly size: number
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  close(): Promise<void>
}

function inMemory(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    async read(into, offset, length, position) {
      const found = bytes.subarray(position, position + length)
      into.set(found, offset)
      return { bytesRead: found.length }
    },
    async close() {},
  }
}

/** A file that is open already, by the name that it had. */
export interface OpenFile extends RandomAccess {
  readonly name: string
}

/** A file in the hands of whoever opened it: it can be read even if its name is given to another file, or removed. */
export function openFile(name: string, { handle, stat }: OpenInput): OpenFile {
  return {
    name,
    size: stat.size,
    read: (into, offset, length, position) => handle.read(into, offset, length, position),
    close: () => handle.close(),
  }
}

/** As `openRegularFile`, for bytes in memory and for what is open already, too. */
export async function openRandomAccess(input: FileInput | OpenFile): Promise<RandomAccess> {
  if (typeof input === 'string') return openFile(input, await openRegularFile(input))
  return 'read' in input ? input : inMemory(input.bytes)
}

export interface ReadOptions {
  /** a pipe is read to its end, as in `--config <(make-config)` */
  pipe?: boolean
  /** reading stops behind so many bytes; the caller sees that there were more */
  limit?: number
  signal?: AbortSignal
}

/** How many bytes come next, 0 at the end. A pipe is waited for; until the first of its bytes, its writer is, too. */
async function readSome(
  { handle, stat }: OpenInput,
  piece: Uint8Array,
  isFirst: boolean,
  signal?: AbortSignal,
): Promise<number> {
  const giveUp = performance.now() + WRITER_MS
  for (;;) {
    const read = await handle.read(piece, 0, piece.length, null).then(
      ({ bytesRead }) => bytesRead,
      (error) => {
        if (error.code !== 'EAGAIN') throw error
        return undefined
      },
    )
    const isWaiting = read === undefined || (read === 0 && isFirst && stat.isFIFO())
    if (!isWaiting) return read
    if (read === 0 && performance.now() > giveUp)
      throw Object.assign(new Error('nobody writes to this pipe'), { code: 'ENODATA' })
    await setTimeout(POLL_MS, undefined, { signal })
  }
}

/**
 * Reads a whole file.
 * @throws IoError if it is no regular file (or pipe, where one is fine) or too long; the raw error of the file system
 */
export async function readInput(path: string, options: ReadOptions = {}): Promise<Buffer> {
  const { pipe = false, limit = Number.POSITIVE_INFINITY, signal } = options
  const input = await openInput(path, (stat) => stat.isFile() || (pipe && stat.isFIFO()))
  try {
    const pieces: Uint8Array[] = []
    for (let length = 0; ; ) {
      signal?.throwIfAborted()
      const piece = new Uint8Array(PIECE_BYTES)
      const read = await readSome(input, piece, length === 0, signal)
      pieces.push(piece.subarray(0, read))
      length += read
      if (read === 0 || length > limit) return Buffer.concat(pieces)
      if (length > MAX_BYTES)
        throw new IoError({
          what: 'the file is too long',
          path,
          expected: `at most ${MAX_BYTES} bytes`,
          remedy: 'Check that it is what its name says',
        })
    }
  } finally {
    await input.handle.close()
  }
}

/** As `readInput`, as UTF-8. */
export async function readTextInput(path: string, options?: ReadOptions): Promise<string> {
  return (await readInput(path, options)).toString('utf8')
}
