/**
 * A handler of the web's Request and Response, as frameworks and edge servers take them: post a track, get its embedding.
 * `request.body` is the stream that is decoded: no temporary file. Started by itself it serves through node:http.
 *
 *   npm install clmr
 *   node fetch-handler.mjs <model or "random"> [port]
 *   curl --data-binary @song.mp3 http://127.0.0.1:3000/
 */
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { ClmrError, Encoder } from 'clmr'

/** in: an encoder; out: what answers a Request with a Response */
export const embeddings = (encoder) => async (request) => {
  if (request.method !== 'POST' || !request.body)
    return Response.json({ message: 'POST a track' }, { status: 405 })
  try {
    const { mean, times } = await encoder.encodeFile(request.body, {
      normalize: true,
      signal: request.signal,
    })
    return Response.json({ windows: times.length, embedding: Array.from(mean) })
  } catch (error) {
    if (!(error instanceof ClmrError)) throw error
    return Response.json(error, { status: 422 }) // its code, message and remedy
  }
}

/** node:http in front of a handler. */
function serve(handler, port) {
  const server = createServer(async (incoming, outgoing) => {
    const { method, headers, url } = incoming
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const body = method === 'GET' || method === 'HEAD' ? undefined : Readable.toWeb(incoming)
    const request = new Request(new URL(url, `http://${headers.host}`), {
      ...{ method, headers, body, duplex: 'half', signal: gone.signal },
    })
    const response = await handler(request).catch(() => new Response(null, { status: 500 }))
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(await response.text())
  })
  server.listen(port, '127.0.0.1', () => {
    console.log(`listening at http://127.0.0.1:${server.address().port}`)
  })
  return server
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [model, port = '3000'] = process.argv.slice(2)
  if (!model) throw new Error('name a model')
  const encoder = model === 'random' ? await Encoder.create() : await Encoder.load(model)
  const server = serve(embeddings(encoder), Number(port))
  process.once('SIGTERM', () => {
    server.close(() => encoder.dispose())
    server.closeIdleConnections()
  })
}
