/**
 * The safetensors format: 8 bytes header length (little-endian), JSON header, tensor bytes.
 * Format: https://huggingface.co/docs/safetensors. Everything that the header says is checked before it is used,
 * and nothing is accepted that the reference implementation refuses. Tensors that start at odd addresses are
 * read (by copying), as the reference does; those we write are aligned.
 */
import { createHash } from 'node:crypto'
import { CheckpointError, ioError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import type { Chunks, FileOperations } from '../files/durable.js'
import { type OpenFile, openRandomAccess, type RandomAccess } from '../files/input.js'
import { type FileInput, nameOf } from '../files/source.js'
import { type HeaderValue, parseHeaderJson } from './header-json.js'
import { DTYPE_BYTES, type DType, elementCount, type FileTensor, isDType, MAX_TENSORS } from './tensor.js'
import { Turns } from './turns.js'

/** The reference implementation allows fifty times as much. What is decoded and sorted at once stays below 20 ms. */
const MAX_HEADER_BYTES = 2_000_000

export interface SafetensorsEntry {
  dtype: DType
  shape: number[]
  /** byte range within the data section */
  begin: number
  end: number
}

export interface SafetensorsHeader {
  entries: Map<string, SafetensorsEntry>
  metadata: Map<string, string>
  /** where the data section starts in the file */
  dataStart: number
}

function refuse(what: string, path?: string): never {
  throw new CheckpointError({
    what: `this is not a valid safetensors file: ${what}`,
    path,
    remedy: 'Fetch the file again',
  })
}

function wholeNumbers(value: HeaderValue | undefined): number[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.every((item) => typeof item === 'number') ? (value as number[]) : undefined
}

/** @throws Error in words; the caller adds the path */
function readEntry(name: string, value: HeaderValue): SafetensorsEntry {
  const label = JSON.stringify(name.slice(0, 80))
  if (!(value instanceof Map)) throw new Error(`tensor ${label} is not described by an object`)
  const dtype = value.get('dtype')
  const shape = wholeNumbers(value.get('shape'))
  const offsets = wholeNumbers(value.get('data_offsets'))
  if (typeof dtype !== 'string' || !isDType(dtype))
    throw new Error(
      `tensor ${label} has the unknown element type ${JSON.stringify(dtype ?? null).slice(0, 40)}`,
    )
  if (!shape) throw new Error(`tensor ${label} has no shape of whole numbers`)
  if (offsets?.length !== 2) throw new Error(`tensor ${label} has no pair of data offsets`)
  if (value.size !== 3) throw new Error(`tensor ${label} has entries besides dtype, shape and data_offsets`)
  const [begin, end] = offsets as [number, number]
  const count = elementCount(shape)
  const bytes = count === undefined ? Number.NaN : count * DTYPE_BYTES[dtype]
  if (!Number.isSafeInteger(bytes)) throw new Error(`the shape of tensor ${label} is beyond 2^53 bytes`)
  if (end < begin) throw new Error(`tensor ${label} ends before it begins`)
  if (end - begin !== bytes)
    throw new Error(`tensor ${label} has ${end - begin} bytes, its type and shape ask for ${bytes}`)
  return { dtype, shape, begin, end }
}

function readMetadata(value: HeaderValue | undefined): Map<string, string> {
  if (value === undefined) return new Map()
  if (!(value instanceof Map) || [...value.values()].some((text) => typeof text !== 'string'))
    throw new Error('__metadata__ is not an object of strings')
  return value as Map<string, string>
}

/** Sorted by offset, the tensors must tile the data section: no hole, no overlap, no rest. */
function checkTiling(entries: Map<string, SafetensorsEntry>, dataBytes: number): void {
  let at = 0
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  for (const [name, { begin, end }] of inOrder) {
    const label = JSON.stringify(name.slice(0, 80))
    if (begin > at) throw new Error(`${begin - at} bytes before tensor ${label} belong to no tensor`)
    if (begin < at) throw new Error(`tensor ${label} overlaps the one before it`)
    at = end
  }
  if (at > dataBytes) throw new Error(`the tensors need ${at} bytes, the file holds ${dataBytes}`)
  if (at < dataBytes) throw new Error(`${dataBytes - at} bytes after the last tensor belong to no tensor`)
}

function headerLength(prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < 8 || prefix.byteLength < 8)
    throw new Error(`it has ${fileBytes} bytes, too few for a header`)
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES)) throw new Error(`its header would have ${length} bytes`)
  if (Number(length) + 8 > fileBytes)
    throw new Error(`its header would have ${length} bytes, the whole file has ${fileBytes}`)
  return Number(length)
}

async function parseHeader(header: Uint8Array, fileBytes: number): Promise<SafetensorsHeader> {
  const root = await parseHeaderJson(
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header),
  )
  const metadata = readMetadata(root.get('__metadata__'))
  root.delete('__metadata__')
  if (root.size > MAX_TENSORS) throw new Error(`it holds ${root.size} tensors, more than ${MAX_TENSORS}`)
  const entries = new Map<string, SafetensorsEntry>()
  const turns = new Turns()
  for (const [name, value] of root) {
    entries.set(name, readEntry(name, value))
    if (turns.isDue) await turns.give()
  }
  const dataStart = 8 + header.byteLength
  checkTiling(entries, fileBytes - dataStart)
  return { entries, metadata, dataStart }
}

export interface Safetensors {
  tensors: Map<string, FileTensor>
  metadata: Map<string, string>
}

async function readExactly(file: RandomAccess, length: number, position: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let at = 0
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, Math.min(length - at, 1 << 28), position + at)
    if (bytesRead === 0) throw new Error('it became shorter while it was read')
    at += bytesRead
  }
  return bytes
}

/**
 * An open safetensors file, tensors read one at a time: memory holds the header and what was asked for.
 * Close it, or declare it with `await using`.
 */
export class SafetensorsFile implements AsyncDisposable {
  readonly format = 'safetensors'
  readonly inert: readonly string[] = []

  private constructor(
    /** undefined for bytes without a name */
    readonly path: string | undefined,
    private readonly file: RandomAccess,
    private readonly header: SafetensorsHeader,
  ) {}

  /** @throws IoError if the file cannot be read, CheckpointError if its header is not valid */
  static async open(input: FileInput | OpenFile): Promise<SafetensorsFile> {
    const path = nameOf(input)
    const file = await openRandomAccess(input).catch((error) => {
      throw ioError(error, path, 'open')
    })
    try {
      const { size } = file
      const length = headerLength(await readExactly(file, Math.min(8, size), 0), size)
      const header = await parseHeader(await readExactly(file, length, 8), size)
      return new SafetensorsFile(path, file, header)
    } catch (error) {
      await file.close()
      if ((error as NodeJS.ErrnoException).syscall) throw ioError(error, path, 'read')
      return refuse((error as Error).message, path)
    }
  }

  get entries(): ReadonlyMap<string, SafetensorsEntry> {
    return this.header.entries
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.header.metadata
  }

  /** @throws CheckpointError if the file has no such tensor, IoError if it cannot be read */
  async read(name: string): Promise<FileTensor> {
    const entry = this.header.entries.get(name)
    if (!entry) return refuse(`it holds no tensor ${JSON.stringify(name)}`, this.path)
    const { dtype, shape, begin, end } = entry
    try {
      return { dtype, shape, bytes: await readExactly(this.file, end - begin, this.header.dataStart + begin) }
    } catch (error) {
      throw ioError(error, this.path, 'read')
    }
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** All tensors of a file. @throws IoError, CheckpointError */
export async function readSafetensors(input: FileInput | OpenFile): Promise<Safetensors> {
  const file = await SafetensorsFile.open(input)
  try {
    const tensors = new Map<string, FileTensor>()
    for (const name of file.entries.keys()) tensors.set(name, await file.read(name))
    return { tensors, metadata: new Map(file.metadata) }
  } finally {
    await file.close()
  }
}

export type NamedFileTensors = Iterable<readonly [name: string, tensor: FileTensor]>

/**
 * Tensors → the chunks of a file: header, then each tensor, the widest element types first so that every tensor
 * starts at a multiple of its element size. Tensor bytes are not copied.
 */
export function safetensorsChunks(
  tensors: NamedFileTensors,
  metadata: Record<string, string> = {},
): Uint8Array[] {
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype] || (nameA < nameB ? -1 : 1),
  )
  const entries: [string, unknown][] = []
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata])
  let at = 0
  for (const [name, { dtype, shape, bytes }] of ordered) {
    const end = at + bytes.byteLength
    entries.push([name, { dtype, shape, data_offsets: [at, end] }])
    at = end
  }
  // Written entry by entry: an object literal would lose a tensor named `__proto__` and reorder whole numbers.
  const json = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
  const unpadded = new TextEncoder().encode(json)
  const header = new Uint8Array(8 + Math.ceil(unpadded.byteLength / 8) * 8).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(header.byteLength - 8), true)
  header.set(unpadded, 8)
  return [header, ...ordered.map(([, tensor]) => tensor.bytes)]
}

/** Replaces a safetensors file as a whole. @throws IoError */
export async function writeSafetensors(
  path: string,
  tensors: NamedFileTensors,
  metadata: Record<string, string> = {},
  files?: FileOperations,
): Promise<void> {
  const chunks: Chunks = safetensorsChunks(tensors, metadata)
  await writeAtomically(path, chunks, files)
}

/** SHA-256 of a tensor's bytes (C order, little-endian): equal to hashing `tensor.numpy().tobytes()` in Python. */
export function tensorSha256(tensor: FileTensor): string {
  return createHash('sha256').update(tensor.bytes).digest('hex')
}
