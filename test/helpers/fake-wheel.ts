import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { zipSync } from 'fflate'
import type { Part } from '#lib/libtorch/cuda-release.js'
import { type PinnedFolder, packageOf, type Wheel } from '#lib/libtorch/release.js'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const text = (words: string) => new TextEncoder().encode(words)
const noise = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => ((i + seed) * 7919) >> 3)

/** A small wheel with what the real one has, and what stands between it. */
const MEMBERS: Record<string, Uint8Array> = {
  'torch/nn/functional.py': noise(3_000_000, 1),
  'torch/include/ATen/ATen.h': text('#pragma once\n'),
  'torch/include/c10/core.h': text('#pragma once // c10\n'),
  'torch/lib/libc10.so': noise(50_000, 2),
  'torch/lib/libtorch_cuda.so': noise(3_000_000, 3),
  'torch/lib/libtorch_cpu.so': noise(300_000, 4),
  'torch/lib/libtorch_python.so': noise(3_000_000, 5),
  'torch-0.0.0.dist-info/METADATA': text('Name: torch\n'),
  'torch-0.0.0.dist-info/licenses/LICENSE': text('BSD-3-Clause\n'),
  'torch-0.0.0.dist-info/licenses/third_party/gloo/LICENSE': text('BSD\n'),
}

function pinned(files: Record<string, Uint8Array>, folder: string, to: string): PinnedFolder {
  const lines = Object.keys(files)
    .filter((name) => name.startsWith(folder))
    .map((name) => `${to}${name.slice(folder.length)}\0${sha256(files[name]!)}\n`)
    .sort()
  return { files: lines.length, sha256: sha256(text(lines.join(''))) }
}

/** @param changed members in the place of, or besides, the usual ones; undefined: without it */
export function fakeWheel(changed: Record<string, Uint8Array | undefined> = {}): {
  wheel: Wheel
  bytes: Uint8Array
  library: Uint8Array
} {
  const all = Object.entries({ ...MEMBERS, ...changed }).filter(([, bytes]) => bytes !== undefined)
  const files = Object.fromEntries(all) as Record<string, Uint8Array>
  const bytes = zipSync(files, { level: 0, mtime: '2000-01-01' })
  const library = files['torch/lib/libtorch_cpu.so']!
  const wheel: Wheel = {
    file: 'torch-0.0.0-test.whl',
    sha256: sha256(bytes),
    libraries: {
      'libtorch_cpu.so': sha256(library),
      'libc10.so': sha256(files['torch/lib/libc10.so'] ?? new Uint8Array()),
    },
    headers: pinned(files, 'torch/include/', 'include/'),
    licenses: pinned(files, 'torch-0.0.0.dist-info/licenses/', 'licenses/'),
  }
  return { wheel, bytes, library }
}

/** One of NVIDIA's wheels in small: a library below nvidia/, what is not needed beside it, and a licence. */
export function fakePart(name: string, folder: string): { part: Part; bytes: Uint8Array } {
  const bytes = zipSync(
    {
      [`nvidia/${folder}/lib/lib${name}.so.13`]: noise(20_000, name.length),
      [`nvidia/${folder}/lib/lib${name}_static.a`]: noise(20_000, 1),
      [`nvidia/${folder}/include/${name}.h`]: text('#pragma once\n'),
      [`nvidia_${name}-1.0.dist-info/METADATA`]: text(`Name: nvidia-${name}\n`),
      [`nvidia_${name}-1.0.dist-info/licenses/License.txt`]: text(`of ${name}\n`),
    },
    { level: 0, mtime: '2000-01-01' },
  )
  const file = `nvidia_${name}-1.0-py3-none-manylinux_2_17_x86_64.whl`
  return { part: { file, sha256: sha256(bytes), bytes: bytes.length }, bytes }
}

export interface WheelServer {
  /** of the wheel */
  url: string
  /** of the package index */
  index: string
  /** the ranges that were asked of the wheel; undefined for all of it */
  ranges: (string | undefined)[]
  requests: IncomingMessage[]
  /** bytes of the wheel that were sent */
  sent: number
  /** names of the other wheels that were asked for */
  others: string[]
}

export interface ServerBehaviour {
  /** answers 200 with the whole file whatever the range */
  withoutRanges?: boolean
  /** each of the first so many answers that are longer than 10,000 bytes breaks off in its middle */
  breaks?: number
  /** asked for with this, or 401 */
  authorization?: string
  /** the index answers in HTML */
  html?: boolean
}

const htmlIndex = (file: string) =>
  `<a href="x.whl">x</a>\n<a data-y="1" href="../../files/${file}#sha256=0">${file}</a>`

/** Serves `bytes` as the wheel, and `others` whole, below a package index that knows nothing else. */
export async function withWheelServer<T>(
  { wheel, bytes, others = [] }: { wheel: Wheel; bytes: Uint8Array; others?: ReturnType<typeof fakePart>[] },
  behaviour: ServerBehaviour,
  use: (server: WheelServer) => Promise<T>,
): Promise<T> {
  const state: WheelServer = { url: '', index: '', ranges: [], requests: [], sent: 0, others: [] }
  let breaks = behaviour.breaks ?? 0
  const sendWheel = (request: IncomingMessage, response: ServerResponse) => {
    const { range } = request.headers
    state.ranges.push(range)
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec((!behaviour.withoutRanges && range) || '') ?? []
    const end = to === '' ? bytes.length : Math.min(bytes.length, Number(to) + 1)
    const part = bytes.subarray(Number(from), end)
    const isPart = range !== undefined && !behaviour.withoutRanges
    response.writeHead(isPart ? 206 : 200, {
      'content-length': part.length,
      ...(isPart ? { 'content-range': `bytes ${from}-${end - 1}/${bytes.length}` } : {}),
    })
    const half = part.length >> 1
    if (part.length > 10_000 && breaks-- > 0) {
      state.sent += half
      response.write(part.subarray(0, half), () => setTimeout(() => response.destroy(), 20))
    } else {
      state.sent += part.length
      response.end(part)
    }
  }
  const index = (response: ServerResponse, file: string) => {
    const files = [{ filename: file, url: `/files/${file}`, hashes: {} }]
    response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' })
    response.end(JSON.stringify({ files }))
  }
  const server = createServer((request, response) => {
    state.requests.push(request)
    const page = others.find(({ part }) => request.url === `/simple/${packageOf(part).name}/`)
    const other = others.find(({ part }) => request.url === `/files/${part.file}`)
    if (other) state.others.push(packageOf(other.part).name)
    if (page) return index(response, page.part.file)
    if (other) return response.end(other.bytes)
    if (behaviour.authorization && request.headers.authorization !== behaviour.authorization)
      response.writeHead(401).end()
    else if (request.url === `/files/${wheel.file}`) sendWheel(request, response)
    else if (request.url !== '/simple/torch/') response.writeHead(404).end()
    else if (behaviour.html)
      response.writeHead(200, { 'content-type': 'text/html' }).end(htmlIndex(wheel.file))
    else index(response, wheel.file)
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  Object.assign(state, { url: `${origin}/files/${wheel.file}`, index: `${origin}/simple` })
  try {
    return await use(state)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
