/**
 * Which files sound most like the first one?
 *
 *   npx tsx examples/find-similar.ts <model or "random"> <query file> <files to search…>
 */
import { Encoder, Matrix, nearest } from 'clmr'

const [model, query, ...files] = process.argv.slice(2)
if (model === undefined || query === undefined || files.length === 0)
  throw new Error('name a model, a query and files to search')

using encoder = model === 'random' ? await Encoder.create() : await Encoder.load(model)
const { mean } = await encoder.encodeFile(query)

const found: string[] = []
const means: Float32Array[] = []
for await (const { path, embedding, error } of encoder.encodeFiles(files)) {
  if (error) {
    console.error(error.message)
    continue
  }
  found.push(path)
  means.push(embedding.mean)
}

const { rows } = await nearest(Matrix.fromRows([mean]), Matrix.fromRows(means), 10)
for (const { index, score } of rows[0]!) console.log(`${score.toFixed(3)}  ${found[index]}`)
