/** From the channels of a file to its embeddings, off the page's thread. */
import * as ort from './node_modules/onnxruntime-web/dist/ort.wasm.min.mjs'
import { resample } from './resample.js'

const SAMPLE_RATE = 22_050 // what the network hears
const BATCH = 8

const model = ort.InferenceSession.create('model.onnx')

/** The mean of the channels. */
function mixDown(channels) {
  const mono = Float32Array.from(channels[0])
  for (const channel of channels.slice(1)) for (let i = 0; i < mono.length; i++) mono[i] += channel[i]
  return mono.map((sample) => sample / channels.length)
}

/** Where the windows begin, one after the other; what is left at the end is dropped. A track shorter than one has one. */
const windowStarts = (length, clip) =>
  Array.from({ length: Math.max(1, Math.floor(length / clip)) }, (_, i) => i * clip)

/** Clips of the windows at `starts`, [starts.length, clip], with zeros behind the end of the track. */
function cut(samples, starts, clip) {
  const clips = new Float32Array(starts.length * clip)
  for (const [row, start] of starts.entries()) clips.set(samples.subarray(start, start + clip), row * clip)
  return clips
}

async function embed(channels, rate) {
  const session = await model
  const clip = session.inputMetadata[0].shape.at(-1) // [batch, 1, samples]
  const samples = resample(mixDown(channels), rate, SAMPLE_RATE)
  const starts = windowStarts(samples.length, clip)
  const windows = []
  for (let at = 0; at < starts.length; at += BATCH) {
    const some = starts.slice(at, at + BATCH)
    const audio = new ort.Tensor('float32', cut(samples, some, clip), [some.length, 1, clip])
    const { representation } = await session.run({ audio })
    const [rows, dim] = representation.dims
    for (let row = 0; row < rows; row++)
      windows.push(Array.from(representation.data.subarray(row * dim, (row + 1) * dim)))
  }
  return { times: starts.map((start) => start / SAMPLE_RATE), windows }
}

self.onmessage = async ({ data: { channels, rate } }) => {
  try {
    self.postMessage({ embedding: await embed(channels, rate) })
  } catch (error) {
    self.postMessage({ error: String(error) })
  }
}
