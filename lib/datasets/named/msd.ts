import { readPickle } from '../../formats/pytorch/pickle-reader.js'
import { PickleDict } from '../../formats/pytorch/values.js'
import type { LabelledFile } from '../tracks.js'
import type { NamedDataset } from './descriptor.js'
import type { Place } from './place.js'
import { pythonStrings, SPLIT_FILES, tabRows, tagsOfVector, unusual } from './tables.js'

const TABLES = 'processed_annotations'
const ID_MAP = `${TABLES}/MSD_id_to_7D_id.pkl`
const LABELS = `${TABLES}/output_labels_msd.txt`

/** A map of a million identifiers; it holds text only. */
const LIMITS = { bytes: 512 << 20, opcodes: 20_000_000 }

const textOf = (value: unknown) =>
  value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)

/** The identifiers of 7digital, by which the audio is named. The pickle is read, never executed. */
async function idsOf7digital(place: Place): Promise<Map<string, string>> {
  const bytes = await place.bytes(ID_MAP)
  const noStorage = () => {
    throw new Error('its pickle holds a tensor')
  }
  try {
    const { value } = await readPickle(bytes, 0, noStorage, LIMITS)
    if (!(value instanceof PickleDict)) throw new Error('its pickle is not a dict')
    return new Map([...value].map(([id, other]) => [textOf(id), textOf(other)]))
  } catch (error) {
    throw unusual(ID_MAP, (error as Error).message)
  }
}

/** Where the audio of an identifier may lie: as it is distributed, or below `preprocessed` as CLMR wants it. */
function pathOf(id: string, place: Place): string {
  const stem = `${id[0]}/${id[1]}/${id}.clip`
  const paths = [`${stem}.mp3`, `preprocessed/${stem}.mp3`, `preprocessed/${stem}.wav`, `${stem}.wav`]
  return paths.find((path) => place.hasAudio(path)) ?? paths[0]!
}

export const msd: NamedDataset = {
  name: 'msd',
  about: 'the Million Song Dataset with the 50 most frequent tags of Last.fm',
  tracks: '241,904 clips',
  licence: 'the audio is not free',
  citation: 'Bertin-Mahieux, Ellis, Whitman, Lamere: The Million Song Dataset. ISMIR 2011',
  homepage: 'http://millionsongdataset.com',
  schemes: ['pons2017'],
  folders: ['million_song_dataset', 'msd', ''],
  marks: [`${TABLES}/index_msd.tsv`, LABELS],
  files: () => [],
  bytes: () => 0,
  howToGet: `Put the tables of jordipons/musicnn-training and MSD_id_to_7D_id.pkl into ${TABLES}/ there, and the clips of 7digital beside it as <1st digit>/<2nd digit>/<id>.clip.mp3`,
  async list(place) {
    const classes = pythonStrings((await place.text(LABELS)).split('\n')[1] ?? '')
    if (classes.length === 0) throw unusual(LABELS, 'its second line has no list of labels')
    const ids = await idsOf7digital(place)
    const known = new Set((await tabRows(place, `${TABLES}/index_msd.tsv`)).map(([id]) => id))
    const files: LabelledFile[] = []
    for (const [split, name] of SPLIT_FILES) {
      const table = `${TABLES}/${name}_gt_msd.tsv`
      for (const [id, vector] of await tabRows(place, table)) {
        const id7d = ids.get(id!)
        if (!known.has(id)) throw unusual(table, `index_msd.tsv has no track ${id}`)
        if (id7d === undefined) throw unusual(table, `MSD_id_to_7D_id.pkl has no track ${id}`)
        files.push({ path: pathOf(id7d, place), labels: tagsOfVector(vector ?? '', classes, table), split })
      }
    }
    return { task: 'multilabel', classes, files, skipped: [] }
  },
}
