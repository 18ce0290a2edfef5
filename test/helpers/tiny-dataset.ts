import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dataset, prepare } from 'clmr'
import { testClip } from './golden.js'

/** A mono WAV file of 16 bits at 22,050 Hz. */
function wav16(samples: Float32Array): Buffer {
  const file = Buffer.alloc(44 + 2 * samples.length)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + 2 * samples.length, 4)
  file.write('WAVEfmt ', 8)
  for (const [value, at] of [
    [16, 16],
    [22050, 24],
    [44100, 28],
    [2 * samples.length, 40],
  ] as const)
    file.writeUInt32LE(value, at)
  for (const [value, at] of [
    [1, 20],
    [1, 22],
    [2, 32],
    [16, 34],
  ] as const)
    file.writeUInt16LE(value, at)
  file.write('data', 36)
  samples.forEach((sample, i) => {
    file.writeInt16LE(Math.round(sample * 32767), 44 + 2 * i)
  })
  return file
}

/** Tracks `track-0.wav` … of given lengths in samples, prepared in `folder`/cache. */
export async function tinyDataset(folder: string, lengths: readonly number[]): Promise<Dataset> {
  const music = join(folder, 'music')
  await mkdir(music, { recursive: true })
  for (const [i, length] of lengths.entries())
    await writeFile(join(music, `track-${i}.wav`), wav16(testClip(300 + i, 400 + i, length)))
  return prepare(music, { cache: join(folder, 'cache') })
}
