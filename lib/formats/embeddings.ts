/** Tables of embeddings, in the format that the extension of the file says. */
import { extname } from 'node:path'
import { ArgumentError } from '../errors.js'
import { type FileOperations, writeAtomically } from './atomic-file.js'
import { writeJsonl } from './jsonl.js'
import { writeNpy } from './npy.js'
import { embeddingParquet } from './parquet.js'

export interface EmbeddingRow {
  /** the audio file */
  path: string
  /** where in the file the window starts, in seconds; absent for the mean of a whole track */
  time?: number
  /** [E] */
  embedding: Float32Array
}

async function writeMatrix(path: string, rows: EmbeddingRow[], files?: FileOperations): Promise<void> {
  const cols = rows[0]?.embedding.length ?? 0
  const data = new Float32Array(rows.length * cols)
  rows.forEach(({ embedding }, i) => {
    data.set(embedding, i * cols)
  })
  await writeNpy(path, data, rows.length, cols, files)
  const names = rows.map(({ path: file, time }) =>
    time === undefined ? { path: file } : { path: file, time },
  )
  await writeAtomically(`${path}.json`, [Buffer.from(`${JSON.stringify(names, null, 1)}\n`)], files)
}

/**
 * Writes a table as a whole: `.parquet` (path, time, embedding as list of float), `.npy` (float32 [rows, E]; the
 * paths go to `<name>.npy.json`, in the same order) or `.jsonl` (one object a line).
 * @throws ArgumentError for another extension or embeddings of different lengths, IoError
 */
export async function writeEmbeddings(
  path: string,
  rows: EmbeddingRow[],
  files?: FileOperations,
): Promise<void> {
  const odd = rows.find(({ embedding }) => embedding.length !== rows[0]!.embedding.length)
  if (odd)
    throw new ArgumentError({
      what: 'the embeddings have different lengths',
      given: `${odd.embedding.length} values for ${odd.path}`,
      expected: `${rows[0]!.embedding.length}`,
      remedy: 'Write embeddings of one model at a time',
    })
  const extension = extname(path).toLowerCase()
  if (extension === '.parquet') return writeAtomically(path, [embeddingParquet(rows)], files)
  if (extension === '.npy') return writeMatrix(path, rows, files)
  if (extension === '.jsonl')
    return writeJsonl(
      path,
      rows.map(({ embedding, ...rest }) => ({ ...rest, embedding: [...embedding] })),
      files,
    )
  throw new ArgumentError({
    what: 'the extension says no format that embeddings are written in',
    given: extension,
    expected: '.parquet, .npy or .jsonl',
    path,
    remedy: 'Choose another file name',
  })
}
