/**
 * Serves this folder, and a model as /model.onnx, to this machine only.
 *
 *   node serve.mjs <model.onnx> [port]
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}
/** A page that is isolated like this may share memory between threads: ONNX Runtime then uses several. */
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

const folder = import.meta.dirname
const [model, port = '8080'] = process.argv.slice(2)
if (model === undefined)
  throw new Error('name the model, an .onnx file: npx clmr convert <model> <file>.onnx')
const modelPath = resolve(model)

/** The file that a request names: one below this folder, or the model. */
function pathOf(url) {
  const { pathname } = new URL(url, 'http://localhost')
  if (pathname === '/model.onnx') return modelPath
  const path = join(folder, decodeURIComponent(pathname === '/' ? '/index.html' : pathname))
  return path.startsWith(folder + sep) ? path : undefined
}

const server = createServer(async (request, response) => {
  try {
    const path = pathOf(request.url)
    const found = path && (await stat(path))
    if (request.method !== 'GET' || !found?.isFile()) throw new Error('no such file')
    const type = TYPES[extname(path)] ?? 'application/octet-stream'
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': found.size, ...ISOLATED })
    await pipeline(createReadStream(path), response)
  } catch {
    if (!response.headersSent) response.writeHead(404)
    response.end()
  }
})
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${server.address().port}/`)
})
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
