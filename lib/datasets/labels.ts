/** Which classes the tracks of a folder belong to: from the folders they lie in, or from a table. */
import { existsSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { DatasetError } from '../errors.js'
import { nearestName } from '../options.js'
import { FileFinder } from './find-file.js'
import { Complaints, type LabelRow, NAME_COLUMNS, readLabelTable } from './label-table.js'
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
      expected: 'one folder per class',
      remedy: 'Sort the files into one folder per class',
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
  groupColumn: number
  labelColumn: number
  /** of a column with the names of all classes of a track */
  namesColumn: number
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
function readHeader(fields: string[], line: number, complaints: Complaints): Header {
  const names = fields.map((field) => field.trim())
  const lower = names.map((name) => name.toLowerCase())
  if (lower[0] !== 'path')
    complaints.add(line, `the first column must be "path", not ${JSON.stringify(names[0])}`)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) complaints.add(line, `two columns are called ${JSON.stringify(twice)}`)
  const splitColumn = lower.indexOf('split')
  const groupColumn = lower.indexOf('group')
  const labelColumn = lower.indexOf('label')
  const others = names
    .map((name, column) => ({ name, column }))
    .filter(({ column }) => column > 0 && ![splitColumn, groupColumn, labelColumn].includes(column))
  const isNames = others.length === 1 && NAME_COLUMNS.includes(lower[others[0]!.column]!)
  const namesColumn = isNames && labelColumn < 0 ? others[0]!.column : -1
  const tags = namesColumn < 0 ? others : []
  if (labelColumn < 0 && others.length === 0)
    complaints.add(line, 'there is neither a column "label" nor a column for any tag')
  if (labelColumn >= 0 && tags.length > 0)
    complaints.add(
      line,
      `beside "label" there may be no other column, such as ${JSON.stringify(tags[0]!.name)}`,
    )
  if (tags.some(({ name }) => name === '')) complaints.add(line, 'a column has no name')
  return { splitColumn, groupColumn, labelColumn, namesColumn, tags }
}

/** A field in a message: whole, unless it is so long that it says nothing. */
const shown = (field: string) =>
  field.length > 300 ? `a path of ${field.length} characters` : JSON.stringify(field)

/** A path of the CSV as one relative to the root; undefined if it leads out of it. */
function pathInside(root: string, written: string): string | undefined {
  const inside = relative(root, resolve(root, written))
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    return undefined
  return sep === '/' ? inside : inside.replaceAll(sep, '/')
}

/** `a; b;c` → a, b, c; an empty field is a track without any. */
function readNames(
  { fields, names, line }: LabelRow,
  { namesColumn }: Header,
  complaints: Complaints,
): string[] {
  const written = names ?? fields[namesColumn]!.split(';')
  const labels = new Set(written.map((name) => name.trim()).filter((name) => name !== ''))
  if ([...labels].some((name) => name.includes(NOT_UTF8))) complaints.add(line, 'a label is not UTF-8')
  return [...labels]
}

function readLabels(row: LabelRow, header: Header, complaints: Complaints): string[] {
  const { fields, line } = row
  if (header.namesColumn >= 0) return readNames(row, header, complaints)
  if (header.labelColumn >= 0) {
    const label = fields[header.labelColumn]!.trim()
    if (label === '') complaints.add(line, 'the label is empty')
    if (label.includes(NOT_UTF8)) complaints.add(line, 'the label is not UTF-8')
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

/** What stands for bytes that are no UTF-8 once they are text. */
const NOT_UTF8 = '\ufffd'

type LabelledRow = LabelledFile & { line: number }

interface TableLabels {
  header: Header
  rows: Map<string, LabelledRow>
}

function readSplit(
  fields: string[],
  header: Header,
  line: number,
  complaints: Complaints,
): Split | undefined {
  if (header.splitColumn < 0) return undefined
  const written = fields[header.splitColumn]!.trim()
  const split = SPLIT_NAMES[written.toLowerCase()]
  if (split === undefined)
    complaints.add(line, `the split is ${JSON.stringify(written)} instead of ${SPLITS.join(', ')}`)
  return split
}

/** Where the file names both, a group lies in one split. */
function checkGroups(rows: Iterable<LabelledRow>, complaints: Complaints): void {
  const first = new Map<string, LabelledRow>()
  for (const row of rows) {
    if (row.group === undefined || row.split === undefined) continue
    const before = first.get(row.group) ?? row
    first.set(row.group, before)
    if (before.split !== row.split)
      complaints.add(
        row.line,
        `group ${JSON.stringify(row.group)} is in ${row.split} here and in ${before.split} on line ${before.line}`,
      )
  }
}

async function readRows(table: string, root: string, signal?: AbortSignal): Promise<TableLabels> {
  const complaints = new Complaints(table)
  const [first, ...body] = await readLabelTable(table, signal)
  const header = readHeader(first.fields, first.line, complaints)
  complaints.throwIfAny()
  const rows: TableLabels['rows'] = new Map()
  for (const row of body) {
    const { fields, line } = row
    if (fields.length !== first.fields.length) {
      complaints.add(line, `there are ${fields.length} fields instead of ${first.fields.length}`)
      continue
    }
    const path = pathInside(root, fields[0]!)
    if (path === undefined) {
      complaints.add(line, `${shown(fields[0]!)} does not lie in the source folder`)
      continue
    }
    const before = rows.get(path)
    if (before) complaints.add(line, `${JSON.stringify(path)} stands on line ${before.line} already`)
    const split = readSplit(fields, header, line, complaints)
    const group = header.groupColumn < 0 ? '' : fields[header.groupColumn]!.trim()
    const labels = readLabels(row, header, complaints)
    rows.set(path, { path, labels, split, ...(group === '' ? {} : { group }), line })
  }
  checkGroups(rows.values(), complaints)
  complaints.throwIfAny()
  return { header, rows }
}

/** A hint at the existing path that was probably meant by a missing one; empty if there is none. */
function misspelt(path: string, present: string[]): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const sameFolder = present.filter((other) => Math.abs(other.length - path.length) <= 3).slice(0, 2000)
  const near = present.find((other) => other.endsWith(`/${name}`)) ?? nearestName(path, sameFolder)
  return near === undefined ? '' : ` (did you mean ${JSON.stringify(near)}?)`
}

/** So many of the files that are not there get a suggestion: each is compared with all that are. */
const MAX_SUGGESTED = 100

/** Why a file that the labels name was not found. */
function whyMissing(row: LabelledRow, paths: string[], unread: readonly SkippedFile[], root: string): string {
  const named = `line ${row.line} of the labels names it, but`
  const folder = unread.find(({ path }) => row.path.startsWith(`${path}/`))
  if (folder) return `${named} ${folder.path} cannot be searched: ${folder.reason}`
  if (existsSync(join(root, row.path)))
    return `${named} by its name, it is not an audio file, or it is hidden`
  if (row.path.includes(NOT_UTF8)) return `${named} the name there is not UTF-8`
  return `${named} it is not there${misspelt(row.path, paths)}`
}

/** The files that the rows mean; two rows that mean one file are a fault of the labels. */
async function findFiles(
  { rows }: TableLabels,
  finder: FileFinder,
  complaints: Complaints,
): Promise<{ found: Map<string, LabelledRow>; missing: LabelledRow[] }> {
  const found = new Map<string, LabelledRow>()
  const missing: LabelledRow[] = []
  for (const row of rows.values()) {
    const path = await finder.find(row.path)
    const before = path === undefined ? undefined : found.get(path)
    if (before) complaints.add(row.line, `${JSON.stringify(path)} stands on line ${before.line} already`)
    if (path === undefined) missing.push(row)
    else found.set(path, row)
  }
  complaints.throwIfAny()
  return { found, missing }
}

/**
 * Labels of a table of comma- or tab-separated values, or of JSON lines: `path`, optionally `split` and `group`, then one
 * 0/1 column a tag, one column `label`, or one column `labels` (or `tags`) with names such as `a;b;c`. Paths match in any
 * Unicode form and through links. Files that it names and that are not there, and files that it does not name, are skipped
 * with the reason.
 * @param unread what could not be looked at in the folder
 * @throws DatasetError that lists the faulty lines, or where no named file is there
 */
export async function labelsFromTable(
  table: string,
  paths: string[],
  root: string,
  unread: readonly SkippedFile[] = [],
  signal?: AbortSignal,
): Promise<LabelPlan> {
  const labels = await readRows(table, root, signal)
  const { found, missing } = await findFiles(labels, new FileFinder(paths, root), new Complaints(table))
  const known = new Set(unread.map(({ path }) => path))
  const skipped = missing
    .filter(({ path }) => !known.has(path))
    .map((row, i) => skip(row.path, whyMissing(row, i < MAX_SUGGESTED ? paths : [], unread, root)))
  if (found.size === 0)
    throw new DatasetError({
      what: `none of the files that the labels name is there: ${[...skipped, ...unread]
        .slice(0, 3)
        .map((s) => `${JSON.stringify(s.path)}: ${s.reason}`)
        .join('; ')}`,
      path: table,
      remedy: `Write the paths relative to ${root}`,
    })
  for (const path of paths) if (!found.has(path)) skipped.push(skip(path, 'the labels do not name it'))
  const files = [...found].map(([path, { line: _line, ...row }]) => ({ ...row, path }))
  files.sort((a, b) => byCodeUnit(a.path, b.path))
  const { labelColumn, namesColumn, tags } = labels.header
  const multilabel = labelColumn < 0
  const named = () => [...new Set(files.flatMap((file) => file.labels))].sort(byCodeUnit)
  const classes = namesColumn < 0 ? tags.map(({ name }) => name) : named()
  return {
    task: multilabel ? 'multilabel' : 'multiclass',
    classes: multilabel ? classes : undefined,
    files,
    skipped,
  }
}
