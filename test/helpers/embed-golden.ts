// Run as a process of its own, with the libtorch that its environment asks for: embeds the first of the golden clips and
// writes the embeddings to stdout, raw.  tsx embed-golden.ts MODEL CLIPS {float32,bfloat16}
import { Encoder } from 'clmr'
import { testClips } from './golden.js'

const [model, clips, precision] = process.argv.slice(2) as [string, string, 'float32' | 'bfloat16']
using encoder = await Encoder.load(model, { precision })
const { data } = await encoder.encode(testClips(40, 50, Number(clips)))
process.stdout.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
