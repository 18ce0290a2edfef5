import { extname } from 'node:path'
import type { Command } from 'commander'
import { isTooMany, prepareOptions } from '../../cache/prepare-options.js'
import { findAudio } from '../../datasets/walk.js'
import { checkWritable } from '../../files/output.js'
import type { EmbeddingRow } from '../../formats/embedding-row.js'
import { EMBEDDING_EXTENSIONS, embeddingFiles, writeEmbeddings } from '../../formats/embeddings.js'
import type { Encoder, TrackEmbedding } from '../../model/index.js'
import { flagFor, parseOptions } from '../../options.js'
import { commonFlags, examples } from '../command.js'
import { EXIT, UsageError } from '../failure.js'
import { loadModel, MODEL_HELP } from '../model.js'
import type { Progress } from '../progress.js'
import { onRun, type Session } from '../session.js'
import { printable } from '../text.js'

interface Options {
  model: string
  out: string
  hop?: number
  frames?: boolean
  maxReject?: number
}

interface Failed {
  path: string
  code?: string
  reason: string
}

function* rowsOf(
  path: string,
  { windows, times, mean }: TrackEmbedding,
  each: boolean,
): Generator<EmbeddingRow> {
  if (!each) yield { path, embedding: mean }
  else for (let i = 0; i < windows.rows; i++) yield { path, time: times[i]!, embedding: windows.row(i) }
}

/** The totals so far. */
interface Account {
  done: number
  rows: number
  failed: Failed[]
  /** files that were read, but with something to say about them */
  warned: { path: string; warnings: string[] }[]
}

/** Rows file by file. An interruption ends them without an error, so that the rows so far are written. */
async function* embedAll(
  session: Session,
  encoder: Encoder,
  paths: string[],
  options: Options,
  progress: Progress,
  account: Account,
): AsyncGenerator<EmbeddingRow> {
  const { signal } = session
  try {
    for await (const { path, embedding, error } of encoder.encodeFiles(paths, { hop: options.hop, signal })) {
      account.done++
      if (error) account.failed.push({ path, code: (error as { code?: string }).code, reason: error.message })
      else {
        if (embedding.warnings.length > 0) account.warned.push({ path, warnings: embedding.warnings })
        for (const row of rowsOf(path, embedding, options.frames === true)) {
          account.rows++
          yield row
        }
      }
      const { done, failed } = account
      progress.update(done, paths.length, failed.length ? `${failed.length} failed` : '')
    }
  } catch (error) {
    if (!signal.aborted) throw error
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

async function embed(session: Session, options: Options, given: string[]): Promise<void> {
  const { out } = options
  parseOptions(prepareOptions.pick({ maxReject: true }), { maxReject: options.maxReject }, 'clmr embed')
  if (!EMBEDDING_EXTENSIONS.some((extension) => extension === extname(out).toLowerCase()))
    throw new UsageError(
      `embeddings cannot be written as ${out}`,
      `Name a file that ends in ${EMBEDDING_EXTENSIONS.join(', ')}`,
    )
  for (const file of embeddingFiles(out)) await checkWritable(file)
  const { files: paths, skipped } = await findAudio(given, session.signal)
  const unread = skipped.map(({ path, code, reason }) => ({ path, code, reason: `${path}: ${reason}` }))
  using encoder = await loadModel(options.model)
  const total = paths.length + unread.length
  const account: Account = { done: unread.length, rows: 0, failed: unread, warned: [] }
  await session.withProgress('embed', (progress) => {
    progress.update(account.done, total)
    return writeSome(out, embedAll(session, encoder, paths, options, progress, account))
  })
  tell(session, options, total, account)
}

function tell(
  session: Session,
  options: Options,
  total: number,
  { done, rows, failed, warned }: Account,
): void {
  const { out, maxReject } = options
  const embedded = done - failed.length
  const where = rows > 0 ? out : undefined
  for (const { path, warnings } of warned)
    for (const warning of warnings) session.note(printable(`${path}: ${warning}`))
  for (const { reason } of failed) session.warn(`failed ${reason}`)
  session.print(printable(`${embedded} of ${total} files, ${rows} embeddings${where ? `: ${where}` : ''}`))
  session.printJson({ in: total, embedded, rows, out: where ?? null, failed, warned })
  if (session.signal.aborted) {
    if (where) session.note(`${where} holds the first ${done} of ${total} files`)
    throw session.signal.reason
  }
  if (isTooMany(failed.length, total, maxReject)) session.exitCode = EXIT.rejected
  else if (embedded === 0) session.exitCode = EXIT.failed
}

const number = (text: string) => (text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text))

export function configure(command: Command): void {
  command
    .argument('<paths...>', 'audio files, or folders that are searched with their sub-folders')
    .requiredOption('--model <model>', MODEL_HELP)
    .requiredOption('--out <file>', 'table to write: .parquet, .npy (with .npy.json for the paths) or .jsonl')
    .option('--hop <seconds>', 'from window to window (default: one window, 2.678 s)', number)
    .option('--frames', 'one row a window instead of the mean of each file')
  command.addOption(flagFor(prepareOptions, 'maxReject'))
  commonFlags(command)
  examples(command, [
    'clmr embed --model runs/mine ~/Music --out music.parquet',
    'clmr embed --model encoder.safetensors a.wav b.mp3 --out x.jsonl --frames --hop 1',
  ])
  onRun(command, embed)
}
