/**
 * Embeds a song, then a few files of which one may be damaged. This is the example of the README.
 *
 *   npx tsx examples/embed-a-file.ts     in a folder that holds runs/mine, song.mp3, a.flac, b.ogg and broken.mp3
 */
// #region readme
import { Encoder } from 'clmr'

using encoder = await Encoder.load('runs/mine') // a run, .safetensors, .ckpt, .pt or .onnx
const track = await encoder.encodeFile('song.mp3')
console.log(track.mean) // Float32Array(512), the track
console.log(track.windows.rows, track.times) // one embedding every 2.7 s

for await (const result of encoder.encodeFiles(['a.flac', 'b.ogg', 'broken.mp3'])) {
  if (result.error) console.error(result.path, result.error.message)
  else console.log(result.path, result.embedding.mean)
}
// #endregion
