/**
 * Embeds as many files as fit into a time limit; the encoder stays usable after the abort.
 *
 *   npx tsx examples/abort-with-timeout.ts <milliseconds> <files…>
 */
import { Encoder } from 'clmr'

const [milliseconds, ...files] = process.argv.slice(2)
using encoder = await Encoder.create()
const signal = AbortSignal.timeout(Number(milliseconds))

let done = 0
try {
  for await (const { path, error } of encoder.encodeFiles(files, { signal })) {
    console.log(error ? `${path}: ${error.message}` : path)
    done++
  }
  console.log(`all ${done} files are done`)
} catch (error) {
  if (!signal.aborted) throw error
  console.log(`time is up after ${done} of ${files.length} files`)
}

const silence = new Float32Array(encoder.clipLength)
console.log(`the encoder still works: ${(await encoder.encode(silence)).cols} numbers`)
