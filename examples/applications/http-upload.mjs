/**
 * A server on plain node:http: post a track, get its embedding. The request is the stream that is decoded: no temporary file.
 *
 *   npm install clmr
 *   node http-upload.mjs <model or "random"> [port]
 *   curl --data-binary @song.mp3 http://127.0.0.1:3000/embed
 */
import { createServer } from 'node:http'
import { ClmrError, Encoder } from 'clmr'

const [model, port = '3000'] = process.argv.slice(2)
if (!model) throw new Error('name a model')
const encoder = model === 'random' ? await Encoder.create() : await Encoder.load(model)

async function embed(request, response) {
  const gone = new AbortController()
  response.once('close', () => gone.abort()) // the client has left, or has its answer
  try {
    const { mean, times } = await encoder.encodeFile(request, { normalize: true, signal: gone.signal })
    return { status: 200, body: { windows: times.length, embedding: Array.from(mean) } }
  } catch (error) {
    // A file that is no audio is the client's mistake.
    return { status: error instanceof ClmrError ? 422 : 500, body: { message: error.message } }
  }
}

const server = createServer(async (request, response) => {
  const isUpload = request.method === 'POST' && request.url === '/embed'
  const { status, body } = isUpload
    ? await embed(request, response)
    : { status: 404, body: { message: 'POST /embed' } }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
})
process.once('SIGTERM', () => {
  server.close(() => encoder.dispose())
  server.closeIdleConnections()
})
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${server.address().port}`)
})
