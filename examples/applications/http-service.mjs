/**
 * An HTTP service: post a track, get the most similar ones of a folder.
 *
 *   npm install clmr fastify
 *   node http-service.mjs <model or "random"> <folder with music> [port]
 *   curl --data-binary @song.mp3 'http://127.0.0.1:3000/similar?k=3'
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClmrError, Encoder, Matrix, nearest } from 'clmr'
import Fastify from 'fastify'

const [model, music, port = '3000'] = process.argv.slice(2)
if (!model || !music) throw new Error('name a model and a folder with music')

const encoder = model === 'random' ? await Encoder.create() : await Encoder.load(model)
const names = await readdir(music, { recursive: true })
const audio = names.filter((name) => /\.(wav|mp3|flac|ogg)$/i.test(name)).sort()
const tracks = []
const means = []
for await (const { path, embedding, error } of encoder.encodeFiles(audio.map((name) => join(music, name)))) {
  if (error) {
    console.error(error.message)
    continue
  }
  tracks.push(path)
  means.push(embedding.mean)
}
const table = Matrix.fromRows(means)

const app = Fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', (_, upload, done) => done(null, upload)) // the body stays a stream

const querystring = { type: 'object', properties: { k: { type: 'integer', minimum: 1, default: 5 } } }
app.post('/similar', { schema: { querystring } }, async (request, reply) => {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort()) // the client need not wait for the answer
  const { mean } = await encoder.encodeFile(request.body, { signal: gone.signal })
  const { rows } = await nearest(Matrix.fromRows([mean]), table, request.query.k)
  return rows[0].map(({ index, score }) => ({ path: tracks[index], score }))
})

// A file that is no audio is the client's mistake.
app.setErrorHandler((error, _, reply) =>
  error instanceof ClmrError ? reply.code(422).send(error.toJSON()) : reply.send(error),
)
app.addHook('onClose', () => encoder.dispose())
process.once('SIGTERM', () => app.close())

const address = await app.listen({ port: Number(port), host: '127.0.0.1' })
console.log(`${tracks.length} tracks, listening at ${address}`)
