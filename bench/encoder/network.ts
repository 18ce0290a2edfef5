/**
 * What every contender of the encoder benchmark runs: a trained SampleCNN and 64 clips of music, made once and kept in
 * the user's cache. Trained, because the errors of a network of random weights say nothing: its batch norms blow
 * differences up that no music has.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Augmenter, openDataset, prepare, Trainer } from 'clmr'
import { writeCorpus } from '#lib/demo/index.js'
import { cacheFolder } from '#lib/files/cache-folder.js'

/** Raise it when anything below changes. */
const VERSION = 1
export const CLIPS = 64
const STEPS = 60
const CLIP_LENGTH = 59049

async function train(folder: string): Promise<void> {
  const cache = join(folder, 'cache')
  await writeCorpus(join(folder, 'corpus'), { tracksPerClass: 6 })
  await prepare(join(folder, 'corpus'), { cache })
  const dataset = await openDataset(cache)
  await using trainer = await Trainer.create({
    dataset,
    augmenter: new Augmenter(),
    batchSize: 24,
    maxSteps: STEPS,
  })
  await trainer.fit({
    onStep: ({ step, loss }) => {
      process.stderr.write(`network of the benchmark: step ${step} of ${STEPS}, loss ${loss.toFixed(3)}\n`)
    },
  })
  await trainer.encoder.save(join(folder, 'encoder.pt'))
  const clips = new Float32Array(CLIPS * CLIP_LENGTH)
  for (let i = 0; i < CLIPS; i++) {
    const track = await dataset.readTrack(i)
    clips.set(track.subarray(CLIP_LENGTH, 2 * CLIP_LENGTH), i * CLIP_LENGTH)
  }
  writeFileSync(join(folder, 'clips.f32'), clips)
}

/** encoder.pt, encoder.onnx, clips.f32 [64, 59049] and PyTorch's embeddings of them in float64, expected.f64 [64, 512] */
export async function networkFolder(python: string): Promise<string> {
  const folder = join(cacheFolder(), 'bench', `encoder-${VERSION}`)
  if (existsSync(folder)) return folder
  const making = `${folder}.${process.pid}`
  mkdirSync(making, { recursive: true })
  try {
    await train(making)
    const peers = fileURLToPath(new URL('peers.py', import.meta.url))
    execFileSync(python, [peers, 'prepare', making], { stdio: ['ignore', 2, 2] })
    for (const name of ['corpus', 'cache']) rmSync(join(making, name), { recursive: true })
    renameSync(making, folder)
    return folder
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}
