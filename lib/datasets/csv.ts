/** Comma-separated values after RFC 4180: quotes, doubled quotes, line breaks within quotes; LF or CRLF. */

export interface CsvRow {
  fields: string[]
  /** line of the file on which the row begins, from 1 */
  line: number
}

export class CsvSyntaxError extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message)
  }
}

/** in: the text of a file; out: its rows, empty lines left out. @throws CsvSyntaxError */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y
  let line = 1
  let row: CsvRow = { fields: [], line }
  field.lastIndex = text.charCodeAt(0) === 0xfeff ? 1 : 0
  for (;;) {
    const at = field.lastIndex
    const match = field.exec(text)
    if (!match)
      throw new CsvSyntaxError(
        text[at] === '"' ? 'a quote is not closed, or something follows it' : 'a quote stands within a field',
        line,
      )
    const [whole, quoted, plain, end] = match
    row.fields.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0
    if (end === ',') continue
    if (row.fields.length > 1 || row.fields[0] !== '') rows.push(row)
    row = { fields: [], line }
    if (field.lastIndex >= text.length) return rows
  }
}
