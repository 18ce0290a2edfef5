import { type CsvRow, CsvSyntaxError, csvRows } from '../csv.js'
import type { LabelledFile, Split } from '../tracks.js'
import type { NamedDataset } from './descriptor.js'
import type { Place } from './place.js'
import { numbersIn, unusual } from './tables.js'

const SITE = 'https://os.unil.cloud.switch.ch/fma/'
/** SHA-1 as in mdeff/fma. */
const ARCHIVES: Record<string, { bytes: number; sha1: string }> = {
  fma_metadata: { bytes: 3.6e8, sha1: 'f0df49ffe5f2a6008d7dc83c6915b31835dfe733' },
  fma_small: { bytes: 7.7e9, sha1: 'ade154f733639d52e35e32f5593efe5be76c6d70' },
  fma_medium: { bytes: 24e9, sha1: 'c67b69ea232021025fca9231fc1c7c1a063ab50b' },
  fma_large: { bytes: 100e9, sha1: '497109f4dd721066b5ce5e5f250ec604dc78939e' },
}
const TABLE = 'fma_metadata/tracks.csv'
const GENRES = 'fma_metadata/genres.csv'
const SPLITS: Record<string, Split> = { training: 'train', validation: 'valid', test: 'test' }
const SIZES = ['small', 'medium', 'large']
/** Biographies are long. */
const MAX_FIELD = 1 << 20

function* rowsOf(text: string, path: string): Generator<CsvRow> {
  try {
    yield* csvRows(text, { maxField: MAX_FIELD })
  } catch (error) {
    throw error instanceof CsvSyntaxError ? unusual(path, `line ${error.line}: ${error.message}`) : error
  }
}

/** The columns by both rows of the header; the third names the index, `track_id`. */
function columnsOf(rows: Generator<CsvRow>): (group: string, name: string) => number {
  const [groups, names, index] = [rows.next().value, rows.next().value, rows.next().value] as CsvRow[]
  if (index?.fields[0] !== 'track_id') throw unusual(TABLE, 'its header does not have three rows')
  return (group, name) => {
    const column = groups!.fields.findIndex((field, i) => field === group && names!.fields[i] === name)
    if (column < 0) throw unusual(TABLE, `it has no column ${group}, ${name}`)
    return column
  }
}

/** Genres by their number; a title that two have gets its number. */
async function genreTitles(place: Place): Promise<Map<number, string>> {
  const [header, ...rows] = [...rowsOf(await place.text(GENRES), GENRES)]
  const [id, title] = ['genre_id', 'title'].map((name) => header?.fields.indexOf(name) ?? -1)
  if (id! < 0 || title! < 0) throw unusual(GENRES, 'it has no columns genre_id and title')
  const named = rows.map(({ fields }) => ({ id: Number(fields[id!]), title: fields[title!]! }))
  const count = (name: string) => named.filter((genre) => genre.title === name).length
  return new Map(
    named.map((genre) => [genre.id, count(genre.title) > 1 ? `${genre.title} (${genre.id})` : genre.title]),
  )
}

export const fma: NamedDataset = {
  name: 'fma',
  about:
    'the Free Music Archive in clips of 30 s: small and medium with one genre each, large with all genres',
  tracks: '8,000 (small), 25,000 (medium) or 106,574 (large)',
  licence: 'CC BY 4.0 (tables); each track has its own Creative Commons licence',
  citation: 'Defferrard, Benzi, Vandergheynst, Bresson: FMA: A dataset for music analysis. ISMIR 2017',
  homepage: 'https://github.com/mdeff/fma',
  schemes: ['small', 'medium', 'large'],
  folders: ['fma', ''],
  marks: ['fma_metadata', 'fma_metadata.zip'],
  files: (scheme) =>
    ['fma_metadata', `fma_${scheme}`].map((name) => ({
      url: `${SITE}${name}.zip`,
      hash: { algorithm: 'sha1', hex: ARCHIVES[name]!.sha1 },
    })),
  bytes: (scheme) => ARCHIVES.fma_metadata!.bytes + ARCHIVES[`fma_${scheme}`]!.bytes,
  archives: (scheme) => [['fma_metadata.zip'], [`fma_${scheme}.zip`]],
  async list(place, scheme) {
    const rows = rowsOf(await place.text(TABLE), TABLE)
    const column = columnsOf(rows)
    const [split, subset, top] = [
      column('set', 'split'),
      column('set', 'subset'),
      column('track', 'genre_top'),
    ]
    const [all, artist] = [column('track', 'genres_all'), column('artist', 'id')]
    const titles = scheme === 'large' ? await genreTitles(place) : undefined
    const sizes = SIZES.slice(0, SIZES.indexOf(scheme) + 1)
    const files: LabelledFile[] = []
    for (const { fields } of rows) {
      if (!sizes.includes(fields[subset]!)) continue
      const name = fields[0]!.padStart(6, '0')
      files.push({
        path: `fma_${scheme}/${name.slice(0, 3)}/${name}.mp3`,
        labels: titles
          ? numbersIn(fields[all]!).map((id) => titles.get(id) ?? `genre ${id}`)
          : [fields[top]!],
        split: SPLITS[fields[split]!],
        group: fields[artist]!,
      })
    }
    return { task: titles ? 'multilabel' : 'multiclass', files, skipped: [] }
  },
}
