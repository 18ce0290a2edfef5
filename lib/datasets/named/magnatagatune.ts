import { type NpyArray, readNpy } from '../../formats/npy-reader.js'
import { type LabelledFile, SPLITS } from '../tracks.js'
import type { NamedDataset, PublishedFile } from './descriptor.js'
import type { Place } from './place.js'
import { SPLIT_FILES, tabRows, tagsOfVector, unusual, withoutBroken } from './tables.js'

/** The 50 most frequent tags in the order of the label vectors of `pons2017` (jordipons/musicnn-training, MTT_LABELS). */
const TAGS = [
  ...['guitar', 'classical', 'slow', 'techno', 'strings', 'drums', 'electronic', 'rock', 'fast', 'piano'],
  ...['ambient', 'beat', 'violin', 'vocal', 'synth', 'female', 'indian', 'opera', 'male', 'singing'],
  ...[
    'vocals',
    'no vocals',
    'harpsichord',
    'loud',
    'quiet',
    'flute',
    'woman',
    'male vocal',
    'no vocal',
    'pop',
  ],
  ...['soft', 'sitar', 'solo', 'man', 'classic', 'choir', 'voice', 'new age', 'dance', 'male voice'],
  ...[
    'female vocal',
    'beats',
    'harp',
    'cello',
    'no voice',
    'weird',
    'country',
    'metal',
    'female voice',
    'choral',
  ],
]

const EMPTY = 'the file is empty in what was published'
const BROKEN: Record<string, string> = {
  '6/norine_braun-now_and_zen-08-gently-117-146.mp3': EMPTY,
  '8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233.mp3': EMPTY,
  '9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_xiveme_ordre_couperin-88-117.mp3':
    EMPTY,
}

const PARTS = ['mp3.zip.001', 'mp3.zip.002', 'mp3.zip.003']
const CITY = 'http://mi.soi.city.ac.uk/datasets/magnatagatune/'
const MINZWON = 'https://github.com/minzwon/sota-music-tagging-models/raw/master/split/mtat/'
const PONS = 'https://github.com/jordipons/musicnn-training/raw/master/data/index/mtt/'
const FILES: PublishedFile[] = [
  ...[...PARTS, 'annotations_final.csv'].map((name) => `${CITY}${name}`),
  ...['binary', 'tags', 'test', 'train', 'valid'].map((name) => `${MINZWON}${name}.npy`),
  ...['train_gt_mtt', 'val_gt_mtt', 'test_gt_mtt', 'index_mtt'].map((name) => `${PONS}${name}.tsv`),
].map((url) => ({ url }))

async function pons2017(place: Place): Promise<LabelledFile[]> {
  const paths = new Map<string, string>()
  for (const [id, path] of await tabRows(place, 'index_mtt.tsv')) paths.set(id!, path!)
  const files: LabelledFile[] = []
  for (const [split, name] of SPLIT_FILES) {
    const table = `${name}_gt_mtt.tsv`
    for (const [id, vector] of await tabRows(place, table)) {
      const path = paths.get(id!)
      if (path === undefined) throw unusual(table, `index_mtt.tsv has no clip ${id}`)
      files.push({ path, labels: tagsOfVector(vector ?? '', TAGS, table), split })
    }
  }
  return files
}

async function npy(place: Place, name: string): Promise<NpyArray> {
  const bytes = await place.bytes(name)
  try {
    return readNpy(bytes)
  } catch (error) {
    throw unusual(name, (error as Error).message)
  }
}

async function minzwon(place: Place): Promise<{ files: LabelledFile[]; tags: string[] }> {
  const [binary, names] = [await npy(place, 'binary.npy'), await npy(place, 'tags.npy')]
  const tags = names.values.map(String)
  const [rows = 0, columns = 0] = binary.shape
  if (columns !== tags.length)
    throw unusual('binary.npy', `it has ${columns} columns for ${tags.length} tags`)
  const files: LabelledFile[] = []
  for (const split of SPLITS)
    for (const entry of (await npy(place, `${split}.npy`)).values.map(String)) {
      const [index, path] = entry.split('\t')
      const row = Number(index)
      if (path === undefined || !(row >= 0 && row < rows))
        throw unusual(`${split}.npy`, `${JSON.stringify(entry.slice(0, 80))} names no row of binary.npy`)
      files.push({ path, labels: tags.filter((_, i) => binary.values[row * columns + i] === 1), split })
    }
  return { files, tags }
}

export const magnatagatune: NamedDataset = {
  name: 'magnatagatune',
  about: 'music of Magnatune in clips of 29 s with 50 tags, the measure of most work on music tagging',
  tracks: '25,863 clips',
  licence: 'CC BY-NC-SA 1.0',
  citation:
    'Law, West, Mandel, Bay, Downie: Evaluation of algorithms using games: the case of music tagging. ISMIR 2009',
  homepage: 'https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset',
  schemes: ['pons2017', 'minzwon'],
  folders: ['magnatagatune', ''],
  marks: ['index_mtt.tsv', 'binary.npy', PARTS[0]!],
  files: () => FILES,
  bytes: () => 3e9,
  archives: () => [PARTS],
  async list(place, scheme) {
    const { files, tags } =
      scheme === 'minzwon' ? await minzwon(place) : { files: await pons2017(place), tags: TAGS }
    const known = files.map((file) => ({ ...file, path: file.path.replace(/\.npy$/, '.mp3') }))
    return { task: 'multilabel', classes: tags, ...withoutBroken(known, BROKEN) }
  },
}
