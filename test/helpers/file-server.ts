import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a server does with one file. Each number counts answers from the first on; then it behaves. */
export interface Manners {
  /** breaks off in the middle */
  drops?: number
  /** promises more bytes than there are */
  exaggerates?: number
  /** says 416 to a request for the rest, as of a file of so many bytes */
  refusesRangesAs?: number
  /** sends other bytes, of the same number */
  damages?: number
  /** knows no ranges */
  withoutRanges?: boolean
  /** says 503 */
  busy?: number
  etag?: string
}

export interface FileServer {
  origin: string
  /** path and range of every request */
  requests: string[]
  files: Record<string, Uint8Array | string>
  manners: Record<string, Manners>
}

const takeOne = (manners: Manners, what: 'drops' | 'exaggerates' | 'damages' | 'busy') => {
  const left = manners[what] ?? 0
  manners[what] = left - 1
  return left > 0
}

function answer(server: FileServer, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(request.url!.slice(1))
  const { range, 'if-range': wanted } = request.headers
  server.requests.push(`${path}${range ? ` ${range}` : ''}`)
  const found = server.files[path]
  if (found === undefined) return void response.writeHead(404).end()
  const manners = server.manners[path] ?? {}
  server.manners[path] = manners
  if (takeOne(manners, 'busy')) return void response.writeHead(503).end()
  const bytes = Buffer.from(found as string)
  const first = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  const ranged =
    range !== undefined && !manners.withoutRanges && (wanted === undefined || wanted === manners.etag)
  const pretended = manners.refusesRangesAs
  if (range !== undefined && pretended !== undefined)
    return void response.writeHead(416, { 'content-range': `bytes */${pretended}` }).end()
  if (ranged && first >= bytes.length)
    return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
  const body = Buffer.from(ranged ? bytes.subarray(first) : bytes)
  if (takeOne(manners, 'damages')) body[body.length >> 1]! ^= 0xff
  const lies = takeOne(manners, 'exaggerates')
  response.writeHead(ranged ? 206 : 200, {
    'content-length': body.length + (lies ? 1000 : 0),
    ...(manners.etag ? { etag: manners.etag } : {}),
    ...(ranged ? { 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` } : {}),
  })
  if (takeOne(manners, 'drops'))
    response.write(body.subarray(0, body.length >> 1), () => setTimeout(() => response.destroy(), 100))
  else if (lies) response.write(body, () => setTimeout(() => response.destroy(), 100))
  else response.end(body)
}

/** Serves files over HTTP on this machine, as badly as it is told to. */
export async function withFileServer<T>(
  files: FileServer['files'],
  manners: Record<string, Manners>,
  use: (server: FileServer) => Promise<T>,
): Promise<T> {
  const state: FileServer = { origin: '', requests: [], files, manners }
  const server = createServer((request, response) => answer(state, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  state.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    return await use(state)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
