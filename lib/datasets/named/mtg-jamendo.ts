import type { LabelledFile } from '../tracks.js'
import type { NamedDataset, PublishedFile } from './descriptor.js'
import { tabRows, unusual } from './tables.js'

const REPOSITORY = 'https://github.com/MTG/mtg-jamendo-dataset/raw/master/data/'
const AUDIO = 'https://cdn.freesound.org/mtg-jamendo/raw_30s/audio-low/'
const HASHES = 'raw_30s_audio-low_sha256_tars.txt'
const TABLES: Record<string, string> = {
  top50: 'autotagging_top50tags',
  genre: 'autotagging_genre',
  instrument: 'autotagging_instrument',
  mood: 'autotagging_moodtheme',
  all: 'autotagging',
}
const SPLITS = [
  ['train', 'train'],
  ['valid', 'validation'],
  ['test', 'test'],
] as const

const tableOf = (scheme: string, split: string) => `splits/split-0/${TABLES[scheme]}-${split}.tsv`

function filesOf(scheme: string): PublishedFile[] {
  const tables = SPLITS.map(([, name]) => tableOf(scheme, name))
  const archives = Array.from(
    { length: 100 },
    (_, i) => `raw_30s_audio-low-${String(i).padStart(2, '0')}.tar`,
  )
  return [
    ...tables.map((name) => ({ url: `${REPOSITORY}${name}`, name })),
    { url: `${REPOSITORY}download/${HASHES}`, name: HASHES },
    ...archives.map((name) => ({ url: `${AUDIO}${name}`, hashesIn: HASHES, unpack: true })),
  ]
}

export const mtgJamendo: NamedDataset = {
  name: 'mtg-jamendo',
  about: 'whole tracks of Jamendo with tags of genre, instrument, mood and theme (split 0)',
  tracks: '55,525',
  licence: 'CC BY-NC-SA 4.0 (tables); each track has its own Creative Commons licence',
  citation:
    'Bogdanov, Won, Tovstogan, Porter, Serra: The MTG-Jamendo dataset for automatic music tagging. ICML workshop ML4MD 2019',
  homepage: 'https://mtg.github.io/mtg-jamendo-dataset',
  schemes: ['top50', 'genre', 'instrument', 'mood', 'all'],
  folders: ['mtg-jamendo', 'mtg-jamendo-dataset', ''],
  marks: Object.keys(TABLES).flatMap((scheme) =>
    ['', 'data/'].map((folder) => `${folder}${tableOf(scheme, 'train')}`),
  ),
  files: filesOf,
  bytes: () => 156e9,
  async list(place, scheme) {
    const files: LabelledFile[] = []
    for (const [split, name] of SPLITS) {
      const inRepository = `data/${tableOf(scheme, name)}`
      const table = (await place.has(inRepository)) ? inRepository : tableOf(scheme, name)
      const [header, ...rows] = await tabRows(place, table)
      if (header?.join() !== 'TRACK_ID,ARTIST_ID,ALBUM_ID,PATH,DURATION,TAGS')
        throw unusual(table, 'its header is another')
      for (const [, artist, , path, , ...tags] of rows) {
        const low = path!.replace(/\.mp3$/, '.low.mp3')
        const labels = scheme === 'all' ? tags : tags.map((tag) => withoutCategory(tag, scheme))
        files.push({ path: place.hasAudio(path!) ? path! : low, labels, split, group: artist })
      }
    }
    return { task: 'multilabel', files, skipped: [] }
  },
}

/** `genre---rock` → `rock`, where all tags are of one category. */
const withoutCategory = (tag: string, scheme: string) =>
  scheme === 'top50' ? tag : tag.replace(/^.*---/, '')
