import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SPLITS, skippedSchema } from '../datasets/tracks.js'
import { CacheError, ioError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import { AUDIO_VERSION, indexPath, partialIndexPath } from './layout.js'

const count = z.number().int().nonnegative()
const hash = z.string().regex(/^[0-9a-f]{64}$/)

const trackSchema = z.object({
  /** relative to the source, with `/` */
  path: z.string(),
  key: z.string().regex(/^[0-9a-f]{32}$/),
  /** indices into `classes` */
  labels: z.array(count),
  split: z.enum(SPLITS),
  samples: count,
  /** of the source file: its size, time and hash tell whether it has changed */
  size: count,
  mtimeMs: z.number(),
  sourceSha256: hash,
  /** of the cached file */
  sha256: hash,
  notes: z.array(z.string()),
})

const indexSchema = z.object({
  format: z.literal('clmr-cache'),
  version: z.literal(1),
  audio: z.string(),
  sampleRate: z.number().int().positive(),
  source: z.string(),
  task: z.enum(['multilabel', 'multiclass', 'none']),
  classes: z.array(z.string()),
  seed: z.number().int(),
  tracks: z.array(trackSchema),
  skipped: z.array(skippedSchema),
})

export type IndexTrack = z.output<typeof trackSchema>
export type CacheIndex = z.output<typeof indexSchema>

const AGAIN = 'Run `clmr prepare` again'

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw ioError(error, path, 'read the index')
  }
}

function parse(text: string, path: string): CacheIndex {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new CacheError({ what: 'the index is damaged', path, remedy: AGAIN, cause })
  }
  const result = indexSchema.safeParse(json)
  if (!result.success) {
    const issue = result.error.issues[0]!
    const where = issue.path.join('.')
    throw new CacheError({
      what: `the index is not one of this version: ${where}: ${issue.message}`,
      path,
      remedy: AGAIN,
      cause: result.error,
    })
  }
  const index = result.data
  if (index.audio !== AUDIO_VERSION)
    throw new CacheError({
      what: 'the cache was prepared by another version: its samples have another scale',
      given: index.audio,
      expected: AUDIO_VERSION,
      path,
      remedy: AGAIN,
    })
  const outside = index.tracks.find((track) => track.labels.some((label) => label >= index.classes.length))
  if (outside)
    throw new CacheError({
      what: `the index gives ${JSON.stringify(outside.path)} a class that is not there`,
      path,
      remedy: AGAIN,
    })
  return index
}

/** @throws CacheError where there is none, or an unfinished or damaged one */
export async function readIndex(cache: string): Promise<CacheIndex> {
  const path = indexPath(cache)
  const text = await readText(path)
  if (text !== undefined) return parse(text, path)
  const unfinished = (await readText(partialIndexPath(cache))) !== undefined
  throw new CacheError({
    what: unfinished ? 'this cache was not finished' : 'there is no prepared cache here',
    path: cache,
    expected: 'a folder with index.json',
    remedy: unfinished
      ? 'Run `clmr prepare` again: it goes on where it stopped'
      : 'Run `clmr prepare <music> --cache <folder>` first',
  })
}

/** What earlier runs know of this cache, finished or not; a damaged index is as good as none: files are read again. */
export async function readEarlierTracks(cache: string, sampleRate: number): Promise<IndexTrack[]> {
  const tracks: IndexTrack[] = []
  for (const path of [indexPath(cache), partialIndexPath(cache)]) {
    const text = await readText(path)
    if (text === undefined) continue
    try {
      const index = parse(text, path)
      if (index.sampleRate === sampleRate) tracks.push(...index.tracks)
    } catch (error) {
      if (!(error instanceof CacheError)) throw error
    }
  }
  return tracks
}

export function writeIndex(path: string, index: CacheIndex): Promise<void> {
  return writeAtomically(path, [Buffer.from(`${JSON.stringify(index, null, 1)}\n`)])
}
