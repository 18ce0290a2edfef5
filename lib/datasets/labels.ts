/** Which classes the tracks of a folder belong to: from the folders they lie in, or from a CSV file. */
import { readFile } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { DatasetError, ioError } from '../errors.js'
import { nearestName } from '../options.js'
import { CsvSyntaxError, parseCsv } from './csv.js'
import { type LabelledFile, type LabelPlan, type SkippedFile, SPLITS, type Split } from './tracks.js'
import { byCodeUnit } from './walk.js'

const skip = (path: string, reason: string): SkippedFile => ({ path, code: 'ERR_DATASET', reason })

/** Sub-folder = class: the first folder of the path. */
export function labelsFromFolders(paths: string[], root: string): LabelPlan {
  const files: LabelledFile[] = []
  const skipped: SkippedFile[] = []
  for (const path of paths) {
    const slash = path.indexOf('/')
    if (slash > 0) files.push({ path, labels: [path.slice(0, slash)] })
    else skipped.push(skip(path, 'the file lies in no sub-folder, so it has no class'))
  }
  if (paths.length > 0 && files.length === 0)
    throw new DatasetError({
      what: 'there are no sub-folders to take classes from',
      path: root,
      expected: 'one folder a class',
      remedy: 'Sort the files into folders, or pass a CSV file as labels',
    })
  return { task: 'multiclass', files, skipped }
}

export const withoutLabels = (paths: string[]): LabelPlan => ({
  task: 'none',
  files: paths.map((path) => ({ path, labels: [] })),
  skipped: [],
})

interface Header {
  splitColumn: number
  labelColumn: number
  tags: { name: string; column: number }[]
}

const SPLIT_NAMES: Record<string, Split> = {
  train: 'train',
  training: 'train',
  valid: 'valid',
  validation: 'valid',
  val: 'valid',
  test: 'test',
}
const MAX_LISTED = 10

/** Collects the faults of all lines, so that the file can be corrected in one go. */
class Complaints {
  private readonly lines: string[] = []
  constructor(private readonly csv: string) {}
  add(line: number, what: string): void {
    this.lines.push(`line ${line}: ${what}`)
  }
  throwIfAny(): void {
    if (this.lines.length === 0) return
    const more = this.lines.length - MAX_LISTED
    const listed = this.lines.slice(0, MAX_LISTED).join('; ')
    throw new DatasetError({
      what: `the labels cannot be used: ${listed}${more > 0 ? `; and ${more} more` : ''}`,
      path: this.csv,
      remedy: 'Correct these lines',
    })
  }
}

function readHeader(fields: string[], line: number, complaints: Complaints): Header {
  const names = fields.map((field) => field.trim())
  const lower = names.map((name) => name.toLowerCase())
  if (lower[0] !== 'path')
    complaints.add(line, `the first column must be "path", not ${JSON.stringify(names[0])}`)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) complaints.add(line, `two columns are called ${JSON.stringify(twice)}`)
  const splitColumn = lower.indexOf('split')
  const labelColumn = lower.indexOf('label')
  const tags = names
    .map((name, column) => ({ name, column }))
    .filter(({ column }) => column > 0 && column !== splitColumn && column !== labelColumn)
  if (labelColumn < 0 && tags.length === 0)
    complaints.add(line, 'there is neither a column "label" nor a column for any tag')
  if (labelColumn >= 0 && tags.length > 0)
    complaints.add(
      line,
      `beside "label" there may be no other column, such as ${JSON.stringify(tags[0]!.name)}`,
    )
  if (tags.some(({ name }) => name === '')) complaints.add(line, 'a column has no name')
  return { splitColumn, labelColumn, tags }
}

/** A path in the CSV file, made relative to the root; undefined if it lies outside the root. */
function pathInside(root: string, written: string): string | undefined {
  const inside = relative(root, resolve(root, written))
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    return undefined
  return sep === '/' ? inside : inside.replaceAll(sep, '/')
}

function readLabels(fields: string[], header: Header, line: number, complaints: Complaints): string[] {
  if (header.labelColumn >= 0) {
    const label = fields[header.labelColumn]!.trim()
    if (label === '') complaints.add(line, 'the label is empty')
    return [label]
  }
  return header.tags
    .filter(({ name, column }) => {
      const value = fields[column]!.trim()
      if (value !== '0' && value !== '1')
        complaints.add(
          line,
          `column ${JSON.stringify(name)} holds ${JSON.stringify(value)} instead of 0 or 1`,
        )
      return value === '1'
    })
    .map(({ name }) => name)
}

interface CsvLabels {
  header: Header
  rows: Map<string, LabelledFile & { line: number }>
}

async function readCsv(csv: string, root: string): Promise<CsvLabels> {
  const complaints = new Complaints(csv)
  const text = await readFile(csv, 'utf8').catch((error) => {
    throw ioError(error, csv, 'read the labels')
  })
  let table: ReturnType<typeof parseCsv> = []
  try {
    table = parseCsv(text)
  } catch (error) {
    if (!(error instanceof CsvSyntaxError)) throw error
    complaints.add(error.line, error.message)
  }
  if (table.length < 2) complaints.add(1, 'there must be a header and at least one row')
  complaints.throwIfAny()
  const [first, ...body] = table as [(typeof table)[0], ...typeof table]
  const header = readHeader(first.fields, first.line, complaints)
  complaints.throwIfAny()
  const rows: CsvLabels['rows'] = new Map()
  for (const { fields, line } of body) {
    if (fields.length !== first.fields.length) {
      complaints.add(line, `there are ${fields.length} fields instead of ${first.fields.length}`)
      continue
    }
    const path = pathInside(root, fields[0]!)
    if (path === undefined) {
      complaints.add(line, `${JSON.stringify(fields[0])} does not lie in the source folder`)
      continue
    }
    const before = rows.get(path)
    if (before) complaints.add(line, `${JSON.stringify(path)} stands on line ${before.line} already`)
    const written = header.splitColumn < 0 ? undefined : fields[header.splitColumn]!.trim()
    const split = written === undefined ? undefined : SPLIT_NAMES[written.toLowerCase()]
    if (written !== undefined && split === undefined)
      complaints.add(line, `the split is ${JSON.stringify(written)} instead of ${SPLITS.join(', ')}`)
    rows.set(path, { path, labels: readLabels(fields, header, line, complaints), split, line })
  }
  complaints.throwIfAny()
  return { header, rows }
}

/** A hint at the existing path that was probably meant by a missing one; empty where there is none. */
function misspelt(path: string, present: string[]): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const sameFolder = present.filter((other) => Math.abs(other.length - path.length) <= 3).slice(0, 2000)
  const near = present.find((other) => other.endsWith(`/${name}`)) ?? nearestName(path, sameFolder)
  return near === undefined ? '' : ` (did you mean ${JSON.stringify(near)}?)`
}

/**
 * Labels of a CSV file: `path`, optionally `split`, then one 0/1 column for each tag, or one column
 * `label`. Named files that are missing, and files that are not named, are skipped with the reason.
 * @throws DatasetError that lists the faulty lines, or where no named file is there
 */
export async function labelsFromCsv(csv: string, paths: string[], root: string): Promise<LabelPlan> {
  const { header, rows } = await readCsv(csv, root)
  const present = new Set(paths)
  const skipped: SkippedFile[] = []
  for (const [path, { line }] of rows)
    if (!present.has(path))
      skipped.push(
        skip(path, `line ${line} of the labels names it, but it is not there${misspelt(path, paths)}`),
      )
  if (skipped.length === rows.size)
    throw new DatasetError({
      what: `none of the files that the labels name is there: ${skipped
        .slice(0, 3)
        .map((s) => `${JSON.stringify(s.path)}: ${s.reason}`)
        .join('; ')}`,
      path: csv,
      remedy: `Write the paths relative to ${root}`,
    })
  for (const path of paths) if (!rows.has(path)) skipped.push(skip(path, 'the labels do not name it'))
  const files = [...rows.values()]
    .filter(({ path }) => present.has(path))
    .map(({ path, labels, split }) => ({ path, labels, split }))
  files.sort((a, b) => byCodeUnit(a.path, b.path))
  const multilabel = header.labelColumn < 0
  return {
    task: multilabel ? 'multilabel' : 'multiclass',
    classes: multilabel ? header.tags.map(({ name }) => name) : undefined,
    files,
    skipped,
  }
}
