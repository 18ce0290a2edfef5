/** Requests that honour HTTP_PROXY, HTTPS_PROXY and NO_PROXY, and a name and password in the address. */
import type { Response } from 'undici'
import { ClmrError } from '../errors.js'

/** A connection that sends nothing for this long is dead. */
const SILENCE_MS = 60_000

export interface Get {
  /** first byte, and last byte or nothing for the rest */
  range?: readonly [number, number?]
  accept?: string
  /** what the server called the file before: it sends a range of that one only, or else the whole of another */
  validator?: string
  signal?: AbortSignal
}

export function downloadError(what: string, path: string, remedy: string, cause?: unknown): ClmrError {
  return new ClmrError('ERR_DOWNLOAD', { what, path, remedy, cause })
}

export const AGAIN = 'Run the command again: it continues where it stopped'

/** The address without its name and password: for messages. */
export function shownUrl(url: string): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}

/** @throws RefusedError if CLMR_OFFLINE=1 */
function checkOnline(url: string): void {
  if (process.env.CLMR_OFFLINE !== '1') return
  throw new RefusedError('ERR_DOWNLOAD', {
    what: 'CLMR_OFFLINE=1: nothing is downloaded',
    path: shownUrl(url),
    remedy: 'Unset CLMR_OFFLINE',
  })
}

/**
 * @returns the answer, whatever its status
 * @throws ClmrError ERR_DOWNLOAD if there is none
 */
export async function get(url: string, { range, accept, validator, signal }: Get = {}): Promise<Response> {
  checkOnline(url)
  const { EnvHttpProxyAgent, fetch } = await import('undici')
  const dispatcher = new EnvHttpProxyAgent({ bodyTimeout: SILENCE_MS, headersTimeout: SILENCE_MS })
  const { username, password } = new URL(url)
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const headers = {
    'accept-encoding': 'identity', // lengths and ranges are those of the file
    ...(range && validator ? { 'if-range': validator } : {}),
    ...(range ? { range: `bytes=${range[0]}-${range[1] ?? ''}` } : {}),
    ...(accept ? { accept } : {}),
    ...(username ? { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } : {}),
  }
  try {
    return await fetch(shownUrl(url), { dispatcher, headers, signal })
  } catch (cause) {
    if (signal?.aborted) throw cause
    const reason =
      (cause as Error).cause instanceof Error ? `: ${((cause as Error).cause as Error).message}` : ''
    throw downloadError(`the server cannot be reached${reason}`, shownUrl(url), AGAIN, cause)
  }
}

/** Where the body of a 206 begins and how long the whole file is. */
export function contentRange(response: Response): { start: number; total: number } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  return response.status === 206 && match ? { start: Number(match[1]), total: Number(match[2]) } : undefined
}

/** The length of the file that a 416 gives. */
export function lengthOf416(response: Response): number | undefined {
  const match = /^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  return match ? Number(match[1]) : undefined
}

/** The text of an answer. @throws Error if it has more than `limit` bytes, of which no more are received then */
export async function bodyOf(response: Response, limit: number): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.length
    if (length > limit) throw new Error(`the page has more than ${limit} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** An answer that another try would not change. */
export class RefusedError extends ClmrError {}

export function refusal(response: Response, url: string): ClmrError {
  const what = `the server answered ${`${response.status} ${response.statusText}`.trim()}`
  if (response.status === 429 || response.status >= 500) return downloadError(what, shownUrl(url), AGAIN)
  const remedy = 'Check the address, and that this machine may fetch from there'
  return new RefusedError('ERR_DOWNLOAD', { what, path: shownUrl(url), remedy })
}
