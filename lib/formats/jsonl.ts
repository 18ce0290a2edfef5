const LINES_PER_CHUNK = 256

/** One JSON value a line. */
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
