/**
 * Writes what each augmentation does to a sound as WAV files, with a page to listen to them side by side.
 *
 *   npx tsx examples/hear-the-augmentations.ts [folder, default augmentations] [audio file, default a synthesised tune]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AppliedTransform,
  Augmenter,
  clmrTransforms,
  decodeAudio,
  type Transform,
  transforms,
} from 'clmr'

const sampleRate = 22050
const [folder = 'augmentations', file] = process.argv.slice(2)

/** Eight plucked notes, 4 s: each a few decaying partials. */
function playTune(): Float32Array {
  const samples = new Float32Array(4 * sampleRate)
  const semitones = [0, 4, 7, 12, 11, 7, 4, 2]
  semitones.forEach((semitone, note) => {
    const start = (note * sampleRate) / 2
    for (let partial = 1; partial <= 5; partial++) {
      const hz = 261.63 * 2 ** (semitone / 12) * partial
      for (let i = 0; start + i < samples.length; i++) {
        const t = i / sampleRate
        samples[start + i]! += (0.25 / partial) * Math.exp(-3 * partial * t) * Math.sin(2 * Math.PI * hz * t)
      }
    }
  })
  return samples
}

/** A mono WAV file of 16-bit samples. */
function toWav(samples: Float32Array): Buffer {
  const wav = Buffer.alloc(44 + 2 * samples.length)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(wav.length - 8, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20) // PCM
  wav.writeUInt16LE(1, 22) // channels
  wav.writeUInt32LE(sampleRate, 24)
  wav.writeUInt32LE(2 * sampleRate, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(2 * samples.length, 40)
  samples.forEach((v, i) => {
    wav.writeInt16LE(Math.round(32767 * Math.max(-1, Math.min(1, v))), 44 + 2 * i)
  })
  return wav
}

function describeView(view: AppliedTransform[]): string {
  const words = view
    .filter((t) => t.applied && t.name !== 'randomCrop')
    .map(({ name, applied, seed, ...parameters }) => {
      const values = Object.entries(parameters).map(
        ([key, value]) => `${key} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`,
      )
      return values.length ? `${name} (${values.join(', ')})` : name
    })
  return words.join(' · ') || 'nothing'
}

const sound = file ? (await decodeAudio(file, { sampleRate })).samples : playTune()
const clipLength = sound.length
const one: Transform[] = [
  transforms.polarityInversion(),
  transforms.noise({ snrDb: [10, 10] }),
  transforms.gain({ db: [-10, -10] }),
  transforms.lowPass({ cutoff: [2200, 2200] }),
  transforms.highPass({ cutoff: [1200, 1200] }),
  transforms.delay({ ms: [400, 400] }),
  transforms.pitchShift({ cents: [-700, -700] }),
  transforms.pitchShift({ cents: [700, 700] }),
  transforms.reverb({ reverberance: [80, 80], damping: [20, 20], roomSize: [100, 100] }),
  transforms.reverse(),
  // One of your own: eight steps of loudness.
  transforms.custom({ title: 'crush', apply: (view) => view.map((v) => Math.round(v * 8) / 8) }),
]

mkdirSync(folder, { recursive: true })
const rows: string[] = []
function add(title: string, samples: Float32Array) {
  const name = `${String(rows.length).padStart(2, '0')}.wav`
  writeFileSync(join(folder, name), toWav(samples))
  rows.push(`<tr><td>${title}<td><audio controls preload="none" src="${name}"></audio>`)
}

add('the sound itself', sound)
for (const transform of one) {
  const augmenter = new Augmenter({ transforms: [transform], views: 1, clipLength, sampleRate })
  add(describeView(augmenter.draw(1)[0]!), (await augmenter.augment(sound)).row(0))
}
const published = new Augmenter({ transforms: clmrTransforms(), views: 6, clipLength, sampleRate })
const views = await published.augment(sound)
published.draw(1).forEach((view, i) => {
  add(`view ${i + 1} of the published chain: ${describeView(view)}`, views.row(i))
})

writeFileSync(
  join(folder, 'index.html'),
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Augmentations</title>
<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}td{padding:.3rem 1rem .3rem 0}</style>
<h1>Augmentations</h1><table>${rows.join('\n')}</table></html>\n`,
)
process.stdout.write(`${rows.length} sounds: open ${join(folder, 'index.html')}\n`)
