// Run as a process of its own, with the kernels that its environment asks for: embeds the first of the golden clips and
// writes the embeddings to stdout, raw.  tsx embed-golden.ts MODEL CLIPS {float32,bfloat16} {'in one batch','one by one'}
import { Encoder } from 'clmr'
import { testClips } from './golden.js'

const [model, clips, precision, way] = process.argv.slice(2) as [
  string,
  string,
  'float32' | 'bfloat16',
  string,
]
using encoder = await Encoder.load(model, { precision })
const input = testClips(40, 50, Number(clips))
const step = way === 'one by one' ? encoder.clipLength : input.length
for (let at = 0; at < input.length; at += step) {
  const { data } = await encoder.encode(input.subarray(at, at + step))
  process.stdout.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}
