import { createHash } from 'node:crypto'
import { z } from 'zod'
import { SPLITS, type Split, skippedSchema } from '../datasets/tracks.js'
import { CacheError, ioError } from '../errors.js'
import { writeAtomically } from '../files/atomic-file.js'
import { readTextInput } from '../files/input.js'
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
  /** samples of each of its stretches, one after the other; a track that is kept whole has none */
  stretch: count.min(1).optional(),
  /** of the source file: its size, time and hash tell whether it has changed */
  size: count,
  mtimeMs: z.number(),
  sourceSha256: hash,
  /** of the cached file */
  sha256: hash,
  notes: z.array(z.string()),
})

/** A track that is gone from the source: should it come back, it has the split that it had. */
const formerSchema = z.object({ path: z.string(), split: z.enum(SPLITS), sourceSha256: hash })

const indexSchema = z.object({
  format: z.literal('clmr-cache'),
  version: z.literal(1),
  /** of the whole file, with 64 zeros in its own place */
  sha256: hash,
  audio: z.string(),
  sampleRate: z.number().int().positive(),
  source: z.string(),
  /** what is kept of a track, such as 3x30; whole tracks without it */
  excerpts: z.string().optional(),
  task: z.enum(['multilabel', 'multiclass', 'none']),
  classes: z.array(z.string()),
  seed: z.number().int(),
  tracks: z.array(trackSchema),
  skipped: z.array(skippedSchema),
  former: z.array(formerSchema),
})

export type IndexTrack = z.output<typeof trackSchema>
export type FormerTrack = z.output<typeof formerSchema>
export type CacheIndex = Omit<z.output<typeof indexSchema>, 'format' | 'version' | 'sha256'>

const AGAIN = 'Run `clmr prepare` again'
const NO_HASH = '0'.repeat(64)
const HASH_PLACE = /^\{\s*"format": "clmr-cache",\s*"version": 1,\s*"sha256": "([0-9a-f]{64})"/

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex')

function render(index: CacheIndex): string {
  const head = { format: 'clmr-cache', version: 1, sha256: NO_HASH }
  const text = `${JSON.stringify({ ...head, ...index }, null, 1)}\n`
  return text.replace(NO_HASH, sha256Of(text))
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readTextInput(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw ioError(error, path, 'read the index')
  }
}

function checkHash(text: string, path: string): void {
  const written = HASH_PLACE.exec(text)?.[1]
  if (written === undefined || sha256Of(text.replace(written, NO_HASH)) === written) return
  throw new CacheError({ what: 'the index is damaged: it is not what was written', path, remedy: AGAIN })
}

/** The index in a text, of whatever version of the audio. */
function parse(text: string, path: string): CacheIndex {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new CacheError({ what: 'the index is damaged', path, remedy: AGAIN, cause })
  }
  checkHash(text, path)
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
  const { format: _format, version: _version, sha256: _sha256, ...index } = result.data
  const outside = index.tracks.find((track) => track.labels.some((label) => label >= index.classes.length))
  if (outside)
    throw new CacheError({
      what: `the index gives ${JSON.stringify(outside.path)} a class that is not there`,
      path,
      remedy: AGAIN,
    })
  return index
}

function parseCurrent(text: string, path: string): CacheIndex {
  const index = parse(text, path)
  if (index.audio === AUDIO_VERSION) return index
  throw new CacheError({
    what: 'the cache was prepared by another version: its samples have another scale',
    given: index.audio,
    expected: AUDIO_VERSION,
    path,
    remedy: AGAIN,
  })
}

/** @throws CacheError if there is none, or an unfinished or damaged one */
export async function readIndex(cache: string): Promise<CacheIndex> {
  const path = indexPath(cache)
  const text = await readText(path)
  if (text !== undefined) return parseCurrent(text, path)
  const unfinished = (await readText(partialIndexPath(cache))) !== undefined
  throw new CacheError({
    what: unfinished ? 'this cache was not finished' : 'there is no prepared cache here',
    path: cache,
    expected: 'a folder with index.json',
    remedy: unfinished
      ? 'Run `clmr prepare` again: it continues where it stopped'
      : 'Run `clmr prepare <music> --cache <folder>` first',
  })
}

export interface EarlierRuns {
  /** whose audio need not be decoded again */
  tracks: IndexTrack[]
  /** the splits that were dealt, those of tracks that are gone too */
  splits: FormerTrack[]
  /** which they were drawn from; undefined if there is nothing to know it from */
  seed?: number
}

/** Splits of a damaged index, as far as they can be read: which track was trained on is in no other file. */
function salvageSplits(text: string): FormerTrack[] {
  const entry = /"split": "(train|valid|test)",(?:(?!"split")[^{}]){0,400}?"sourceSha256": "([0-9a-f]{64})"/g
  return [...text.matchAll(entry)].map(([, split, sourceSha256]) => ({
    path: '',
    split: split as Split,
    sourceSha256: sourceSha256!,
  }))
}

function splitsIn(text: string, path: string): Pick<EarlierRuns, 'splits' | 'seed'> {
  try {
    const { tracks, former, seed } = parse(text, path)
    return { splits: [...former, ...tracks], seed }
  } catch (error) {
    if (!(error instanceof CacheError)) throw error
    return { splits: salvageSplits(text) }
  }
}

/**
 * What earlier runs know of this cache, finished or not. Of a damaged index only the splits are believed: files are
 * decoded again. An unfinished run had not dealt its splits for good.
 */
export async function readEarlierRuns(
  cache: string,
  sampleRate: number,
  excerpts?: string,
): Promise<EarlierRuns> {
  const runs: EarlierRuns = { tracks: [], splits: [] }
  for (const path of [indexPath(cache), partialIndexPath(cache)]) {
    const text = await readText(path)
    if (text === undefined) continue
    if (path === indexPath(cache)) Object.assign(runs, splitsIn(text, path))
    try {
      const index = parseCurrent(text, path)
      if (index.sampleRate === sampleRate && index.excerpts === excerpts) runs.tracks.push(...index.tracks)
    } catch (error) {
      if (!(error instanceof CacheError)) throw error
    }
  }
  return runs
}

export function writeIndex(path: string, index: CacheIndex): Promise<void> {
  return writeAtomically(path, [Buffer.from(render(index))])
}
