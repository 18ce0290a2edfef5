/** Published data sets in small: the real layouts, with short tones in place of the music. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { zipSync } from 'fflate'
import { concat, dict, pickle, text } from './pickles.js'
import { tone, wav } from './wav.js'

export type Files = Record<string, Uint8Array | string>

let made = 0
/** A tenth of a second, each of another pitch. */
export const sound = (): Uint8Array => wav({ frames: 2205, value: tone(22050, 200 + 7 * made++) })

export async function write(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

export const zip = (files: Files, level: 0 | 6 = 6) =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [name, Buffer.from(content as string)]),
    ),
    { level },
  )

/** `[0, 1, …]` with ones at these places, as Python writes it. */
export const vector = (...ones: number[]) =>
  `[${Array.from({ length: 50 }, (_, i) => (ones.includes(i) ? 1 : 0)).join(', ')}]`

function npyHeader(descr: string, shape: string): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`
  const padded = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11, ' ')
  const head = Buffer.alloc(10 + padded.length + 1)
  head.write('\x93NUMPY\x01\x00', 'latin1')
  head.writeUInt16LE(padded.length + 1, 8)
  head.write(`${padded}\n`, 10, 'latin1')
  return head
}

/** As numpy.save of an array of str. */
export function npyOfText(values: readonly string[]): Uint8Array {
  const width = Math.max(...values.map((value) => value.length))
  const body = Buffer.alloc(4 * width * values.length)
  for (const [i, value] of values.entries())
    for (const [k, letter] of [...value].entries())
      body.writeUInt32LE(letter.codePointAt(0)!, 4 * (i * width + k))
  return Buffer.concat([npyHeader(`<U${width}`, `${values.length},`), body])
}

/** As numpy.save of a matrix of int64. */
export function npyOfRows(rows: readonly (readonly number[])[]): Uint8Array {
  const body = Buffer.from(BigInt64Array.from(rows.flat().map(BigInt)).buffer)
  return Buffer.concat([npyHeader('<i8', `${rows.length}, ${rows[0]!.length}`), body])
}

export const EMPTY_CLIP = '6/norine_braun-now_and_zen-08-gently-117-146.mp3'
const CLIPS = ['f/one-01-a-0-29.mp3', 'f/one-01-a-30-59.mp3', '2/two-02-b-0-29.mp3', '3/three-03-c-0-29.mp3']

/** The zip of the clips in three parts, and the tables of both splits: clip 9 has no audio that is usable. */
export function magnatagatune(): Files {
  const clips: Files = Object.fromEntries(CLIPS.map((path) => [path, sound()]))
  const whole = zip({ ...clips, [EMPTY_CLIP]: '' })
  const cuts = [0, Math.floor(whole.length / 3), Math.floor((whole.length * 2) / 3), whole.length]
  const parts = [1, 2, 3].map((n) => [`mp3.zip.00${n}`, whole.slice(cuts[n - 1], cuts[n])])
  const row = (...ones: number[]) => Array.from({ length: 50 }, (_, i) => (ones.includes(i) ? 1 : 0))
  return {
    ...Object.fromEntries(parts),
    'annotations_final.csv': 'clip_id\n',
    'index_mtt.tsv': [...CLIPS, EMPTY_CLIP].map((path, i) => `${i + 5}\t${path}\n`).join(''),
    'train_gt_mtt.tsv': `5\t${vector(0, 9)}\n6\t${vector(49)}\n9\t${vector(3)}\n`,
    'val_gt_mtt.tsv': `7\t${vector(1)}\n`,
    'test_gt_mtt.tsv': `8\t${vector()}`,
    'tags.npy': npyOfText(Array.from({ length: 50 }, (_, i) => `tag ${i}`)),
    'binary.npy': npyOfRows([row(4), row(5), row(6, 49)]),
    'train.npy': npyOfText([`2\t${CLIPS[0]}`]),
    'valid.npy': npyOfText([`0\t${CLIPS[1]}`]),
    'test.npy': npyOfText([`1\t${CLIPS[2]}`]),
  }
}

export function msd(): Files {
  const ids = ['TRAAA', 'TRBBB', 'TRCCC']
  const id7d = ['123', '456', '789']
  const pairs = ids.map((id, i): [Uint8Array, Uint8Array] => [text(id), text(id7d[i]!)])
  const tags = Array.from({ length: 50 }, (_, i) => (i === 7 ? '00s' : `tag ${i}`))
  return {
    'processed_annotations/index_msd.tsv': ids.map((id) => `${id}\tsome/where/${id}.mp3\n`).join(''),
    'processed_annotations/train_gt_msd.tsv': `TRAAA\t${vector(7)}\n`,
    'processed_annotations/val_gt_msd.tsv': `TRBBB\t${vector(0, 49)}\n`,
    'processed_annotations/test_gt_msd.tsv': `TRCCC\t${vector(1)}\n`,
    'processed_annotations/output_labels_msd.txt': `# Output labels\nMSD_LABELS = [${tags.map((tag) => `'${tag}'`)}]\n`,
    'processed_annotations/MSD_id_to_7D_id.pkl': pickle(dict(...pairs)),
    '1/2/123.clip.mp3': sound(),
    'preprocessed/4/5/456.clip.wav': sound(),
  }
}

export function fma(): Files {
  const header = [
    ',album,album,artist,set,set,track,track,track',
    ',comments,information,id,split,subset,genre_top,genres,genres_all',
    'track_id,,,,,,,,',
  ]
  const long = `"${'a long story, '.repeat(6000)}"`
  const rows = [
    `2,0,${long},1,training,small,Hip-Hop,[21],[21]`,
    '5,0,,1,validation,small,Rock,"[12, 58]","[58, 12]"',
    '10,0,,2,test,medium,Rock,[12],[12]',
    '20,0,,3,training,large,,[58],"[58, 12]"',
    '140,0,,3,training,,,[],[]',
  ]
  const genres =
    'genre_id,#tracks,parent,title,top_level\n12,3,0,Rock,12\n21,1,0,Hip-Hop,21\n58,2,12,Rock,12\n'
  const audio = (size: string, ...ids: number[]) =>
    ids.map((id): [string, Uint8Array] => {
      const name = String(id).padStart(6, '0')
      return [`fma_${size}/${name.slice(0, 3)}/${name}.mp3`, sound()]
    })
  return {
    'fma_metadata.zip': zip({
      'fma_metadata/tracks.csv': [...header, ...rows, ''].join('\n'),
      'fma_metadata/genres.csv': genres,
    }),
    'fma_small.zip': zip(Object.fromEntries(audio('small', 2, 5)), 0),
    ...Object.fromEntries(audio('medium', 2, 5, 10)),
    ...Object.fromEntries(audio('large', 2, 5, 10, 20)),
  }
}

export function mtgJamendo(): Files {
  const head = 'TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\r\n'
  const row = (id: number, artist: number, ...tags: string[]) =>
    `track_${id}\tartist_${artist}\talbum_1\t${id % 100}/${id}.mp3\t300.1\t${tags.join('\t')}\r\n`
  const table = (name: string, split: string) => `data/splits/split-0/autotagging_${name}-${split}.tsv`
  return {
    [table('genre', 'train')]: head + row(241, 5, 'genre---rock', 'genre---pop'),
    [table('genre', 'validation')]: head + row(342, 6, 'genre---pop'),
    [table('genre', 'test')]: head + row(443, 7, 'genre---rock'),
    [table('moodtheme', 'train')]: head + row(241, 5, 'mood/theme---calm'),
    [table('moodtheme', 'validation')]: head + row(342, 6, 'mood/theme---calm'),
    [table('moodtheme', 'test')]: head + row(443, 7, 'mood/theme---sad'),
    '41/241.mp3': sound(),
    '42/342.low.mp3': sound(),
    '43/443.mp3': sound(),
  }
}

export function nsynth(): Files {
  const files: Files = {}
  for (const split of ['train', 'valid', 'test']) {
    const notes = Object.fromEntries(
      ['bass_synthetic_033-022-050', 'guitar_acoustic_000-060-025'].map((name, i) => [
        `${name}-${split}`,
        {
          note_str: `${name}-${split}`,
          instrument_family_str: name.split('_')[0],
          instrument_source_str: name.split('_')[1],
          pitch: [22, 60][i],
          qualities: [0, 1],
        },
      ]),
    )
    files[`nsynth-${split}/examples.json`] = JSON.stringify(notes)
    for (const name of Object.keys(notes)) files[`nsynth-${split}/audio/${name}.wav`] = sound()
  }
  return files
}

/** @param stems such as `blues/blues.00000` */
export const gtzan = (...stems: string[]): Files =>
  Object.fromEntries(stems.map((stem) => [`genres/${stem}.wav`, sound()]))

export function librispeech(): Files {
  const files: Files = { 'LibriSpeech/SPEAKERS.TXT': '; speakers' }
  for (const speaker of ['103', '1034'])
    for (let i = 0; i < 6; i++) {
      const chapter = `12${i % 2}`
      const folder = `LibriSpeech/train-clean-100/${speaker}/${chapter}`
      files[`${folder}/${speaker}-${chapter}-000${i}.flac`] = sound()
      files[`${folder}/${speaker}-${chapter}.trans.txt`] = 'words'
    }
  return files
}

/** A tar archive (ustar) with files and, to be refused, a member with another type and a path that leads out. */
export function tar(
  files: Files,
  extra: readonly { name: string; type: string; link?: string }[] = [],
): Uint8Array {
  const header = (name: string, size: number, type = '0', link = '') => {
    const block = Buffer.alloc(512)
    block.write(name, 0)
    block.write('0000644\0', 100)
    block.write('0000000\0', 108)
    block.write('0000000\0', 116)
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
    block.write('00000000000\0', 136)
    block.write('        ', 148)
    block.write(type, 156)
    block.write(link, 157)
    block.write('ustar\x0000', 257, 'latin1')
    const sum = block.reduce((total, byte) => total + byte, 0)
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return block
  }
  const parts: Uint8Array[] = []
  for (const { name, type, link } of extra) parts.push(header(name, 0, type, link))
  for (const [name, content] of Object.entries(files)) {
    const body = Buffer.from(content as string)
    parts.push(header(name, body.length), body, Buffer.alloc((512 - (body.length % 512)) % 512))
  }
  return concat(...parts, new Uint8Array(1024))
}
