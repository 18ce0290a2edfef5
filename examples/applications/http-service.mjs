/**
 * An HTTP service: post a track, get the most similar ones of a folder.
 *
 *   npm install clmr fastify
 *   node http-service.mjs <model or "random"> <folder with music> [port]
 *   curl --data-binary @song.mp3 'http://127.0.0.1:3000/similar?k=3'
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
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

const uploads = await mkdtemp(join(tmpdir(), 'uploads-'))
let counter = 0
const app = Fastify({ bodyLimit: 100 * 2 ** 20 })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))

const querystring = { type: 'object', properties: { k: { type: 'integer', minimum: 1, default: 5 } } }
app.post('/similar', { schema: { querystring } }, async (request, reply) => {
  const file = join(uploads, String(counter++))
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort()) // the client need not wait for the answer
  try {
    await writeFile(file, request.body ?? '')
    const { mean } = await encoder.encodeFile(file, { signal: gone.signal })
    const { rows } = await nearest(Matrix.fromRows([mean]), table, request.query.k)
    return rows[0].map(({ index, score }) => ({ path: tracks[index], score }))
  } finally {
    await rm(file, { force: true })
  }
})

// A file that is no audio is the client's mistake; its path on this machine is nobody's business.
app.setErrorHandler((error, _, reply) => {
  if (!(error instanceof ClmrError)) return reply.send(error)
  const { code, message, path = '' } = error
  return reply.code(422).send({ code, message: message.replace(`${path}: `, '') })
})
app.addHook('onClose', async () => {
  encoder.dispose()
  await rm(uploads, { recursive: true, force: true })
})
process.once('SIGTERM', () => app.close())

const address = await app.listen({ port: Number(port), host: '127.0.0.1' })
console.log(`${tracks.length} tracks, listening at ${address}`)
