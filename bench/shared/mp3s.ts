/** A folder of mp3s for benchmarks, made once in the cache. Needs ffmpeg. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeCorpus } from '#lib/demo/index.js'
import { cacheFolder } from '#lib/files/cache-folder.js'

export const MP3_SECONDS = 30

/** Stereo mp3s of 30 s at 44.1 kHz, 192 kbit/s: tracks of the demo corpus, repeated to that length. */
export async function makeMp3s(count: number): Promise<{ folder: string; paths: string[] }> {
  const folder = join(cacheFolder(), 'bench', `mp3-${MP3_SECONDS}s-${count}`)
  const paths = Array.from({ length: count }, (_, i) => join(folder, `${i}.mp3`))
  if (existsSync(folder)) return { folder, paths }
  const making = `${folder}.${process.pid}`
  mkdirSync(making, { recursive: true })
  const tracks = await writeCorpus(join(making, 'corpus'), { tracksPerClass: Math.ceil(count / 11) })
  for (let i = 0; i < count; i++) {
    const length = ['-t', String(MP3_SECONDS)]
    const sound = ['-stream_loop', '-1', '-i', tracks[i]!, ...length, '-ar', '44100', '-ac', '2']
    const mp3 = ['-c:a', 'libmp3lame', '-b:a', '192k', join(making, `${i}.mp3`)]
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...sound, ...mp3])
  }
  rmSync(join(making, 'corpus'), { recursive: true })
  renameSync(making, folder)
  return { folder, paths }
}
