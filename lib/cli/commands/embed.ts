import { extname } from 'node:path'
import type { Command } from 'commander'
import { isTooMany, prepareOptions } from '../../cache/prepare-options.js'
import { findAudio } from '../../datasets/walk.js'
import { checkWritable } from '../../files/output.js'
import type { EmbeddingRow } from '../../formats/embedding-row.js'
import { EMBEDDING_EXTENSIONS, embeddingFiles, writeEmbeddings } from '../../formats/embeddings.js'
import type { Encoder, FileEmbedding, LogMel, TrackEmbedding } from '../../model/index.js'
import { fileOptions } from '../../model/options.js'
import { parseOptions } from '../../options.js'
import { commonFlags, examples, flagFor, threadsFlag } from '../command.js'
import { type EarlierRows, embeddedBefore } from '../embedded-before.js'
import { EXIT, UsageError } from '../failure.js'
import { type EncoderFlags, encoderFlags, loadModel, MODEL_HELP } from '../model.js'
import type { Progress } from '../progress.js'
import { onRun, type Session } from '../session.js'
import { printable } from '../text.js'

interface Options extends EncoderFlags {
  model: string
  out: string
  hop?: number
  windows?: number
  perWindow?: boolean
  normalize?: boolean
  shard?: string
  maxReject?: number
}

interface Failed {
  path: string
  code?: string
  reason: string
}

function* rowsOf(path: string, embedding: TrackEmbedding, perWindow: boolean): Generator<EmbeddingRow> {
  const { windows, times, mean } = embedding
  if (!perWindow) yield { path, embedding: mean }
  else for (let i = 0; i < windows.rows; i++) yield { path, time: times[i]!, embedding: windows.row(i) }
}

/** Why a file has no rows in the table: numbers that nobody can compute with do not go there either. */
function failureOf({ path, embedding, error }: FileEmbedding): Failed | undefined {
  if (error) return { path, code: (error as { code?: string }).code, reason: error.message }
  if (embedding.windows.data.every(Number.isFinite)) return undefined
  return { path, code: 'ERR_NON_FINITE', reason: `${path}: its embedding holds NaN or infinity` }
}

/** The files of one of `n` processes that share the work: every n-th one. */
function shardOf(paths: string[], shard: string | undefined): string[] {
  if (shard === undefined) return paths
  const [, i, n] = /^(\d+)\/(\d+)$/.exec(shard)?.map(Number) ?? []
  if (i === undefined || n === undefined || i < 1 || i > n)
    throw new UsageError(`--shard ${shard} is not a share of the work`, 'Write for example --shard 1/4')
  return paths.filter((_, at) => at % n === i - 1)
}

/** The totals so far. */
interface Account {
  done: number
  rows: number
  /** files whose rows an earlier call wrote */
  kept: number
  failed: Failed[]
  /** files that were read, but with something to say about them */
  warned: { path: string; warnings: string[] }[]
}

interface Work {
  session: Session
  encoder: Encoder | LogMel
  paths: string[]
  options: Options
  earlier?: EarlierRows
  progress: Progress
  account: Account
}

/** The rows of one file after the other, where it is its turn; undefined once the work is interrupted. */
async function* freshRows({ session, encoder, paths, options, earlier, account }: Work) {
  const { hop, windows, normalize, perWindow = false } = options
  const { signal } = session
  const kept = new Set(earlier?.files)
  const missing = paths.filter((path) => !kept.delete(path))
  try {
    for await (const result of encoder.encodeFiles(missing, { hop, windows, normalize, signal })) {
      const failure = failureOf(result)
      const { path, embedding } = result
      if (failure) account.failed.push(failure)
      if (embedding?.warnings.length) account.warned.push({ path, warnings: embedding.warnings })
      yield failure || !embedding ? [] : rowsOf(path, embedding, perWindow)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Rows file by file. An interruption ends them without an error: what is known already is still written. */
async function* embedAll(work: Work): AsyncGenerator<EmbeddingRow> {
  const { paths, earlier, progress, account } = work
  const fresh = freshRows(work)
  const kept = new Set(earlier?.files)
  for (const path of paths) {
    const isKept = kept.delete(path)
    const rows = isKept ? earlier!.of(path) : (await fresh.next()).value
    if (!rows) continue
    for await (const row of rows) {
      account.rows++
      yield row
    }
    account.done++
    if (isKept) account.kept++
    const { done, failed } = account
    progress.update(done, paths.length, failed.length ? `${failed.length} failed` : '')
  }
}

/** Writes a table, unless there are no rows. */
async function writeSome(out: string, rows: AsyncGenerator<EmbeddingRow>): Promise<void> {
  const first = await rows.next()
  if (first.done) return
  const all = async function* () {
    yield first.value
    yield* rows
  }
  await writeEmbeddings(out, all())
}

async function findEarlier(
  session: Session,
  encoder: Encoder | LogMel,
  paths: string[],
  { out, hop, windows, normalize, perWindow = false }: Options,
): Promise<EarlierRows | undefined> {
  const { signal } = session
  const embedFile = async (path: string) => [
    ...rowsOf(path, await encoder.encodeFile(path, { hop, windows, normalize, signal }), perWindow),
  ]
  const earlier = await embeddedBefore(out, paths, perWindow, embedFile)
  if (earlier === 'other') {
    session.note(`${out} was written with another model or other options: it is replaced`)
    return undefined
  }
  if (earlier) session.note(`${earlier.files.size} of ${paths.length} files are in ${out} already`)
  return earlier
}

async function embed(session: Session, options: Options, given: string[]): Promise<void> {
  const { out } = options
  parseOptions(prepareOptions.pick({ maxReject: true }), { maxReject: options.maxReject }, 'clmr embed')
  if (!EMBEDDING_EXTENSIONS.some((extension) => extension === extname(out).toLowerCase()))
    throw new UsageError(
      `embeddings cannot be written as ${out}`,
      `Name a file that ends in ${EMBEDDING_EXTENSIONS.join(', ')}`,
    )
  for (const file of embeddingFiles(out)) await checkWritable(file)
  const { files, skipped } = await findAudio(given, session.signal)
  const paths = shardOf(files, options.shard)
  const unread = skipped.map(({ path, code, reason }) => ({ path, code, reason: `${path}: ${reason}` }))
  using encoder = await loadModel(options.model, options)
  const earlier = await findEarlier(session, encoder, paths, options)
  const total = paths.length + unread.length
  const account: Account = { done: unread.length, rows: 0, kept: 0, failed: unread, warned: [] }
  try {
    await session.withProgress('embed', (progress) => {
      progress.update(account.done, total)
      return writeSome(out, embedAll({ session, encoder, paths, options, earlier, progress, account }))
    })
  } finally {
    await earlier?.close()
  }
  tell(session, options, total, account)
}

const MAX_LISTED = 20

/** The first of many lines. */
function tellSome(lines: readonly string[], tellOne: (line: string) => void): void {
  for (const line of lines.slice(0, MAX_LISTED)) tellOne(line)
  const more = lines.length - MAX_LISTED
  if (more > 0) tellOne(`… and ${more} more (--json lists all)`)
}

/** `2 of 11 files failed: 1 ERR_AUDIO_DECODE, 1 ERR_IO`. */
function failureSummary(failed: readonly Failed[], total: number): string {
  const counts = new Map<string, number>()
  for (const { code = 'ERR_INTERNAL' } of failed) counts.set(code, (counts.get(code) ?? 0) + 1)
  const listed = [...counts].map(([code, count]) => `${count} ${code}`).join(', ')
  return `${failed.length} of ${total} files failed: ${listed}`
}

function tell(session: Session, options: Options, total: number, account: Account): void {
  const { out, maxReject } = options
  const { done, rows, kept, failed, warned } = account
  const embedded = done - failed.length
  const where = rows > 0 ? out : undefined
  const remarks = warned.flatMap(({ path, warnings }) => warnings.map((warning) => `${path}: ${warning}`))
  tellSome(remarks, (line) => session.note(line))
  tellSome(
    failed.map(({ reason }) => `failed ${reason}`),
    (line) => session.warn(line),
  )
  if (failed.length > 0) session.warn(failureSummary(failed, total))
  session.print(printable(`${embedded} of ${total} files, ${rows} embeddings${where ? `: ${where}` : ''}`))
  session.printJson({ in: total, embedded, kept, rows, out: where ?? null, failed, warned })
  if (session.signal.aborted) {
    if (where)
      session.note(
        `${where} holds ${kept > 0 ? '' : 'the first '}${done} of ${total} files; the same command continues`,
      )
    throw session.signal.reason
  }
  if (isTooMany(failed.length, total, maxReject)) session.exitCode = EXIT.rejected
  else if (embedded === 0) session.exitCode = EXIT.failed
}

export function configure(command: Command): void {
  command
    .argument('<paths...>', 'Audio files, or folders of them; sub-folders are searched too')
    .requiredOption('--model <model>', MODEL_HELP)
    .requiredOption(
      '--out <file>',
      'Table to write: .parquet, .jsonl or .npy (with the paths of the files in .npy.json); files that it already holds are embedded again only if they, the model or the options have changed',
    )
    .addOption(flagFor(fileOptions, 'hop'))
    .addOption(flagFor(fileOptions, 'windows'))
    .option('--per-window', 'Write one row per window instead of one mean per file')
    .option('--normalize', 'Scale every embedding to unit length')
    .option('--shard <i/n>', 'Embed only share i of n (such as 1/4), so that n processes can divide the work')
  encoderFlags(command)
  threadsFlag(command)
  command.addOption(flagFor(prepareOptions, 'maxReject'))
  commonFlags(command)
  examples(command, [
    'clmr embed --model runs/mine ~/Music --out music.parquet',
    'clmr embed --model encoder.safetensors a.wav b.mp3 --out x.jsonl --per-window --hop 1',
  ])
  onRun(command, embed)
}
