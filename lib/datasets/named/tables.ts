/** What the tables of published data sets have in common. */
import { DatasetError } from '../../errors.js'
import type { LabelledFile, SkippedFile, Split } from '../tracks.js'
import type { Place } from './place.js'

export function unusual(path: string, what: string): DatasetError {
  return new DatasetError({
    what: `this is not the published file: ${what}`,
    path,
    remedy: 'Remove it and download it again',
  })
}

/** The lines of a tab-separated file, with or without the carriage return, empty ones left out. */
export async function tabRows(place: Place, path: string): Promise<string[][]> {
  const lines = (await place.text(path)).split(/\r?\n/)
  return lines.filter((line) => line !== '').map((line) => line.split('\t'))
}

const VECTOR = /^\[\s*(?:[01](?:\.0*)?\s*(?:,\s*|(?=\])))*\]$/

/** `[0, 1, 0]`, as Python writes a list → the names of the tags that are set. */
export function tagsOfVector(text: string, tags: readonly string[], path: string): string[] {
  if (!VECTOR.test(text.trim()))
    throw unusual(path, `${JSON.stringify(text.slice(0, 60))} is not a list of 0 and 1`)
  const values = text.match(/[01](?:\.0*)?/g) ?? []
  if (values.length !== tags.length)
    throw unusual(path, `a track has ${values.length} labels instead of ${tags.length}`)
  return tags.filter((_, i) => values[i]!.startsWith('1'))
}

/** A Python list of quoted strings → the strings. */
export function pythonStrings(text: string): string[] {
  const quoted = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g
  return [...text.matchAll(quoted)].map(([, a, b]) => (a ?? b!).replace(/\\(.)/g, '$1'))
}

/** The fields of a list in Python or JSON notation that holds whole numbers only: `[21, 10]` → 21, 10 */
export const numbersIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number)

/** Files of each split, under the name that the data set gives it. */
export const SPLIT_FILES: readonly (readonly [Split, string])[] = [
  ['train', 'train'],
  ['valid', 'val'],
  ['test', 'test'],
]

/** Takes files out that are known to be unusable in what was published. */
export function withoutBroken(
  files: readonly LabelledFile[],
  broken: Readonly<Record<string, string>>,
): { files: LabelledFile[]; skipped: SkippedFile[] } {
  const isBroken = ({ path }: LabelledFile) => Object.hasOwn(broken, path)
  return {
    files: files.filter((file) => !isBroken(file)),
    skipped: files.filter(isBroken).map(({ path }) => ({ path, code: 'ERR_DATASET', reason: broken[path]! })),
  }
}
