/** Tables of embeddings, in the format that the extension of the file says. */
import { extname } from 'node:path'
import { ArgumentError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import type { FileOperations } from '../files/durable.js'
import type { EmbeddingRow } from './embedding-row.js'
import { jsonlChunks } from './jsonl.js'
import { npyBytes } from './npy.js'
import { parquetChunks } from './parquet.js'

export type EmbeddingRows = Iterable<EmbeddingRow> | AsyncIterable<EmbeddingRow>

/** The formats that `writeEmbeddings` knows. */
export const EMBEDDING_EXTENSIONS = ['.parquet', '.npy', '.jsonl'] as const

async function* checked(rows: EmbeddingRows): AsyncGenerator<EmbeddingRow> {
  let first: number | undefined
  for await (const row of rows) {
    first ??= row.embedding.length
    if (row.embedding.length !== first)
      throw new ArgumentError({
        what: 'the embeddings have different lengths',
        given: `${row.embedding.length} values for ${row.path}`,
        expected: `${first}`,
        remedy: 'Write embeddings of one model at a time',
      })
    yield row
  }
}

async function* records(rows: EmbeddingRows): AsyncGenerator<object> {
  for await (const { embedding, ...rest } of rows) yield { ...rest, embedding: [...embedding] }
}

/** The paths of the rows of an .npy file, in their order. */
export const pathsFile = (path: string) => `${path}.json`

/** The files that a table is written to. */
export const embeddingFiles = (path: string): string[] =>
  extname(path).toLowerCase() === '.npy' ? [path, pathsFile(path)] : [path]

/** An .npy file begins with the shape, so all rows are kept in memory until the last one: 4·E bytes each. */
async function writeMatrix(path: string, rows: EmbeddingRows, files?: FileOperations): Promise<void> {
  let data = new Float32Array(0)
  let filled = 0
  const names: object[] = []
  for await (const { path: file, time, embedding } of rows) {
    if (filled + embedding.length > data.length) {
      const larger = new Float32Array(Math.max(2 * data.length, 64 * embedding.length))
      larger.set(data)
      data = larger
    }
    data.set(embedding, filled)
    filled += embedding.length
    names.push(time === undefined ? { path: file } : { path: file, time })
  }
  const cols = names.length === 0 ? 0 : filled / names.length
  await writeAtomically(path, [npyBytes(data.subarray(0, filled), names.length, cols)], files)
  await writeAtomically(pathsFile(path), [Buffer.from(`${JSON.stringify(names, null, 1)}\n`)], files)
}

/**
 * Writes a table as a whole: `.parquet` (path, time, embedding as list of float), `.npy` (float32 [rows, E]; the
 * paths go to `<name>.npy.json`, in the same order) or `.jsonl` (one object per line). Rows are taken one after the
 * other; `.parquet` and `.jsonl` are written while they come, and memory holds a few thousand of them at most.
 * @param rows either all of them have a `time`, or none
 * @throws ArgumentError for another extension or embeddings of different lengths, IoError, and what `rows` throws:
 *         what was there before is left as it was
 */
export async function writeEmbeddings(
  path: string,
  rows: EmbeddingRows,
  files?: FileOperations,
): Promise<void> {
  const extension = extname(path).toLowerCase()
  const sound = checked(rows)
  if (extension === '.parquet') return writeAtomically(path, parquetChunks(sound), files)
  if (extension === '.npy') return writeMatrix(path, sound, files)
  if (extension === '.jsonl') return writeAtomically(path, jsonlChunks(records(sound)), files)
  throw new ArgumentError({
    what: 'embeddings cannot be written in a format with this extension',
    given: extension,
    expected: EMBEDDING_EXTENSIONS.join(', '),
    path,
    remedy: 'Choose another file name',
  })
}
