/** Downloads a file, or a part of one. A download that was cut off goes on where it stopped, also in a later run. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Response } from 'undici'
import { ClmrError, IoError, ioError } from '../errors.js'
import {
  AGAIN,
  contentRange,
  downloadError,
  get,
  lengthOf416,
  RefusedError,
  refusal,
  shownUrl,
} from './http.js'

/** As a publisher gives it, in hex. */
export interface Hash {
  algorithm: 'sha256' | 'sha1' | 'md5'
  hex: string
}

export interface Download {
  url: string
  /** exists only when it is whole; until then TARGET.part grows */
  target: string
  /** the first byte and the one after the last; by default the whole file */
  span?: readonly [number, number]
  /** of the whole file */
  hash?: Hash
  /** hash a file, too, that is there already */
  checkThere?: boolean
  /** a server that sends more is refused, before anything of it is kept where it says so */
  maxBytes?: number
  signal?: AbortSignal
  /** bytes that have arrived, and the size of the target if it is known */
  onBytes?: (have: number, total?: number) => void
}

const RETRIES = 3
const LOCAL_FAILURES = ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO']

export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => -1,
  )
}

const partOf = (target: string) => `${target}.part`
/** What the server calls the file of which a part is here. */
const validatorOf = (target: string) => `${target}.part.etag`

async function forgetPart(target: string): Promise<void> {
  for (const file of [partOf(target), validatorOf(target)]) await rm(file, { force: true })
}

async function finish(target: string): Promise<void> {
  await rename(partOf(target), target)
  await rm(validatorOf(target), { force: true })
}

/** A weak tag does not promise equal bytes. */
async function keepValidator(response: Response, target: string): Promise<void> {
  const tag = response.headers.get('etag')
  if (tag && !tag.startsWith('W/')) await writeFile(validatorOf(target), tag)
  else await rm(validatorOf(target), { force: true })
}

function tooLong(url: string, maxBytes: number): RefusedError {
  return new RefusedError('ERR_DOWNLOAD', {
    what: 'the server sends more than the file can have',
    path: shownUrl(url),
    expected: `at most ${maxBytes} bytes`,
    remedy: 'Check the address',
  })
}

/** Appends the body of the response to the part. @returns how many bytes the target has, and should have */
async function receive(
  response: Response,
  download: Download,
  have: number,
): Promise<[number, number | undefined]> {
  const { url, target, span, maxBytes = Number.POSITIVE_INFINITY, signal, onBytes } = download
  const range = contentRange(response)
  if (range && range.start !== (span?.[0] ?? 0) + have)
    throw downloadError('the server sends another part of the file than asked for', shownUrl(url), AGAIN)
  let got = range ? have : 0
  const length = response.headers.get('content-length')
  const total = span ? span[1] - span[0] : range ? range.total : length === null ? undefined : Number(length)
  const checkLength = (bytes: number) => {
    if (bytes > maxBytes) throw tooLong(url, maxBytes)
  }
  checkLength(total ?? 0)
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      got += chunk.length
      checkLength(got)
      onBytes?.(got, total)
      yield chunk
    }
  }
  await keepValidator(response, target)
  const part = createWriteStream(partOf(target), { flags: range ? 'a' : 'w' })
  await pipeline(Readable.fromWeb(response.body as never), counted, part, { signal })
  return [got, total]
}

/** The server has nothing behind what is here: it is whole, or it belongs to another file. */
async function settle416(
  response: Response,
  { target, url, onBytes }: Download,
  have: number,
): Promise<void> {
  const length = lengthOf416(response)
  await response.body?.cancel()
  if (have === length) {
    onBytes?.(have, length)
    return finish(target)
  }
  await forgetPart(target)
  throw downloadError(
    'what had arrived belongs to another version of the file, and was removed',
    shownUrl(url),
    AGAIN,
  )
}

/** One request. A broken connection throws; what has arrived is in the part. */
async function attempt(download: Download): Promise<void> {
  const { url, target, span, signal } = download
  const have = Math.max(0, await sizeOf(partOf(target)))
  const [start, end] = span ?? [0, undefined]
  if (end !== undefined && have >= end - start) return finish(target)
  const range =
    span || have > 0 ? ([start + have, end === undefined ? undefined : end - 1] as const) : undefined
  const validator = have > 0 ? await readFile(validatorOf(target), 'utf8').catch(() => undefined) : undefined
  const response = await get(url, { range, validator: span ? undefined : validator, signal })
  if (response.status === 416 && !span && have > 0) return settle416(response, download, have)
  if (!response.ok || !response.body || (span && response.status !== 206)) throw refusal(response, url)
  const [got, total] = await receive(response, download, have)
  if (total === undefined || got === total) return finish(target)
  if (got > total) await forgetPart(target)
  throw downloadError(`the download broke off at ${got} of ${total} bytes`, shownUrl(url), AGAIN)
}

/**
 * Tries again, after a pause, until `work` has failed a few times in a row without getting further.
 * @param reached how far it has come, where it goes on from there
 * @throws what is refused or aborted, at once; ClmrError ERR_DOWNLOAD
 */
export async function persistently<T>(
  work: () => Promise<T>,
  url: string,
  signal?: AbortSignal,
  reached: () => Promise<number> = async () => 0,
): Promise<T> {
  let furthest = 0
  for (let failures = 0; ; ) {
    try {
      return await work()
    } catch (cause) {
      if (signal?.aborted || cause instanceof RefusedError || cause instanceof IoError) throw cause
      const now = await reached()
      failures = now > furthest ? 1 : failures + 1
      furthest = Math.max(furthest, now)
      if (failures > RETRIES && cause instanceof ClmrError) throw cause
      if (failures > RETRIES) throw downloadError('the download broke off', shownUrl(url), AGAIN, cause)
      await sleep(250 * 2 ** failures, undefined, { signal })
    }
  }
}

/** A file that is not the published one is removed, so that the next run fetches it anew. @throws ClmrError ERR_DOWNLOAD */
async function checkHash({ url, target, hash, signal }: Download): Promise<void> {
  if (!hash) return
  const found = createHash(hash.algorithm)
  await pipeline(createReadStream(target, { highWaterMark: 1 << 20 }), found, { signal })
  const hex = found.digest('hex')
  if (hex === hash.hex) return
  await rm(target, { force: true })
  throw new ClmrError('ERR_DOWNLOAD', {
    what: 'the file that arrived is not the one that was published, and was removed',
    path: shownUrl(url),
    given: `${hash.algorithm} ${hex}`,
    expected: hash.hex,
    remedy: 'Run the command again: it downloads this file anew',
  })
}

/**
 * Fetches a file, unless it is there. One that was fetched before is not hashed again, unless `checkThere` says so.
 * @throws ClmrError ERR_DOWNLOAD, IoError if the file cannot be written
 */
export async function download(options: Download): Promise<void> {
  const { url, target, checkThere, signal } = options
  if ((await sizeOf(target)) >= 0) return checkThere ? checkHash(options) : undefined
  const once = async () => {
    try {
      await attempt(options)
    } catch (cause) {
      if (LOCAL_FAILURES.includes((cause as NodeJS.ErrnoException).code ?? ''))
        throw ioError(cause, partOf(target), 'write the download')
      throw cause
    }
  }
  await persistently(once, url, signal, () => sizeOf(partOf(target)))
  await checkHash(options)
}
