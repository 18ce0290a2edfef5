import type { Command } from 'commander'
import { isTooMany, prepareOptions } from '../../cache/prepare-options.js'
import { findAudio } from '../../datasets/walk.js'
import { ClmrError } from '../../errors.js'
import { LinearProbe, type TagsOverTime } from '../../evaluate/index.js'
import { probeOverTimeOptions } from '../../evaluate/probe-options.js'
import { decisionsOf } from '../../evaluate/thresholds.js'
import { parseOptions } from '../../options.js'
import { commonFlags, examples, flagFor, number, threadsFlag } from '../command.js'
import { EXIT } from '../failure.js'
import { type EncoderFlags, encoderFlags, loadModel, MODEL_HELP } from '../model.js'
import { onRun, type Session } from '../session.js'
import { figure, printable } from '../text.js'

interface Options extends EncoderFlags {
  model: string
  probe: string
  hop?: number
  threshold?: number
  classes?: string
  csv?: boolean
  maxReject?: number
}

interface Tag {
  class: string
  probability: number
  /** whether the file has it, by the thresholds */
  predicted: boolean
}

interface Predicted {
  path: string
  tags: Tag[]
  /** seconds */
  times: number[]
  /** one row per window, in the order of the probe's classes */
  overTime: number[][]
}

interface Failed {
  path: string
  error: { code?: string; reason: string }
}

const rounded = (probability: number) => Math.round(probability * 1e4) / 1e4

function tagsOf(probe: LinearProbe, { tags }: TagsOverTime, threshold: number | undefined): Tag[] {
  const decisions = decisionsOf(probe, tags, threshold)
  return tags.map(({ class: name, probability }, place) => ({
    class: name,
    probability: rounded(probability),
    predicted: decisions[place]!,
  }))
}

async function predictOne(probe: LinearProbe, path: string, session: Session, options: Options) {
  const { hop, threshold } = options
  const onWarning = (text: string) => session.note(text)
  const found = await probe.predictOverTime(path, { hop, signal: session.signal, onWarning })
  return {
    path,
    tags: tagsOf(probe, found, threshold),
    times: [...found.times],
    overTime: Array.from(found.windows, (row) => Array.from(row, rounded)),
  }
}

const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** One row for the file, whose time is empty, and one for every window. */
function csvRows({ path, tags, times, overTime }: Predicted, classes: readonly string[]): string[] {
  const whole = classes.map((name) => tags.find((tag) => tag.class === name)!.probability)
  const row = (time: string, values: number[]) => [cell(path), time, ...values].join(',')
  return [row('', whole), ...overTime.map((values, i) => row(times[i]!.toFixed(3), values))]
}

function tell(session: Session, predicted: Predicted): void {
  const said = predicted.tags.filter((tag) => tag.predicted)
  const [likeliest] = predicted.tags
  const shown = (tags: Tag[]) => tags.map((tag) => `${tag.class} ${figure(tag.probability, 2)}`).join(', ')
  const text = said.length > 0 ? shown(said) : `none (likeliest: ${shown([likeliest!])})`
  session.print(`${printable(predicted.path)}: ${printable(text)}`)
}

/** A file that cannot be read is told and does not end the others. */
async function predictAll(session: Session, probe: LinearProbe, paths: string[], options: Options) {
  const results: (Predicted | Failed)[] = []
  const failed: Failed[] = []
  if (options.csv) session.print(['path', 'time', ...probe.classes.map(cell)].join(','))
  await session.withProgress('predict', async (progress) => {
    for (const [done, path] of paths.entries()) {
      progress.update(done, paths.length)
      try {
        const predicted = await predictOne(probe, path, session, options)
        results.push(predicted)
        if (!options.csv) tell(session, predicted)
        else for (const row of csvRows(predicted, probe.classes)) session.print(row)
      } catch (error) {
        if (session.signal.aborted || !(error instanceof ClmrError)) throw error
        const failure = { path, error: { code: error.code, reason: error.message } }
        failed.push(failure)
        results.push(failure)
        session.warn(`failed ${error.message}`)
      }
    }
    progress.update(paths.length, paths.length)
  })
  return { results, failed }
}

async function predict(session: Session, options: Options, given: string[]): Promise<void> {
  const { maxReject, classes, model, probe: file } = options
  parseOptions(prepareOptions.pick({ maxReject: true }), { maxReject }, 'clmr predict')
  const { files, skipped } = await findAudio(given, session.signal)
  using encoder = await loadModel(model, options)
  using probe = await LinearProbe.load(file, { encoder, classes: classes?.split(',') })
  const { results, failed } = await predictAll(session, probe, files, options)
  const unread = skipped.map(({ path, code, reason }): Failed => ({ path, error: { code, reason } }))
  for (const { path, error } of unread) session.warn(`failed ${path}: ${error.reason}`)
  session.printJson([...results, ...unread])
  const [bad, total] = [failed.length + unread.length, files.length + unread.length]
  if (isTooMany(bad, total, maxReject)) session.exitCode = EXIT.rejected
  else if (bad === total) session.exitCode = EXIT.failed
}

export function configure(command: Command): void {
  command
    .argument('<paths...>', 'Audio files, or folders of them; sub-folders are searched too')
    .requiredOption('--model <model>', MODEL_HELP)
    .requiredOption(
      '--probe <file>',
      "Probe of this model from `clmr evaluate --save-probe`, or a checkpoint with a classifier, such as one from CLMR's linear evaluation",
    )
    .option(
      '--threshold <p>',
      'Minimum probability of a tag (default: for each class, the threshold with the best F1 on the validation tracks; 0.5 for a checkpoint)',
      number,
    )
    .option('--classes <names>', 'Names of the classes of a checkpoint, separated by commas')
    .option(
      '--csv',
      'Print CSV: for each file, one row for the whole file and then one row for each of its windows',
    )
    .addOption(flagFor(probeOverTimeOptions, 'hop'))
    .addOption(flagFor(prepareOptions, 'maxReject'))
  encoderFlags(command)
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr predict --model runs/mine --probe tags.safetensors song.mp3',
    'clmr predict --model runs/mine --probe tags.safetensors ~/Music --json',
  ])
  onRun(command, predict)
}
