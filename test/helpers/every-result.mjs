// Run as a process of its own: what each native function hands over, as lines of a name and a hash; then whether a
// large buffer is memory of V8's or of the native side.   node every-result.mjs
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Augmenter, allocateClips, Encoder, Matrix, nearest, ntXent, Trainer } from 'clmr'
import { stateOfEncoder } from '#lib/model/encoder.js'
import { native } from '#lib/native/load.js'

const model = fileURLToPath(new URL('../golden/checkpoints/plain.pt', import.meta.url))
const T = 59049
const show = (name, array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  console.log(name, array.length, createHash('sha256').update(bytes).digest('hex').slice(0, 16))
}

const clips = allocateClips(4)
clips.forEach((_, i) => {
  clips[i] = Math.sin(0.01 * (i % 997) * (1 + Math.floor(i / T))) / 2
})
show('allocateClips', clips)
const encoder = await Encoder.load(model)
const embeddings = await encoder.encode(clips)
show('encode', embeddings.data)
show('encodeSync', encoder.encodeSync(clips.subarray(0, T)).data)
show(
  'encodeTrack',
  (await encoder.encodeTrack(clips.subarray(0, 2.5 * T), { sampleRate: 44100 })).windows.data,
)
for (const [name, { data }] of Object.entries(stateOfEncoder(encoder))) show(name, data)
show('augment', (await new Augmenter({ seed: 3, views: 2 }).augment(clips)).data)
const { indices, scores } = await nearest(embeddings, embeddings, 2)
show('indices', indices)
show('scores', scores.data)
const { data: resampled } = Matrix.from({
  data: await native().resample(
    clips.subarray(0, T),
    48000,
    22050,
    'best',
    undefined,
    native().createAbortFlag(),
  ),
  rows: 1,
  cols: Math.round((T * 22050) / 48000),
})
show('resample', resampled)
const trainer = await Trainer.create({ initFrom: model, objective: ntXent() })
show('loss', Float64Array.of((await trainer.step(clips)).loss))

const before = process.memoryUsage().arrayBuffers
const large = allocateClips(400)
console.log('memory of V8:', process.memoryUsage().arrayBuffers - before > large.byteLength / 2)
