// Run as a process of its own, with the kernels that its environment asks for: embeds the first clips of the golden model
// and writes the embeddings to stdout, raw.  tsx embed-golden.ts CLIPS {float32,bfloat16}
import { fileURLToPath } from 'node:url'
import { Encoder } from 'clmr'
import { testClips } from './golden.js'

const [clips, precision] = process.argv.slice(2) as [string, 'float32' | 'bfloat16']
using encoder = await Encoder.load(
  fileURLToPath(new URL('../golden/checkpoints/plain.pt', import.meta.url)),
  { precision },
)
const { data } = await encoder.encode(testClips(40, 50, Number(clips)))
process.stdout.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
