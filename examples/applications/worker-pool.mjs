/**
 * A pool of worker threads that embeds a folder: one encoder and one thread per worker.
 *
 *   npm install clmr piscina
 *   node worker-pool.mjs <model or "random"> <folder with music> [workers] > embeddings.jsonl
 */
import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isMainThread, workerData } from 'node:worker_threads'
import { Encoder, setThreads } from 'clmr'
import { Piscina } from 'piscina'

if (!isMainThread) setThreads(1) // of the whole process: each worker keeps one core busy
let encoder

/** What a worker does with one file. */
export default async function embed(path) {
  encoder ??= await (workerData === 'random' ? Encoder.create() : Encoder.load(workerData))
  const { mean } = await encoder.encodeFile(path)
  return { path, embedding: Array.from(mean) }
}

if (isMainThread) {
  const [model, music, workers] = process.argv.slice(2)
  if (!model || !music) throw new Error('name a model and a folder with music')
  const pool = new Piscina({
    filename: import.meta.url,
    workerData: model,
    maxThreads: Number(workers ?? availableParallelism()),
  })
  const names = (await readdir(music, { recursive: true })).filter((name) =>
    /\.(wav|mp3|flac|ogg)$/i.test(name),
  )
  const rows = names.sort().map((name) =>
    pool.run(join(music, name)).then(
      (row) => console.log(JSON.stringify(row)),
      (error) => console.error(error.message),
    ),
  )
  await Promise.all(rows)
  await pool.close()
}
