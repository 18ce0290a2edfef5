import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tone, wav } from './wav.js'

/** `n` short tracks a class, each of another pitch, at several rates and channel counts. */
export async function corpus(folder: string, classes: string[], n: number): Promise<string> {
  for (const [k, name] of classes.entries()) {
    await mkdir(join(folder, name), { recursive: true })
    for (let i = 0; i < n; i++) {
      const sampleRate = [22050, 44100, 48000][i % 3]!
      const file = wav({
        sampleRate,
        channels: 1 + (i % 2),
        frames: sampleRate / 5,
        value: tone(sampleRate, 200 + 40 * i + 7 * k),
      })
      await writeFile(join(folder, name, `${i}.wav`), file)
    }
  }
  return folder
}
