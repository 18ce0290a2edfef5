import type { NamedDataset } from './descriptor.js'

/** SHA-256 of the archives, as torchaudio gives them. */
const SETS: Record<string, { bytes: number; sha256: string }> = {
  'train-clean-100': {
    bytes: 6.4e9,
    sha256: 'd4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2',
  },
  'train-clean-360': {
    bytes: 23e9,
    sha256: '146a56496217e96c14334a160df97fffedd6e0a04e66b9c5af0d40be3c792ecf',
  },
  'train-other-500': {
    bytes: 31e9,
    sha256: 'ddb22f27f96ec163645d53215559df6aa36515f26e01dd70798188350adcb6d2',
  },
  'dev-clean': { bytes: 3.4e8, sha256: '76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3' },
  'dev-other': { bytes: 3.2e8, sha256: '12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365' },
  'test-clean': { bytes: 3.5e8, sha256: '39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23' },
  'test-other': { bytes: 3.3e8, sha256: 'd09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29' },
}

const ARCHIVED = 'LibriSpeech/'

export const librispeech: NamedDataset = {
  name: 'librispeech',
  about: 'read English speech with the speaker as label',
  tracks: '28,539 utterances of 251 speakers in train-clean-100',
  licence: 'CC BY 4.0',
  citation:
    'Panayotov, Chen, Povey, Khudanpur: Librispeech: an ASR corpus based on public domain audio books. ICASSP 2015',
  homepage: 'https://www.openslr.org/12',
  schemes: Object.keys(SETS) as [string, ...string[]],
  folders: [''],
  marks: ['LibriSpeech', ...Object.keys(SETS)],
  files: (scheme) => [
    {
      url: `http://www.openslr.org/resources/12/${scheme}.tar.gz`,
      hash: { algorithm: 'sha256', hex: SETS[scheme]!.sha256 },
      unpack: true,
    },
  ],
  bytes: (scheme) => SETS[scheme]!.bytes,
  /** The published splits share no speaker, so the utterances of one set are divided as those of a folder are. */
  async list(place, scheme) {
    const folders = [`${ARCHIVED}${scheme}/`, `${scheme}/`]
    const files = place.audio().flatMap((path) => {
      const folder = folders.find((start) => path.startsWith(start))
      const [speaker, chapter, name] = folder ? path.slice(folder.length).split('/') : []
      return chapter && name?.endsWith('.flac') ? [{ path, labels: [speaker!] }] : []
    })
    return { task: 'multiclass', files, skipped: [] }
  },
}
