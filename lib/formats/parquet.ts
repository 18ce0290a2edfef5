/** Embeddings as Apache Parquet, written by hyparquet-writer: path, time (where given), embedding as list of float. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { EmbeddingRow } from './embedding-row.js'

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema']

/** 2 MB of numbers for 512 dimensions. */
const ROWS_PER_GROUP = 1024

function schemaOf(withTime: boolean): Schema {
  const time: Schema = withTime ? [{ name: 'time', type: 'DOUBLE', repetition_type: 'OPTIONAL' }] : []
  return [
    { name: 'root', num_children: withTime ? 3 : 2 },
    { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    ...time,
    { name: 'embedding', converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ]
}

/** What the writer has put into its buffer since the last time. */
function drain(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice()
  writer.index = 0 // `offset` goes on counting: the footer points into the whole file
  return bytes
}

function columnsOf(rows: EmbeddingRow[], withTime: boolean) {
  return [
    { name: 'path', data: rows.map(({ path }) => path) },
    ...(withTime ? [{ name: 'time', data: rows.map(({ time }) => time ?? null) }] : []),
    { name: 'embedding', data: rows.map(({ embedding }) => [...embedding]) },
  ]
}

/** → the bytes of a file, a row group at a time. The first row says whether there is a column of times. */
export async function* parquetChunks(rows: AsyncIterable<EmbeddingRow>): AsyncGenerator<Uint8Array> {
  const bytes = new ByteWriter()
  let withTime = false
  let parquet: ParquetWriter | undefined
  const start = (first?: EmbeddingRow) => {
    withTime = first?.time !== undefined
    return new ParquetWriter({ writer: bytes, schema: schemaOf(withTime) })
  }
  let group: EmbeddingRow[] = []
  for await (const row of rows) {
    parquet ??= start(row)
    group.push(row)
    if (group.length < ROWS_PER_GROUP) continue
    parquet.write({ columnData: columnsOf(group, withTime), rowGroupSize: ROWS_PER_GROUP })
    yield drain(bytes)
    group = []
  }
  parquet ??= start()
  if (group.length > 0)
    parquet.write({ columnData: columnsOf(group, withTime), rowGroupSize: ROWS_PER_GROUP })
  parquet.finish()
  yield drain(bytes)
}
