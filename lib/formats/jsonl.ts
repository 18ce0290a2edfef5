/** One JSON value a line. */
import { type FileOperations, writeAtomically } from '../files/atomic-file.js'

const LINES_PER_CHUNK = 256

export async function* jsonlChunks(
  records: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array> {
  let lines: string[] = []
  for await (const record of records) {
    lines.push(`${JSON.stringify(record)}\n`)
    if (lines.length < LINES_PER_CHUNK) continue
    yield Buffer.from(lines.join(''))
    lines = []
  }
  yield Buffer.from(lines.join(''))
}

/** Replaces a file as a whole. @throws IoError */
export async function writeJsonl(
  path: string,
  records: Iterable<unknown>,
  files?: FileOperations,
): Promise<void> {
  await writeAtomically(path, jsonlChunks(records), files)
}
