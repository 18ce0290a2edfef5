/** The types of the public interface, checked by `npm run typecheck`: what is right compiles, what is wrong does not. Never run. */
import { createReadStream } from 'node:fs'
import {
  type AppliedTransform,
  Augmenter,
  Encoder,
  type FileEmbedding,
  type Matrix,
  Trainer,
  transforms,
} from 'clmr'

const clips = new Float32Array(59049)
const { signal } = new AbortController()

/** A result of encodeFiles is an embedding or an error, and a test of the one tells of the other. */
export function fileEmbedding(result: FileEmbedding): Float32Array | string {
  // @ts-expect-error before the test there may be no embedding
  result.embedding.mean
  if (result.error) {
    const nothing: undefined = result.embedding
    return nothing ?? result.error.message
  }
  return result.embedding.mean
}

export async function encode(encoder: Encoder): Promise<Matrix> {
  encoder.encodeSync(clips, { out: new Float32Array(512) })
  // @ts-expect-error a call that waits cannot be aborted
  encoder.encodeSync(clips, { signal })
  // @ts-expect-error out is a Float32Array
  await encoder.encode(clips, { out: new Float64Array(512) })
  // @ts-expect-error clips are a Float32Array
  await encoder.encode([...clips])
  // @ts-expect-error hop is of tracks and files
  await encoder.encode(clips, { hop: 1 })
  // @ts-expect-error the name is hop
  await encoder.encodeFile('a.wav', { hopp: 1 })
  for await (const result of encoder.encodeFiles(['a.wav'], { hop: 1, concurrency: 4 })) fileEmbedding(result)
  return encoder.encode(clips, { out: new Float32Array(512), signal })
}

/** A file may come as a path, as bytes or as a stream; `path` of a result has the type of what was given. */
export async function sources(encoder: Encoder, upload: Request, blob: Blob): Promise<void> {
  await encoder.encodeFile(new URL('file:///a.wav'))
  await encoder.encodeFile(new Uint8Array(1), { normalize: true, onWarning: (warning) => warning.length })
  await encoder.encodeFile(blob)
  await encoder.encodeFile(upload.body!)
  await encoder.encodeFile(createReadStream('a.wav'))
  await Encoder.load(blob.stream(), { onWarning: console.error })
  // @ts-expect-error there may be no body
  await encoder.encodeFile(upload.body)
  await encoder.encodeFile('a.wav', { windows: 12, from: 10, to: 70 })
  // @ts-expect-error a file is no number
  await encoder.encodeFile(3)
  for await (const { path } of encoder.encodeFiles([blob])) path satisfies Blob
}

export async function make(): Promise<void> {
  using encoder = await Encoder.create({ seed: 1, device: 'cpu' })
  await using trainer = await Trainer.create({ encoder, batchSize: 8, optimizer: { name: 'adam', lr: 1e-3 } })
  trainer.stepsDone satisfies number
  // @ts-expect-error the name is seed
  await Encoder.create({ sede: 1 })
  // @ts-expect-error the name is batchSize
  await Trainer.create({ batchsize: 8 })
  // @ts-expect-error there is no such norm
  await Trainer.create({ viewNorm: 'none' })
  // @ts-expect-error the dimension is fixed
  encoder.dim = 128
}

/** What draw returns goes into apply, from JSON and by hand too. */
export async function views(): Promise<Matrix> {
  const augmenter = new Augmenter({ transforms: [transforms.noise({ p: 0.5 })], views: 2 })
  const drawn: AppliedTransform[][] = augmenter.draw(1, { step: 3 })
  const byHand: AppliedTransform = { name: 'delay', applied: true, ms: 350, volume: 0.5 }
  // @ts-expect-error applied says whether it is heard
  const unsaid: AppliedTransform = { name: 'delay', ms: 350 }
  // @ts-expect-error a parameter is a number, a word or a flag
  const nested: AppliedTransform = { name: 'delay', applied: true, ms: [350, 400] }
  // @ts-expect-error the name is views
  new Augmenter({ view: 2 })
  // @ts-expect-error a transform has a name that is known
  new Augmenter({ transforms: [{ name: 'wobble' }] })
  // @ts-expect-error step is of augment: parameters that were drawn have theirs
  await augmenter.apply(clips, drawn, { step: 3 })
  return augmenter.apply(clips, [[byHand], [unsaid, nested]], { out: new Float32Array(2 * 59049) })
}
