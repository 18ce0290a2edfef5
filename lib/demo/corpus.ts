/** The demo corpus: one folder for each class, WAV files of several rates, widths and encodings. */
import { join } from 'node:path'
import { Piscina } from 'piscina'
import { writeAtomically } from '../files/atomic-file.js'
import { makeFolder } from '../files/make-folder.js'
import { grantedThreads } from '../native/granted-threads.js'
import { DEFAULT_SEED } from '../options.js'
import type { SynthesisTask } from './synthesis-worker.js'
import { CORPUS_CLASSES } from './track.js'

export const TRACKS_PER_CLASS = 12

export interface CorpusOptions {
  seed?: number
  /** default TRACKS_PER_CLASS */
  tracksPerClass?: number
  signal?: AbortSignal
  onProgress?: (progress: { done: number; total: number }) => void
}

interface CorpusFile extends SynthesisTask {
  path: string
}

function plan(folder: string, seed: number, tracksPerClass: number): CorpusFile[] {
  return CORPUS_CLASSES.flatMap((className) =>
    Array.from({ length: tracksPerClass }, (_, index) => {
      const file = `${className}-${String(index + 1).padStart(2, '0')}.wav`
      return { path: join(folder, className, file), className, index, seed }
    }),
  )
}

/**
 * Writes the corpus into a folder, `<class>/<class>-NN.wav`; the sound is made in worker threads. Files that are there
 * are replaced by equal ones.
 * @returns the paths of the files
 * @throws IoError, AbortError
 */
export async function writeCorpus(folder: string, options: CorpusOptions = {}): Promise<string[]> {
  const { seed = DEFAULT_SEED, tracksPerClass = TRACKS_PER_CLASS, signal, onProgress } = options
  for (const name of CORPUS_CLASSES) await makeFolder(join(folder, name))
  const files = plan(folder, seed, tracksPerClass)
  const threads = Math.min(grantedThreads(), 8, files.length)
  const worker = new URL('./synthesis-worker.js', import.meta.url).href
  const pool = new Piscina({
    filename: worker,
    minThreads: threads,
    maxThreads: threads,
    atomics: 'disabled',
  })
  let next = 0
  let done = 0
  const work = async () => {
    while (next < files.length) {
      const { path, ...task } = files[next++]!
      await writeAtomically(path, [await pool.run(task, { signal })])
      onProgress?.({ done: ++done, total: files.length })
    }
  }
  try {
    const results = await Promise.allSettled(Array.from({ length: threads }, work))
    signal?.throwIfAborted()
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  } finally {
    await pool.destroy()
  }
  return files.map(({ path }) => path)
}
