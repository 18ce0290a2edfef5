import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, prepare } from 'clmr'
import { testClip } from './golden.js'
import { wav } from './wav.js'

/** Tracks `track-0.wav` … of given lengths in samples, prepared in `folder`/cache. */
export async function tinyDataset(folder: string, lengths: readonly number[]): Promise<Dataset> {
  const music = join(folder, 'music')
  await mkdir(music, { recursive: true })
  for (const [i, length] of lengths.entries()) {
    const samples = testClip(300 + i, 400 + i, length)
    await writeFile(join(music, `track-${i}.wav`), wav({ frames: length, value: (frame) => samples[frame]! }))
  }
  return prepare(music, { cache: join(folder, 'cache') })
}
