/** A table of labels as rows of fields, in whichever form it was written: comma- or tab-separated values, or JSON lines. */
import { extname } from 'node:path'
import { setImmediate as yieldToLoop } from 'node:timers/promises'
import { DatasetError, ioError } from '../errors.js'
import { readTextInput } from '../files/input.js'
import { type CsvRow, CsvSyntaxError, csvRows } from './csv.js'

/** A row; `names` are labels that stood in a list of their own. */
export interface LabelRow extends CsvRow {
  names?: string[]
}

const MAX_LISTED = 10

/** Collects the faults of all lines, so that the file can be corrected in one go. */
export class Complaints {
  private readonly lines: string[] = []
  constructor(private readonly file: string) {}
  add(line: number, what: string): void {
    this.lines.push(`line ${line}: ${what}`)
  }
  throwIfAny(): void {
    if (this.lines.length === 0) return
    const more = this.lines.length - MAX_LISTED
    const listed = this.lines.slice(0, MAX_LISTED).join('; ')
    throw new DatasetError({
      what: `the labels cannot be used: ${listed}${more > 0 ? `; and ${more} more` : ''}`,
      path: this.file,
      remedy: 'Correct these lines',
    })
  }
}

/** Columns that hold a list of names: `a;b;c`, or an array in JSON. */
export const NAME_COLUMNS = ['labels', 'tags']

/** A JSON value as it would stand in a CSV file; undefined for what has no place there. */
function fieldOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return `${value}`
  if (typeof value === 'boolean') return value ? '1' : '0'
  return value === undefined || value === null ? '' : undefined
}

function objectOf(text: string, line: number): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CsvSyntaxError(`it is no JSON: ${(error as Error).message}`, line)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new CsvSyntaxError(
    'there must be an object on each line, such as {"path": "a.wav", "label": "rock"}',
    line,
  )
}

/** One object a line → a header of all names, `path` first, and the rows. @throws CsvSyntaxError */
function jsonRows(text: string): LabelRow[] {
  const objects = text
    .split('\n')
    .map((written, i) => ({ written: written.trim(), line: i + 1 }))
    .filter(({ written }) => written !== '')
    .map(({ written, line }) => ({ object: objectOf(written, line), line }))
  const names = new Set(['path', ...objects.flatMap(({ object }) => Object.keys(object))])
  const rows = objects.map(({ object, line }): LabelRow => {
    const listed = NAME_COLUMNS.map((name) => object[name]).find(Array.isArray) as unknown[] | undefined
    if (listed?.some((name) => typeof name !== 'string'))
      throw new CsvSyntaxError('the list of labels holds something other than strings', line)
    const fields = [...names].map((name) => {
      const field = object[name] === listed ? '' : fieldOf(object[name])
      if (field === undefined)
        throw new CsvSyntaxError(`${JSON.stringify(name)} is neither a text nor a number`, line)
      return field
    })
    return { fields, line, ...(listed ? { names: listed as string[] } : {}) }
  })
  return [{ fields: [...names], line: 1 }, ...rows]
}

/** How many rows are taken before other work gets its turn. */
const ROWS_AT_A_TIME = 1000

const isJson = (file: string, text: string) =>
  ['.jsonl', '.ndjson'].includes(extname(file).toLowerCase()) || /^\ufeff?\s*\{/.test(text)

/** By the header: a tab and no comma in it. */
function separatorOf(file: string, text: string): ',' | '\t' {
  const [header = ''] = text.split(/\r?\n/, 1)
  const isTabbed = header.includes('\t') && !header.includes(',')
  return isTabbed || extname(file).toLowerCase() === '.tsv' ? '\t' : ','
}

/**
 * The header, and at least one row.
 * @throws DatasetError that names the faulty line; IoError; the signal's reason
 */
export async function readLabelTable(file: string, signal?: AbortSignal): Promise<[LabelRow, ...LabelRow[]]> {
  const complaints = new Complaints(file)
  const text = await readTextInput(file, { pipe: true, signal }).catch((error) => {
    signal?.throwIfAborted()
    throw ioError(error, file, 'read the labels')
  })
  const table: LabelRow[] = []
  try {
    const rows = isJson(file, text) ? jsonRows(text) : csvRows(text, { separator: separatorOf(file, text) })
    for (const row of rows) if (table.push(row) % ROWS_AT_A_TIME === 0) await yieldToLoop()
  } catch (error) {
    if (!(error instanceof CsvSyntaxError)) throw error
    complaints.add(error.line, error.message)
  }
  if (table.length < 2) complaints.add(1, 'there must be a header and at least one row')
  complaints.throwIfAny()
  return table as [LabelRow, ...LabelRow[]]
}
