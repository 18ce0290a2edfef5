/** Downloads a file, or a part of one. A download that was cut off goes on where it stopped, also in a later run. */
import { createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Response } from 'undici'
import { ClmrError, IoError, ioError } from '../errors.js'
import { AGAIN, contentRange, get, installError, RefusedError, refusal, shownUrl } from './http.js'

export interface Download {
  url: string
  /** exists only when it is whole; until then TARGET.part grows */
  target: string
  /** the first byte and the one after the last; by default the whole file */
  span?: readonly [number, number]
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

/** Appends the body of the response to the part. @returns how many bytes the target has, and should have */
async function receive(
  response: Response,
  download: Download,
  have: number,
): Promise<[number, number | undefined]> {
  const { url, target, span, signal, onBytes } = download
  const range = contentRange(response)
  if (range && range.start !== (span?.[0] ?? 0) + have)
    throw installError('the server sends another part of the file than asked for', shownUrl(url), AGAIN)
  let got = range ? have : 0
  const length = response.headers.get('content-length')
  const total = span ? span[1] - span[0] : range ? range.total : length === null ? undefined : Number(length)
  const counted = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      got += chunk.length
      onBytes?.(got, total)
      yield chunk
    }
  }
  const part = createWriteStream(`${target}.part`, { flags: range ? 'a' : 'w' })
  await pipeline(Readable.fromWeb(response.body as never), counted, part, { signal })
  return [got, total]
}

/** One request. A broken connection throws; what has arrived is in the part. */
async function attempt(download: Download): Promise<void> {
  const { url, target, span, signal } = download
  const have = Math.max(0, await sizeOf(`${target}.part`))
  const [start, end] = span ?? [0, undefined]
  if (end !== undefined && have >= end - start) return rename(`${target}.part`, target)
  const range =
    span || have > 0 ? ([start + have, end === undefined ? undefined : end - 1] as const) : undefined
  const response = await get(url, { range, signal })
  if (response.status === 416 && !span) return rename(`${target}.part`, target) // the whole file had arrived; its hash is checked later
  if (!response.ok || !response.body || (span && response.status !== 206)) throw refusal(response, url)
  const [got, total] = await receive(response, download, have)
  if (total !== undefined && got !== total)
    throw installError(`the download broke off at ${got} of ${total} bytes`, shownUrl(url), AGAIN)
  await rename(`${target}.part`, target)
}

/**
 * Tries again, after a pause, until `work` has failed a few times in a row without getting further.
 * @param reached how far it has come, where it goes on from there
 * @throws what is refused or aborted, at once; ClmrError ERR_LIBTORCH_INSTALL
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
      if (failures > RETRIES) throw installError('the download broke off', shownUrl(url), AGAIN, cause)
      await sleep(250 * 2 ** failures, undefined, { signal })
    }
  }
}

/** @throws ClmrError ERR_LIBTORCH_INSTALL, IoError where the file cannot be written */
export async function download(options: Download): Promise<void> {
  const { url, target, signal } = options
  const once = async () => {
    try {
      if ((await sizeOf(target)) < 0) await attempt(options)
    } catch (cause) {
      if (LOCAL_FAILURES.includes((cause as NodeJS.ErrnoException).code ?? ''))
        throw ioError(cause, `${target}.part`, 'write the download')
      throw cause
    }
  }
  await persistently(once, url, signal, () => sizeOf(`${target}.part`))
}
