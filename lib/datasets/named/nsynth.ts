import { type LabelledFile, SPLITS, type Split } from '../tracks.js'
import type { NamedDataset } from './descriptor.js'
import type { Place } from './place.js'
import { unusual } from './tables.js'

interface Note {
  instrument_family_str: string
  instrument_source_str: string
  pitch: number
}

const LABELS: Record<string, (note: Note) => string> = {
  instrument: (note) => note.instrument_family_str,
  pitch: (note) => String(note.pitch),
  source: (note) => note.instrument_source_str,
}

const tableOf = (split: Split) => `nsynth-${split}/examples.json`

/** The small ones serve alone too. */
async function presentSplits(place: Place): Promise<readonly Split[]> {
  const there = await Promise.all(SPLITS.map((split) => place.has(tableOf(split))))
  return there.some(Boolean) ? SPLITS.filter((_, i) => there[i]) : SPLITS
}

async function notesOf(place: Place, path: string): Promise<[string, Note][]> {
  try {
    return Object.entries(JSON.parse(await place.text(path)) as Record<string, Note>)
  } catch (error) {
    if (error instanceof SyntaxError) throw unusual(path, error.message)
    throw error
  }
}

export const nsynth: NamedDataset = {
  name: 'nsynth',
  about: 'single notes of 4 s with the family of the instrument, the pitch, or the source as label',
  tracks: '305,979 notes',
  licence: 'CC BY 4.0',
  citation: 'Engel et al.: Neural audio synthesis of musical notes with WaveNet autoencoders. ICML 2017',
  homepage: 'https://magenta.tensorflow.org/datasets/nsynth',
  schemes: ['instrument', 'pitch', 'source'],
  folders: ['nsynth', ''],
  marks: SPLITS.map((split) => `nsynth-${split}`),
  files: () =>
    SPLITS.map((split) => ({
      url: `http://download.magenta.tensorflow.org/datasets/nsynth/nsynth-${split}.jsonwav.tar.gz`,
      unpack: true,
    })),
  bytes: () => 24e9,
  async list(place, scheme) {
    const labelOf = LABELS[scheme]!
    const files: LabelledFile[] = []
    for (const split of await presentSplits(place)) {
      const table = tableOf(split)
      for (const [name, note] of await notesOf(place, table)) {
        const label = labelOf(note)
        if (label === undefined || label === 'undefined') throw unusual(table, `${name} has no ${scheme}`)
        files.push({ path: `nsynth-${split}/audio/${name}.wav`, labels: [label], split })
      }
    }
    return { task: 'multiclass', files, skipped: [] }
  },
}
