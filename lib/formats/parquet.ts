/** Embeddings as Apache Parquet, written by hyparquet-writer: path, time (where given), embedding as list of float. */
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { EmbeddingRow } from './embeddings.js'

type Schema = NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>

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

/** → the bytes of a file */
export function embeddingParquet(rows: EmbeddingRow[]): Uint8Array {
  const withTime = rows.some(({ time }) => time !== undefined)
  const columns = [
    { name: 'path', data: rows.map(({ path }) => path) },
    ...(withTime ? [{ name: 'time', data: rows.map(({ time }) => time ?? null) }] : []),
    { name: 'embedding', data: rows.map(({ embedding }) => [...embedding]) },
  ]
  return new Uint8Array(parquetWriteBuffer({ columnData: columns, schema: schemaOf(withTime) }))
}
