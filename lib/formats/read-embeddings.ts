/** Reads tables of embeddings that `writeEmbeddings` wrote, row after row. */
import { open, readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { z } from 'zod'
import type { EmbeddingRow } from './embedding-row.js'
import { pathsFile } from './embeddings.js'

/** A row without its numbers. */
export type RowName = Pick<EmbeddingRow, 'path' | 'time'>

const nameSchema = z.object({ path: z.string(), time: z.number().optional() })
const rowSchema = nameSchema.extend({ embedding: z.array(z.number()) })

function nameOf({ path, time }: z.output<typeof nameSchema>): RowName {
  return time === undefined ? { path } : { path, time }
}

async function* jsonlRows(path: string): AsyncGenerator<EmbeddingRow> {
  await using file = await open(path)
  for await (const line of file.readLines()) {
    const { embedding, ...name } = rowSchema.parse(JSON.parse(line))
    yield { ...nameOf(name), embedding: Float32Array.from(embedding) }
  }
}

/** [rows, cols] of float32 and where they begin, of a file that npyjs wrote. @throws Error for any other */
function npyHeader(bytes: Buffer): { rows: number; cols: number; start: number } {
  const start = 10 + bytes.readUInt16LE(8)
  const [, rows, cols] =
    /'descr': ?'<f4'.*'shape': ?\((\d+), ?(\d+)\)/.exec(bytes.toString('latin1', 10, start)) ?? []
  if (bytes.toString('latin1', 1, 6) !== 'NUMPY' || rows === undefined || cols === undefined)
    throw new Error('not a matrix of float32')
  return { rows: Number(rows), cols: Number(cols), start }
}

const npyNames = async (path: string): Promise<RowName[]> =>
  z
    .array(nameSchema)
    .parse(JSON.parse(await readFile(pathsFile(path), 'utf8')))
    .map(nameOf)

async function* npyRows(path: string): AsyncGenerator<EmbeddingRow> {
  const names = await npyNames(path)
  await using file = await open(path)
  const head = Buffer.alloc(256)
  await file.read(head, 0, head.length, 0)
  const { rows, cols, start } = npyHeader(head)
  if (rows !== names.length || (await stat(path)).size !== start + 4 * rows * cols)
    throw new Error('the rows and their names do not fit')
  for (const [i, name] of names.entries()) {
    const embedding = new Float32Array(cols)
    await file.read(new Uint8Array(embedding.buffer), 0, 4 * cols, start + 4 * cols * i)
    yield { ...name, embedding }
  }
}

async function* parquetRows(path: string): AsyncGenerator<EmbeddingRow> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    for (const row of await parquetReadObjects({ file, metadata, rowStart, rowEnd })) {
      const { embedding, ...name } = rowSchema.parse({ ...row, time: row.time ?? undefined })
      yield { ...nameOf(name), embedding: Float32Array.from(embedding) }
    }
    rowStart = rowEnd
  }
}

async function parquetNames(path: string): Promise<RowName[]> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  const columns = ['path', 'time'].filter((name) => metadata.schema.some((column) => column.name === name))
  const rows = await parquetReadObjects({ file, metadata, columns })
  return rows.map((row) => nameOf(nameSchema.parse({ ...row, time: row.time ?? undefined })))
}

/** The rows of a table, in its order. @throws what its reader throws, for a file that is no such table */
export function readEmbeddings(path: string): AsyncGenerator<EmbeddingRow> {
  const readers: Record<string, typeof jsonlRows> = {
    '.jsonl': jsonlRows,
    '.npy': npyRows,
    '.parquet': parquetRows,
  }
  return readers[extname(path).toLowerCase()]!(path)
}

/** The names of the rows of a table. @throws as `readEmbeddings` */
export async function readRowNames(path: string): Promise<RowName[]> {
  const extension = extname(path).toLowerCase()
  if (extension === '.npy') return npyNames(path)
  if (extension === '.parquet') return parquetNames(path)
  const names: RowName[] = []
  for await (const { embedding: _, ...name } of jsonlRows(path)) names.push(name)
  return names
}
