/** Trainings on the command line: a small cache, and how far a run is. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { prepare } from 'clmr'
import { writeMusic } from './command-line.js'
import type { Running } from './node-process.js'
import { withTempDir } from './temp-dir.js'

/** `use` gets a temporary folder and a cache of ten tracks in it, whose classes are low and high. */
export async function withCache(use: (folder: string, cache: string) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    const [music, cache] = [join(folder, 'music'), join(folder, 'cache')]
    await writeMusic(music)
    const dataset = await prepare(music, { cache, labels: 'folders' })
    dataset.dispose()
    await use(folder, cache)
  })
}

export async function stepsLogged(run: string): Promise<number> {
  const text = await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean).length
}

export async function afterFirstStep({ child }: Running, run: string): Promise<void> {
  while ((await stepsLogged(run)) === 0 && child.exitCode === null) await sleep(20)
}
