import type { LabelledFile, Split } from '../tracks.js'
import type { NamedDataset } from './descriptor.js'
import { withoutBroken } from './tables.js'

/**
 * The fault-filtered split of Kereliuk, Sturm and Larsen (2015), as in jordipons/sklearn-audio-transfer-learning and
 * torchaudio: no artist is in two splits, copies and distorted files are left out. Numbers of files, ranges with both ends.
 */
const FILTERED: Record<string, Record<Split, string>> = {
  blues: { train: '29-49 73-97', valid: '0-11 50-60', test: '12-28 61-72 98-99' },
  classical: { train: '30-33 43-48 50-67 80-99', valid: '0-10 68-76', test: '11-29 34-41 49 77-79' },
  country: {
    train: '19-26 28-29 65-99',
    valid: '0-7 9-18 27 41-42 45 49',
    test: '30-40 43-44 46-48 50-51 53-64',
  },
  disco: {
    train: '5 15-20 22-37 39-45 47 49 53-54 56-57 59 61 70 73-74 89',
    valid: '0 2-4 6-14 46 48 52 67-68 72 75 90 95',
    test: '1 21 58 62-66 69 76-88 91-94 96-97 99',
  },
  hiphop: {
    train: '2-25 28-29 31-38 41-42 55-61 77-80',
    valid: '81-98',
    test: '0 26-27 30 40 43-45 51-54 62-75 99',
  },
  jazz: { train: '0-1 11-24 41 47-72', valid: '2-10 25-32', test: '73-99' },
  metal: {
    train: '2-3 5 21 24 35 46-57 59-66 69 71-72 79-80 84 86 89-99',
    valid: '0-1 6-11 16-20 36-37 68 76-77 81-82',
    test: '12-15 22-23 25-33 38-39 67 70 73-75 78 83 85 87-88',
  },
  pop: {
    train: '2-9 11-12 16-20 23-29 31-36 38-42 44 46 49-50 80 97-99',
    valid: '10 53 55 58-62 81 83-86',
    test: '0-1 13-14 43 63-66 69-79 82 88-96',
  },
  reggae: {
    train: '0-2 4 6 9 11-12 14-32 42-45 49-51 54-60 63 69',
    valid: '61-62 70 72 74 76-78 85 92-99',
    test: '34-40 46-48 52-53 64-68 71 79 82-84 87-90',
  },
  rock: { train: '0-9 16-26 57-70 91-99', valid: '38 49-56 71-85', test: '10-15 27-37 39-48 86-90' },
}

const BROKEN_STEM = 'jazz/jazz.00054'

function* numbersIn(ranges: string): Generator<number> {
  for (const range of ranges.split(' ')) {
    const [first, last = first] = range.split('-').map(Number)
    for (let number = first!; number <= last!; number++) yield number
  }
}

export const gtzan: NamedDataset = {
  name: 'gtzan',
  about: 'ten genres in clips of 30 s, in the split without its known faults',
  tracks: '930 of 1,000 clips',
  licence: 'none is stated',
  citation: 'Tzanetakis, Cook: Musical genre classification of audio signals. IEEE TSAP 10(5), 2002',
  homepage: 'http://marsyas.info/downloads/datasets.html',
  schemes: ['filtered'],
  folders: ['gtzan', ''],
  marks: ['genres', 'genres_original'],
  files: () => [
    {
      url: 'http://opihi.cs.uvic.ca/sound/genres.tar.gz',
      hash: { algorithm: 'sha256', hex: '24347e0223d2ba798e0a558c4c172d9d4a19c00bb7963fe055d183dadb4ef2c6' },
      unpack: true,
    },
  ],
  bytes: () => 1.3e9,
  async list(place) {
    // the clips go about as .au, .wav and .mp3
    const stems = new Map(place.audio().map((path) => [path.replace(/\.\w+$/, ''), path]))
    const folder = [...stems.keys()].some((stem) => stem.startsWith('genres_original/'))
      ? 'genres_original'
      : 'genres'
    const files: LabelledFile[] = []
    for (const [genre, splits] of Object.entries(FILTERED))
      for (const [split, ranges] of Object.entries(splits) as [Split, string][])
        for (const number of numbersIn(ranges)) {
          const stem = `${folder}/${genre}/${genre}.${String(number).padStart(5, '0')}`
          files.push({ path: stems.get(stem) ?? `${stem}.wav`, labels: [genre], split })
        }
    const broken = files.find(({ path }) => path.includes(BROKEN_STEM))!.path
    const reason = 'the file is damaged in what was published'
    return { task: 'multiclass', ...withoutBroken(files, { [broken]: reason }) }
  },
}
