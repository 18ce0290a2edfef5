/** The work of `prepare`, file by file, and the index that comes of it. */
import { Scratch } from '../audio/scratch.js'
import { hashInput } from '../audio/source.js'
import { consume, decodeStream } from '../audio/stream.js'
import { CLIP_LENGTH, SAMPLE_RATE } from '../clip.js'
import { assignSplits } from '../datasets/split.js'
import type { TrackSource } from '../datasets/track-source.js'
import type { LabelledFile, LabelPlan, SkippedFile, Split } from '../datasets/tracks.js'
import { byCodeUnit } from '../datasets/walk.js'
import { ClmrError, concernsProcess } from '../errors.js'
import type { FileInput } from '../files/source.js'
import { getThreads } from '../native/threads.js'
import { DEFAULT_SEED } from '../options.js'
import { decodeExcerpts, parseExcerpts, type Ranges, rangesOf } from './excerpts.js'
import { Gate } from './gate.js'
import {
  type CacheIndex,
  type EarlierRuns,
  type FormerTrack,
  type IndexTrack,
  writeIndex,
} from './index-file.js'
import { AUDIO_VERSION, contentKey, partialIndexPath } from './layout.js'
import type { PrepareSettings } from './prepare-options.js'
import { problemOf, StoreFailure, storeTrack } from './store.js'

/** How often what is known so far is written down, for the case that the process is killed. */
const SAVE_MILLISECONDS = 5000

type Cached = Omit<IndexTrack, 'path' | 'labels' | 'split'>
type Outcome = { file: LabelledFile; cached: Cached } | { file: LabelledFile; skipped: SkippedFile }

/** Old splits stay, whether a track is known by its bytes or, where only tags in it were changed, by its name. */
function dealSplits(
  tracks: readonly { file: LabelledFile; cached: Cached; labels: number[] }[],
  before: readonly FormerTrack[],
  seed: number,
): Split[] {
  const byContent = new Map(before.map(({ sourceSha256, split }) => [sourceSha256, split]))
  const byPath = new Map(before.map(({ path, split }) => [path, split]))
  const dealt = assignSplits(
    tracks.map(({ file, cached, labels }) => ({
      key: cached.sourceSha256,
      labels,
      group: file.group,
      split: byContent.get(cached.sourceSha256) ?? byPath.get(file.path),
    })),
    seed,
  )
  return tracks.map(({ file }, i) => file.split ?? dealt[i]!)
}

/** What is not among the tracks any more. */
function formerOf(before: readonly FormerTrack[], tracks: readonly IndexTrack[]): FormerTrack[] {
  const present = new Set(tracks.map(({ sourceSha256 }) => sourceSha256))
  const gone = before.filter(({ sourceSha256 }) => !present.has(sourceSha256))
  const each = new Map(
    gone.map(({ path, split, sourceSha256 }) => [sourceSha256, { path, split, sourceSha256 }]),
  )
  return [...each.values()]
}

/** One run of `prepare`: what is known, what was found out. */
export class Preparation {
  readonly outcomes: Outcome[] = []
  private readonly known: ReadonlyMap<string, IndexTrack>
  private readonly bySource = new Map<string, Promise<Omit<Cached, 'size' | 'mtimeMs'>>>()
  private readonly concurrency: number
  private readonly decoding: Gate
  private accepted = 0
  private lastSave = Date.now()
  private saving: Promise<void> = Promise.resolve()

  constructor(
    private readonly source: TrackSource,
    private readonly plan: LabelPlan,
    private readonly earlier: EarlierRuns,
    private readonly settings: PrepareSettings,
  ) {
    this.known = new Map(earlier.tracks.map((track) => [track.path, track]))
    this.concurrency = settings.concurrency ?? getThreads()
    this.decoding = new Gate(this.concurrency)
  }

  /**
   * Works through all files, several at a time: while some are decoded, half as many are hashed, finished and put in place.
   * Rejects when aborted or when the cache cannot be written.
   */
  async run(): Promise<void> {
    const { files } = this.plan
    let next = 0
    const stop = new AbortController()
    const { signal } = this.settings
    const combined = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    const work = async () => {
      const scratch = new Scratch()
      while (next < files.length) {
        combined.throwIfAborted()
        const file = files[next++]!
        this.finish(await this.prepareFile(file, scratch, combined))
        if (Date.now() - this.lastSave > SAVE_MILLISECONDS) await this.save()
      }
    }
    const atOnce = this.concurrency + Math.ceil(this.concurrency / 2)
    const workers = Array.from({ length: Math.min(atOnce, files.length) }, () =>
      work().catch((error) => {
        stop.abort(error)
        throw error
      }),
    )
    const results = await Promise.allSettled(workers)
    if (!stop.signal.aborted && !signal?.aborted) return
    await this.save()
    signal?.throwIfAborted()
    throw stop.signal.aborted ? stop.signal.reason : results
  }

  private finish(outcome: Outcome): void {
    this.outcomes.push(outcome)
    if ('cached' in outcome) this.accepted++
    const done = this.outcomes.length
    this.settings.onProgress?.({
      done,
      total: this.plan.files.length,
      accepted: this.accepted,
      rejected: done - this.accepted,
      path: outcome.file.path,
    })
  }

  private async prepareFile(file: LabelledFile, scratch: Scratch, signal: AbortSignal): Promise<Outcome> {
    try {
      return {
        file,
        cached: (await this.fromEarlier(file, signal)) ?? (await this.decodeFile(file, scratch, signal)),
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof StoreFailure || concernsProcess(error)) throw error
      const code = error instanceof ClmrError ? error.code : 'ERR_INTERNAL'
      return { file, skipped: { path: file.path, code, reason: reasonOf(error) } }
    }
  }

  /** A source with the size and time of an earlier run is not read again where its track is still what was written. */
  private async fromEarlier(file: LabelledFile, signal: AbortSignal): Promise<Cached | undefined> {
    const known = this.known.get(file.path)
    if (!known) return undefined
    const found = await this.source.stat(file.path)
    if (found?.size !== known.size || found.mtimeMs !== known.mtimeMs) return undefined
    return (await problemOf(this.settings.cache, known, signal)) === undefined ? known : undefined
  }

  private async decodeFile(file: LabelledFile, scratch: Scratch, signal: AbortSignal): Promise<Cached> {
    const input = await this.source.open(file.path, signal)
    const { sha256, size, ...hashed } = await hashInput(input, scratch, signal)
    const mtimeMs = hashed.mtimeMs ?? (await this.source.stat(file.path))?.mtimeMs ?? 0
    // the same bytes under two names are decoded once
    const running = this.bySource.get(sha256) ?? this.store(sha256, input, scratch, signal)
    this.bySource.set(sha256, running)
    return { ...(await running), size, mtimeMs }
  }

  private async store(
    sourceSha256: string,
    input: FileInput,
    scratch: Scratch,
    signal: AbortSignal,
  ): Promise<Omit<Cached, 'size' | 'mtimeMs'>> {
    const { cache, excerpts: asked } = this.settings
    const excerpts = asked === undefined ? undefined : parseExcerpts(asked)
    const key = contentKey(sourceSha256, SAMPLE_RATE, asked)
    const notes: string[] = []
    let stretch: number | undefined
    let pick: ((samples: number) => Ranges | undefined) | undefined
    const decode = async (use: (samples: Float32Array) => Promise<void>) => {
      if (!excerpts) {
        const { warnings } = await consume(decodeStream(input, SAMPLE_RATE, signal, 'best', scratch), use)
        notes.push(...warnings)
        return
      }
      const decoded = await decodeExcerpts(input, excerpts, use, scratch, signal)
      notes.push(...decoded.warnings)
      stretch = decoded.stretch
      if (decoded.isWhole) pick = (samples) => rangesOf(samples, excerpts)
    }
    const cut = (samples: number) => {
      const ranges = pick?.(samples)
      if (ranges) stretch = excerpts!.samples
      return ranges
    }
    const stored = await storeTrack(
      cache,
      key,
      SAMPLE_RATE,
      (use) => this.decoding.through(() => decode(use)),
      scratch,
      signal,
      cut,
    )
    notes.push(...stored.notes)
    if (stored.samples < CLIP_LENGTH)
      notes.push(`shorter than a clip of ${CLIP_LENGTH} samples: zeros follow it where it is read`)
    return { key, sourceSha256, ...stored, ...(stretch !== undefined && { stretch }), notes }
  }

  /** The index of what is finished, in the order of the paths. */
  index(): CacheIndex {
    const accepted = this.outcomes
      .filter((outcome) => 'cached' in outcome)
      .sort((a, b) => byCodeUnit(a.file.path, b.file.path))
    const classes =
      this.plan.classes ?? [...new Set(accepted.flatMap(({ file }) => file.labels))].sort(byCodeUnit)
    const column = new Map(classes.map((name, i) => [name, i]))
    const labelled = accepted.map(({ file, cached }) => ({
      file,
      cached,
      labels: file.labels.map((name) => column.get(name)!),
    }))
    const seed = this.settings.seed ?? this.earlier.seed ?? DEFAULT_SEED
    const before = seed === (this.earlier.seed ?? seed) ? this.earlier.splits : []
    const splits = dealSplits(labelled, before, seed)
    const tracks = labelled.map(({ file, cached, labels }, i) => {
      const { key, samples, stretch, size, mtimeMs, sourceSha256, sha256, notes } = cached
      const audio = { samples, ...(stretch !== undefined && { stretch }) }
      const source = { size, mtimeMs, sourceSha256, sha256, notes }
      return { path: file.path, key, labels, split: splits[i]!, ...audio, ...source }
    })
    const failed = this.outcomes.flatMap((outcome) => ('skipped' in outcome ? [outcome.skipped] : []))
    return {
      audio: AUDIO_VERSION,
      sampleRate: SAMPLE_RATE,
      source: this.source.root,
      ...(this.settings.excerpts !== undefined && { excerpts: this.settings.excerpts }),
      task: this.plan.task,
      classes,
      seed,
      tracks,
      skipped: [...this.plan.skipped, ...failed].sort((a, b) => byCodeUnit(a.path, b.path)),
      former: formerOf(before, tracks),
    }
  }

  /** Writes down what is known so far; two writes never overlap. */
  save(): Promise<void> {
    this.lastSave = Date.now()
    this.saving = this.saving.then(() => writeIndex(partialIndexPath(this.settings.cache), this.index()))
    return this.saving
  }
}

/** The message without the path in front, which stands beside it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof ClmrError)) return error instanceof Error ? error.message : String(error)
  const prefix = error.path === undefined ? '' : `${error.path}: `
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message
}
