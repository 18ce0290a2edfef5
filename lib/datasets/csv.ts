/** Values after RFC 4180, separated by commas or tabs: quotes, doubled quotes, line breaks within quotes; LF or CRLF. */

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

/** A longer field is no path and no label; most often a quote was not closed. */
const MAX_FIELD = 1 << 16

export interface CsvOptions {
  /** default 65,536 characters */
  maxField?: number
  /** default a comma */
  separator?: ',' | '\t'
}

const PLAIN = { ',': /[^",\r\n]*/y, '\t': /[^"\t\r\n]*/y }

/** Where the quoted field that begins at `start` ends: at its closing quote. */
function closingQuote(text: string, start: number, line: number): number {
  for (let at = start + 1; ; at += 2) {
    at = text.indexOf('"', at)
    if (at < 0) throw new CsvSyntaxError('a quote is not closed, or something follows it', line)
    if (text[at + 1] !== '"') return at
  }
}

function endOfPlain(text: string, start: number, separator: ',' | '\t'): number {
  const plain = PLAIN[separator]
  plain.lastIndex = start
  plain.test(text)
  return plain.lastIndex
}

/** The end of a field and its value. */
function readField(
  text: string,
  start: number,
  line: number,
  { maxField = MAX_FIELD, separator = ',' }: CsvOptions,
): { value: string; end: number } {
  const quoted = text[start] === '"'
  const end = quoted ? closingQuote(text, start, line) + 1 : endOfPlain(text, start, separator)
  if (end - start > maxField)
    throw new CsvSyntaxError(
      `a field has ${end - start} characters, more than ${maxField}: is a quote missing?`,
      line,
    )
  if (end < text.length && !`${separator}\r\n`.includes(text[end]!)) {
    const what = quoted ? 'a quote is not closed, or something follows it' : 'a quote stands within a field'
    throw new CsvSyntaxError(what, line)
  }
  const value = quoted ? text.slice(start + 1, end - 1).replaceAll('""', '"') : text.slice(start, end)
  return { value, end }
}

/** in: the text of a file; out: its rows one by one, empty lines left out. @throws CsvSyntaxError */
export function* csvRows(text: string, options: CsvOptions = {}): Generator<CsvRow> {
  const { separator = ',' } = options
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0
  let line = 1
  let row: CsvRow = { fields: [], line }
  for (;;) {
    const { value, end } = readField(text, at, line, options)
    row.fields.push(value)
    line += value.match(/\r\n|\n|\r/g)?.length ?? 0
    at = end + 1
    if (text[end] === separator) continue
    if (row.fields.length > 1 || row.fields[0] !== '') yield row
    if (text[end] === '\r' && text[at] === '\n') at++
    line++
    row = { fields: [], line }
    if (at >= text.length) return
  }
}
