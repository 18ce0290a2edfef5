/** A zip archive that is read in place, also where it was published in parts: nothing is copied or unpacked. */
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { DatasetError, ioError } from '../errors.js'
import { JoinedFile } from './joined-file.js'

/** One member has to fit into memory. */
const MAX_MEMBER_BYTES = 2 ** 29
const PIECE_BYTES = 1 << 18

class ReaderOfParts extends yauzl.RandomAccessReader {
  constructor(private readonly file: JoinedFile) {
    super()
  }

  private async *bytes(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; ) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at))
      const { bytesRead } = await this.file.read(piece, 0, piece.length, at)
      if (bytesRead === 0) throw new Error('it breaks off')
      yield piece.subarray(0, bytesRead)
      at += bytesRead
    }
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.bytes(start, end), { objectMode: false })
  }

  override close(callback: (error: Error | null) => void): void {
    this.file.close().then(
      () => callback(null),
      (error: Error) => callback(error),
    )
  }
}

const FETCH_AGAIN = 'Remove all its parts and fetch it again'

function damaged(path: string, cause: unknown): DatasetError {
  const what = `the archive cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
  return new DatasetError({ what, path, remedy: FETCH_AGAIN, cause })
}

function directoryOf(zip: yauzl.ZipFile): Promise<Map<string, yauzl.Entry>> {
  const members = new Map<string, yauzl.Entry>()
  return new Promise((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', () => resolve(members))
    zip.on('entry', (entry: yauzl.Entry) => {
      if (!entry.fileName.endsWith('/')) members.set(entry.fileName, entry)
      zip.readEntry()
    })
    zip.readEntry()
  })
}

export class Archive {
  private constructor(
    /** for messages: of the first part */
    readonly path: string,
    private readonly zip: yauzl.ZipFile,
    private readonly members: ReadonlyMap<string, yauzl.Entry>,
    private readonly mtimeMs: number,
  ) {}

  /** @param parts paths, in their order @throws DatasetError if this is no zip archive, IoError */
  static async open(parts: readonly string[]): Promise<Archive> {
    const path = parts[0]!
    const file = await JoinedFile.open(parts).catch((error) => {
      throw ioError(error, path, 'open the archive')
    })
    try {
      const reader = new ReaderOfParts(file)
      const zip = await yauzl.fromRandomAccessReaderPromise(reader, file.size, {
        lazyEntries: true,
        autoClose: false,
      })
      return new Archive(path, zip, await directoryOf(zip), file.mtimeMs)
    } catch (error) {
      await file.close()
      throw damaged(path, error)
    }
  }

  get names(): string[] {
    return [...this.members.keys()]
  }

  stat(name: string): { size: number; mtimeMs: number } | undefined {
    const entry = this.members.get(name)
    return entry && { size: entry.uncompressedSize, mtimeMs: this.mtimeMs }
  }

  /** The bytes of a member. @throws DatasetError if they are not those that were packed */
  async read(name: string, signal?: AbortSignal): Promise<Uint8Array> {
    const entry = this.members.get(name)!
    const inside = `${this.path}, ${name}`
    if (!entry.canDecodeFileData())
      throw new DatasetError({
        what: `the archive is compressed in a way that is not read here (method ${entry.compressionMethod})`,
        path: this.path,
        remedy: 'Unpack it with 7-Zip (7z x) beside itself',
      })
    if (entry.uncompressedSize > MAX_MEMBER_BYTES)
      throw new DatasetError({
        what: 'the file in the archive is too large to be read in place',
        given: `${entry.uncompressedSize} bytes`,
        path: inside,
        remedy: 'Unpack the archive beside itself',
      })
    const bytes = await this.bytesOf(entry, signal).catch((cause) => {
      signal?.throwIfAborted()
      throw damaged(inside, cause)
    })
    if (crc32(bytes) === entry.crc32) return bytes
    throw new DatasetError({
      what: 'the file in the archive is damaged: its checksum does not match',
      path: inside,
      remedy: FETCH_AGAIN,
    })
  }

  private async bytesOf(entry: yauzl.Entry, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = new Uint8Array(entry.uncompressedSize)
    let at = 0
    for await (const piece of await this.zip.openReadStreamPromise(entry)) {
      signal?.throwIfAborted()
      bytes.set(piece as Uint8Array, at)
      at += (piece as Uint8Array).length
    }
    return bytes
  }

  close(): void {
    this.zip.close()
  }
}
