/** Puts decoded tracks into a cache and checks what lies there. */

import { createHash } from 'node:crypto'
import { type FileHandle, readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { checkPath } from '../arguments.js'
import type { Scratch } from '../audio/scratch.js'
import { AudioDecodeError, ClmrError, IoError, ioError } from '../errors.js'
import { hashFile } from '../files/hash-file.js'
import { StagedFile } from '../files/staged-file.js'
import { MAX_WAV_DATA_BYTES, WAV_HEADER_BYTES, wavHeader } from '../formats/wav/writer.js'
import { callNativeSync } from '../native/call.js'
import type { Overload } from '../native/figures.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import type { Ranges } from './excerpts.js'
import { type IndexTrack, readIndex } from './index-file.js'
import { audioFolder, trackPath } from './layout.js'
import type { VerifyCacheOptions } from './option-types.js'
import { verifyCacheOptions } from './prepare-options.js'

const READ_BYTES = 1 << 20
/** Samples of one write. */
const WRITE_SAMPLES = 1 << 19

const MAX_WAV_SAMPLES = Math.floor(MAX_WAV_DATA_BYTES / 2)
/** Size of the file of so many samples: 16-bit mono. */
const wavBytes = (samples: number) => WAV_HEADER_BYTES + samples * 2

/** The cache cannot be written: unlike a source that cannot be read, this ends a run. */
export class StoreFailure extends IoError {
  constructor(cause: ClmrError) {
    super({ what: 'the cache cannot be written', path: cause.path, remedy: cause.remedy, cause })
  }
}

/** What was put into a cache. */
export interface StoredTrack {
  samples: number
  /** of the file */
  sha256: string
  /** what was lost on the way to 16 bits */
  notes: string[]
}

const storeFailure = (error: unknown, path: string) =>
  new StoreFailure(error instanceof ClmrError ? error : ioError(error, path, 'write'))

/** What does not fit into 16 bits. */
class Clipping {
  #samples = 0
  #peak = 0

  add({ overloaded, peak }: Overload): void {
    this.#samples += overloaded
    this.#peak = Math.max(this.#peak, peak)
  }

  get notes(): string[] {
    if (this.#samples === 0) return []
    const decibels = 20 * Math.log10(this.#peak)
    return [
      `${this.#samples} samples beyond full scale were clipped; the peak is ${this.#peak.toFixed(3)} (+${decibels.toFixed(1)} dB)`,
    ]
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, to: number): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, bytes.length - at, to + at)).bytesWritten
}

/** 16-bit numbers as bytes. */
const bytesOf = ({ buffer, byteOffset, byteLength }: Int16Array) =>
  new Uint8Array(buffer, byteOffset, byteLength)

type Decode = (use: (samples: Float32Array) => Promise<void>) => Promise<void>

/**
 * Writes samples behind the place of the header, as they come.
 * @throws StoreFailure with `path`; what the decoding throws passes
 */
async function writeSamples(
  file: FileHandle,
  path: string,
  decode: Decode,
  scratch: Scratch,
): Promise<{ samples: number; clipping: Clipping }> {
  const clipping = new Clipping()
  const held = scratch.int16s('pcm', WRITE_SAMPLES)
  let filled = 0
  let written = 0
  const flush = async () => {
    await writeAll(file, bytesOf(held.subarray(0, filled)), wavBytes(written)).catch((error) => {
      throw storeFailure(error, path)
    })
    written += filled
    filled = 0
  }
  await decode(async (piece) => {
    if (written + filled + piece.length > MAX_WAV_SAMPLES)
      throw new AudioDecodeError({
        what: 'the track is too long for a WAV file',
        expected: `at most ${MAX_WAV_SAMPLES} samples`,
        remedy: 'Cut it into pieces',
      })
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + WRITE_SAMPLES - filled)
      const pcm = held.subarray(filled, filled + part.length)
      clipping.add(callNativeSync(() => native().toPcm16(part, pcm)))
      at += part.length
      filled += part.length
      if (filled === WRITE_SAMPLES) await flush()
    }
  })
  await flush()
  return { samples: written, clipping }
}

/**
 * Makes a WAV file of samples that lie behind the place of the header: those of the ranges move together, one after the
 * other.
 */
async function finishWav(
  file: FileHandle,
  ranges: Ranges,
  sampleRate: number,
  scratch: Scratch,
  signal?: AbortSignal,
): Promise<Pick<StoredTrack, 'samples' | 'sha256'>> {
  const samples = ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  const header = wavHeader({ frames: samples, sampleRate })
  await writeAll(file, header, 0)
  const hash = createHash('sha256').update(header)
  const piece = scratch.bytes('read', READ_BYTES)
  let target = WAV_HEADER_BYTES
  for (const [from, to] of ranges)
    for (let at = wavBytes(from); at < wavBytes(to); ) {
      signal?.throwIfAborted()
      const { bytesRead } = await file.read(piece, 0, Math.min(READ_BYTES, wavBytes(to) - at), at)
      if (bytesRead === 0) throw Object.assign(new Error('the file became shorter'), { code: 'EIO' })
      const read = piece.subarray(0, bytesRead)
      hash.update(read)
      if (target < at) await writeAll(file, read, target)
      target += bytesRead
      at += bytesRead
    }
  await file.truncate(target)
  return { samples, sha256: hash.digest('hex') }
}

/**
 * @internal Writes a track as a WAV file under `key`, while it is being decoded: under a temporary name, and its length, which
 * stands in front, at the end.
 * @param decode hands over mono samples, piece by piece
 * @param pick which of them stay, ascending, once their number is known; undefined: all
 * @throws StoreFailure where the cache cannot be written; what `decode` throws passes
 */
export async function storeTrack(
  cache: string,
  key: string,
  sampleRate: number,
  decode: Decode,
  scratch: Scratch,
  signal?: AbortSignal,
  pick: (samples: number) => Ranges | undefined = () => undefined,
): Promise<StoredTrack> {
  const path = trackPath(cache, key)
  const fail = (error: unknown) => {
    signal?.throwIfAborted()
    throw storeFailure(error, path)
  }
  await using file = await StagedFile.open(path).catch(fail)
  const { samples, clipping } = await writeSamples(file.handle, path, decode, scratch)
  const ranges = pick(samples) ?? [[0, samples] as const]
  const finished = await finishWav(file.handle, ranges, sampleRate, scratch, signal).catch(fail)
  await file.commit().catch(fail)
  return { ...finished, notes: clipping.notes }
}

/** What `verifyCache` found. */
export interface CacheReport {
  /** number of tracks in the index */
  tracks: number
  /** whether the file of every track is there, whole and unchanged */
  ok: boolean
  /** damaged or missing files, their tracks, and what is wrong */
  problems: { file: string; path: string; reason: string }[]
  /** files that no track uses: their source was changed or removed, or a run was killed */
  unused: string[]
}

/** @internal What is wrong with the file of a track: it is missing, or a byte is not what was written. */
export async function problemOf(
  cache: string,
  track: Pick<IndexTrack, 'key' | 'samples' | 'sha256'>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const file = trackPath(cache, track.key)
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) return 'the file is missing'
  if (found.size !== wavBytes(track.samples))
    return `the file has ${found.size} bytes instead of ${wavBytes(track.samples)}`
  try {
    const { sha256 } = await hashFile(file, signal)
    return sha256 === track.sha256 ? undefined : 'the bytes are not those that were written'
  } catch (error) {
    signal?.throwIfAborted()
    return `the file cannot be read (${(error as NodeJS.ErrnoException).code})`
  }
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/**
 * Checks a cache for corruption: every file is read and compared with its checksum.
 * @throws CacheError if there is no index to compare with; ConfigError
 */
export async function verifyCache(cache: string, options: VerifyCacheOptions = {}): Promise<CacheReport> {
  const { signal } = parseOptions(verifyCacheOptions, options, 'verifyCache')
  checkPath(cache, 'verifyCache')
  const index = await readIndex(cache)
  const problems: CacheReport['problems'] = []
  const used = new Map<string, Promise<string | undefined>>()
  for (const track of index.tracks) {
    signal?.throwIfAborted()
    const file = trackPath(cache, track.key)
    if (!used.has(file)) used.set(file, problemOf(cache, track, signal))
    const reason = await used.get(file)
    if (reason) problems.push({ file, path: track.path, reason })
  }
  const unused = (await listFiles(audioFolder(cache)))
    .filter((file) => !used.has(file))
    .map((file) => relative(cache, file))
  return { tracks: index.tracks.length, ok: problems.length === 0, problems, unused: unused.sort() }
}
