import { labelsFromFolders, withoutLabels } from '../labels.js'
import type { NamedDataset } from './descriptor.js'

export const audio: NamedDataset = {
  name: 'audio',
  about: 'any folder of audio files, searched with its sub-folders',
  tracks: 'any number',
  licence: 'that of the files',
  citation: '',
  homepage: '',
  schemes: ['none', 'folders'],
  folders: [''],
  marks: [''],
  files: () => [],
  bytes: () => 0,
  howToGet: 'Put audio files into this folder',
  list: async (place, scheme) =>
    scheme === 'folders' ? labelsFromFolders(place.audio(), place.root) : withoutLabels(place.audio()),
}
