/** Puts decoded tracks into a cache and checks what lies there. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { setImmediate as yieldToLoop } from 'node:timers/promises'
import { z } from 'zod'
import { AudioDecodeError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import { makeFolder } from '../files/make-folder.js'
import { MAX_WAV_DATA_BYTES, WAV_HEADER_BYTES, wavHeader } from '../formats/wav/writer.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions, signalOption } from '../options.js'
import { type IndexTrack, readIndex } from './index-file.js'
import { audioFolder, trackPath } from './layout.js'

const HASH_BYTES = 1 << 20

const MAX_WAV_SAMPLES = Math.floor(MAX_WAV_DATA_BYTES / 2)
/** Size of the file of so many samples: 16-bit mono. */
const wavBytes = (samples: number) => WAV_HEADER_BYTES + samples * 2

/** Hashes in pieces, so that the event loop goes on. */
async function sha256Of(chunks: Uint8Array[]): Promise<string> {
  const hash = createHash('sha256')
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += HASH_BYTES) {
      hash.update(chunk.subarray(at, at + HASH_BYTES))
      if (at > 0) await yieldToLoop()
    }
  return hash.digest('hex')
}

/** in: mono samples; writes them as a WAV file under `key`; out: the hash of that file. @throws IoError */
export async function storeTrack(
  cache: string,
  key: string,
  samples: Float32Array,
  sampleRate: number,
  signal?: AbortSignal,
): Promise<string> {
  if (samples.length > MAX_WAV_SAMPLES)
    throw new AudioDecodeError({
      what: 'the track is too long for a WAV file',
      given: `${samples.length} samples`,
      expected: `at most ${MAX_WAV_SAMPLES}`,
      remedy: 'Cut it into pieces',
    })
  const { pcm } = await callNative(signal, () => native().toPcm16(samples))
  const chunks = [
    wavHeader({ frames: samples.length, sampleRate }),
    new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength),
  ]
  const path = trackPath(cache, key)
  await makeFolder(dirname(path))
  const sha256 = await sha256Of(chunks)
  await writeAtomically(path, chunks)
  return sha256
}

/** Whether the file is there and has its full size. Only `verifyCache` reads its bytes. */
export async function isStored(cache: string, track: Pick<IndexTrack, 'key' | 'samples'>): Promise<boolean> {
  const found = await stat(trackPath(cache, track.key)).catch(() => undefined)
  return found?.isFile() === true && found.size === wavBytes(track.samples)
}

export interface CacheReport {
  /** number of tracks in the index */
  tracks: number
  /** whether the file of every track is there, whole and unchanged */
  ok: boolean
  problems: { file: string; path: string; reason: string }[]
  /** files that no track uses: their source was changed or removed, or a run was killed */
  unused: string[]
}

async function hashFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { signal })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function problemOf(
  cache: string,
  track: IndexTrack,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const file = trackPath(cache, track.key)
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) return 'the file is missing'
  if (found.size !== wavBytes(track.samples))
    return `the file has ${found.size} bytes instead of ${wavBytes(track.samples)}`
  const sha256 = await hashFile(file, signal)
  return sha256 === track.sha256 ? undefined : 'the bytes are not those that were written'
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

const verifyOptions = z.strictObject({ signal: signalOption })

/**
 * Reads every byte of a cache and compares it with what was written.
 * @throws CacheError where there is no index to compare with; ConfigError
 */
export async function verifyCache(
  cache: string,
  options: { signal?: AbortSignal } = {},
): Promise<CacheReport> {
  const { signal } = parseOptions(verifyOptions, options, 'verifyCache')
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
