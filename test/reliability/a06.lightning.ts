/**
 * A Lightning checkpoint becomes a safetensors file: every tensor by its hash. Those that PyTorch wrote against the hashes
 * that PyTorch computed (test/golden/README.md), and one of the full network that is made here, with its embeddings.
 */
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Encoder } from 'clmr'
import { openTensorFile } from '#lib/formats/tensor-file.js'
import { encoderTensors } from '#lib/model/architecture.js'
import { stateOfEncoder } from '#lib/model/encoder.js'
import type { StateDict } from '#lib/native/binding.js'
import { clmrEnds, clmrJson } from '../helpers/command-line.js'
import { goldenPath, maxAbsoluteError, readGoldenJson, testClip } from '../helpers/golden.js'
import * as py from '../helpers/pickles.js'
import { drive } from './driver.js'

const MAX_DIFFERENCE = 1e-5

interface Inspected {
  tensors: { name: string; dtype: string; shape: number[]; sha256: string }[]
  metadata: Record<string, string>
  inert: string[]
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength)

const isCounter = (name: string) => name.endsWith('num_batches_tracked')
const bytesInFile = (name: string, data: Float32Array) =>
  bytesOf(isCounter(name) ? BigInt64Array.from(data, (n) => BigInt(n)) : data)

/** What Lightning writes around a state dict; all floats are views of one storage, all counters of another. */
function lightning(state: StateDict): Uint8Array {
  const parts: Record<'f' | 'l', Uint8Array[]> = { f: [], l: [] }
  const filled = { f: 0, l: 0 }
  const places = Object.entries(state).map(([name, { shape, data }]) => {
    const key: 'f' | 'l' = isCounter(name) ? 'l' : 'f'
    parts[key].push(bytesInFile(name, data))
    filled[key] += data.length
    const stride = shape.map((_, k) => shape.slice(k + 1).reduce((a, b) => a * b, 1))
    return { name, key, offset: filled[key] - data.length, size: [...shape], stride }
  })
  const pairs = places.map(({ name, key, ...place }): [Uint8Array, Uint8Array] => {
    const type = key === 'l' ? 'torch.LongStorage' : 'torch.FloatStorage'
    return [py.text(`encoder.${name}`), py.tensor({ key, type, count: filled[key], ...place })]
  })
  const namespace = py.concat(
    py.global('argparse.Namespace'),
    ')',
    [0x81],
    py.dict([py.text('sample_rate'), py.whole(22050)]),
    'b',
  )
  const root = py.dict(
    [py.text('epoch'), py.whole(3)],
    [py.text('hyper_parameters'), namespace],
    [py.text('state_dict'), py.dict(...pairs)],
  )
  const utf8 = (text: string) => new TextEncoder().encode(text)
  return py.archive({
    'm/data.pkl': py.pickle(root),
    'm/byteorder': utf8('little'),
    'm/data/f': new Uint8Array(Buffer.concat(parts.f)),
    'm/data/l': new Uint8Array(Buffer.concat(parts.l)),
    'm/version': utf8('3\n'),
  })
}

interface Golden {
  files: Record<string, Record<string, string>>
  sets: Record<string, Record<string, { shape: number[]; first: number; last: number; sum: number }>>
}

/** The checkpoints of Lightning that PyTorch wrote, against the numbers that PyTorch read out. @returns tensors compared */
async function goldenFiles(fail: (reason: string) => void): Promise<number> {
  const { files, sets } = readGoldenJson<Golden>('checkpoints.json')
  let compared = 0
  for (const name of ['lightning.ckpt', 'lightning-1.2-expanded.ckpt']) {
    await using file = await openTensorFile(goldenPath(`checkpoints/${name}`))
    for (const [prefix, set] of Object.entries(files[name]!))
      for (const [tensor, { first, last, sum }] of Object.entries(sets[set]!)) {
        const { dtype, bytes } = await file.read(prefix + tensor)
        if (dtype !== 'F32') continue
        const values = new Float32Array(Uint8Array.from(bytes).buffer)
        const total = values.reduce((a, b) => a + b, 0)
        const right =
          values[0] === first && values.at(-1) === last && Math.abs(total - sum) <= 1e-4 * (1 + Math.abs(sum))
        if (!right) fail(`${name}: ${prefix}${tensor} is not what PyTorch reads`)
        compared++
      }
  }
  return compared
}

await drive('A6', async ({ folder, figure, fail }) => {
  using encoder = await Encoder.create({ seed: 7 })
  const state = stateOfEncoder(encoder)
  const [made, converted] = [join(folder, 'made.ckpt'), join(folder, 'e.safetensors')]
  await writeFile(made, lightning(state))
  await clmrEnds(0, 'convert', made, converted)
  const { tensors } = await clmrJson<Inspected>('inspect', converted, '--sha256')
  const found = new Map(tensors.map(({ name, sha256: hash }) => [name, hash]))
  for (const { name } of encoderTensors()) {
    const { data } = state[name]!
    const kept = found.get(`encoder.${name}`)
    if (kept !== sha256(bytesInFile(name, data))) fail(`${name} is ${kept ? 'another' : 'missing'}`)
  }
  figure('tensors', tensors.length)
  using again = await Encoder.load(converted)
  const clip = testClip(1, 2)
  const [a, b] = [await encoder.encode(clip), await again.encode(clip)]
  const difference = maxAbsoluteError(b.data, a.data)
  if (!(difference <= MAX_DIFFERENCE)) fail(`the embeddings differ by ${difference}`)
  figure('difference', difference)
  figure('golden', await goldenFiles(fail))
})
