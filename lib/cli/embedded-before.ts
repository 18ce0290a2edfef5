/**
 * What an earlier `clmr embed` left in the table that is to be written: files that have not changed since need not be
 * embedded again. That the table is of the same model and the same options is not believed but tried, on a few files.
 */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { IoError } from '../errors.js'
import type { EmbeddingRow } from '../formats/embedding-row.js'
import { type RowName, readEmbeddings, readRowNames } from '../formats/read-embeddings.js'

/** Embeddings of the same file differ by less, relative to the largest number, from one device to another. */
const SAME = 1e-4

/** Embeds one file now. */
export type EmbedFile = (path: string) => Promise<EmbeddingRow[]>

/** The rows of some files of a table, in the order of the table. */
export class EarlierRows {
  private readonly rows: AsyncGenerator<EmbeddingRow>
  private next: IteratorResult<EmbeddingRow, unknown> | undefined

  constructor(
    private readonly table: string,
    readonly files: ReadonlySet<string>,
  ) {
    this.rows = readEmbeddings(table)
  }

  /** The rows of one of the files. Each is asked for once, in the order of the table. */
  async *of(path: string): AsyncGenerator<EmbeddingRow> {
    this.next ??= await this.read()
    while (!this.next.done && this.next.value.path !== path) this.next = await this.read()
    while (!this.next.done && this.next.value.path === path) {
      yield this.next.value
      this.next = await this.read()
    }
  }

  private read(): Promise<IteratorResult<EmbeddingRow, unknown>> {
    return this.rows.next().catch((cause) => {
      throw new IoError({
        what: 'the table that is here already is damaged',
        path: this.table,
        remedy: 'Delete it and run the command again',
        cause,
      })
    })
  }

  async close(): Promise<void> {
    await this.rows.return(undefined)
  }
}

/** A file is as it was if nothing of it, its name included, was changed since the table was begun. */
async function isUnchanged(path: string, since: number): Promise<Stats | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found && Math.max(found.mtimeMs, found.ctimeMs) < since ? found : undefined
}

/** Of the files, those whose rows stand in the table in the same order. */
function inOrder(paths: readonly string[], names: readonly RowName[]): string[] {
  const placeOf = new Map<string, number>()
  for (const [i, { path }] of names.entries()) if (!placeOf.has(path)) placeOf.set(path, i)
  let last = -1
  return paths.filter((path) => {
    const place = placeOf.get(path) ?? -1
    if (place <= last) return false
    last = place
    return true
  })
}

function isSame(a: EmbeddingRow, b: EmbeddingRow | undefined): boolean {
  if (!b || a.time !== b.time || a.embedding.length !== b.embedding.length) return false
  const scale = a.embedding.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return a.embedding.every((value, i) => Math.abs(value - b.embedding[i]!) <= SAME * scale)
}

/** The first, the last and the largest file: the largest is the one that has most windows, if any has several. */
function samples(files: readonly { path: string; size: number }[]): string[] {
  const largest = files.reduce((most, file) => (file.size > most.size ? file : most))
  const chosen = new Set([files[0]!.path, largest.path, files.at(-1)!.path])
  return files.map(({ path }) => path).filter((path) => chosen.has(path))
}

async function agrees(table: string, paths: readonly string[], embed: EmbedFile): Promise<boolean> {
  const earlier = new EarlierRows(table, new Set(paths))
  try {
    for (const path of paths) {
      const before: EmbeddingRow[] = []
      for await (const row of earlier.of(path)) before.push(row)
      const now = await embed(path)
      if (now.length !== before.length || !now.every((row, i) => isSame(row, before[i]))) return false
    }
    return true
  } finally {
    await earlier.close()
  }
}

/**
 * @param table where the embeddings go
 * @param paths all files, in their order
 * @param perWindow whether rows have times
 * @returns undefined if there is nothing to be kept; `other` where the table is of another model or other options
 */
export async function embeddedBefore(
  table: string,
  paths: readonly string[],
  perWindow: boolean,
  embed: EmbedFile,
): Promise<EarlierRows | 'other' | undefined> {
  const written = await stat(table).catch(() => undefined)
  if (!written?.isFile()) return undefined
  const names = await readRowNames(table).catch(() => [])
  if (names.length === 0) return undefined
  const since = Math.min(written.birthtimeMs || written.mtimeMs, written.mtimeMs)
  const files: { path: string; size: number }[] = []
  for (const path of inOrder(paths, names)) {
    const found = await isUnchanged(path, since)
    if (found) files.push({ path, size: found.size })
  }
  if (files.length === 0) return undefined
  const fits = names.every(({ time }) => (time !== undefined) === perWindow)
  if (!fits || !(await agrees(table, samples(files), embed))) return 'other'
  return new EarlierRows(table, new Set(files.map(({ path }) => path)))
}
