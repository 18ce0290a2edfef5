import { type Command, Option } from 'commander'
import { datasetOptions } from '../../cache/dataset-options.js'
import { prepareNamed } from '../../cache/get-dataset.js'
import { type Dataset, type PreparePlan, prepare } from '../../cache/index.js'
import { prepareOptions } from '../../cache/prepare-options.js'
import type { Grouping } from '../../datasets/groups.js'
import { DATASET_NAMES, findNamed } from '../../datasets/named/index.js'
import { parseOptions } from '../../options.js'
import { commonFlags, examples, flagFor, threadsFlag } from '../command.js'
import { UsageError } from '../failure.js'
import { followDataset } from '../follow-dataset.js'
import type { Progress } from '../progress.js'
import { onRun, type Session } from '../session.js'
import { duration, printable } from '../text.js'

interface Options {
  cache: string
  labels?: string
  groupBy?: Grouping
  seed?: number
  maxReject?: number
  concurrency?: number
  excerpts?: string
  dataset?: string
  scheme?: string
  download?: boolean
}

const FLAGS = ['labels', 'groupBy', 'seed', 'excerpts', 'maxReject', 'concurrency'] as const
const MAX_LISTED = 50

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1)} GB`

/** What is needed and what there is, before the work begins. */
function tellPlan(session: Session, { files, bytes, free }: PreparePlan): void {
  if (files > 0)
    session.note(
      `${files} files to decode: about ${gigabytes(bytes)}${Number.isFinite(free) ? `; ${gigabytes(free)} are free` : ''}`,
    )
}

function prepareFolder(
  source: string,
  { dataset: _, scheme, download, ...options }: Options,
  session: Session,
  progress: Progress,
): Promise<Dataset> {
  if (scheme !== undefined || download)
    throw new UsageError('--scheme and --download belong to --dataset', 'Name the data set too')
  const { cache, labels, groupBy, seed, excerpts, maxReject, concurrency } = options
  return prepare(source, {
    ...{ cache, labels, groupBy, seed, excerpts, maxReject, concurrency, signal: session.signal },
    onPlan: (plan) => tellPlan(session, plan),
    onProgress: ({ done, total, rejected }) =>
      progress.update(done, total, rejected ? `${rejected} not usable` : ''),
  })
}

function prepareDataset(
  source: string,
  { dataset, labels, groupBy, cache, scheme, download, seed, excerpts, maxReject, concurrency }: Options,
  session: Session,
  progress: Progress,
): Promise<Dataset> {
  if (labels !== undefined)
    throw new UsageError(
      '--labels and --dataset exclude each other',
      'Leave --labels out: a data set brings its own',
    )
  if (groupBy !== undefined)
    throw new UsageError(
      '--group-by and --dataset exclude each other',
      'Leave --group-by out: a data set brings its own splits',
    )
  const settings = parseOptions(
    datasetOptions,
    {
      ...{ cache, scheme, download, seed, excerpts, maxReject, concurrency, signal: session.signal },
      onPlan: (plan: PreparePlan) => tellPlan(session, plan),
      onProgress: followDataset(progress),
    },
    'clmr prepare',
  )
  return prepareNamed(findNamed(dataset), source, settings, true)
}

export function configure(command: Command): void {
  command
    .argument('<source>', 'Folder of audio files; sub-folders are searched too')
    .addOption(flagFor(prepareOptions, 'cache').makeOptionMandatory())
  for (const name of FLAGS) command.addOption(flagFor(prepareOptions, name))
  command
    .addOption(
      new Option(
        '--dataset <name>',
        `Published data set that <source> holds: ${DATASET_NAMES.join(', ')}`,
      ).choices(DATASET_NAMES),
    )
    .addOption(flagFor(datasetOptions, 'scheme'))
    .option('--download', 'With --dataset: download missing files')
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr prepare ~/Music --cache music.cache',
    'clmr prepare corpus --cache corpus.cache --labels folders',
    'clmr prepare ~/Music --cache music.cache --group-by grandparent',
    'clmr prepare ~/Music --cache music.cache --excerpts 3x30',
    'clmr prepare clips --cache tags.cache --labels tags.csv',
    'clmr prepare data --cache mtat.cache --dataset magnatagatune --download',
  ])
  onRun(command, async (session, options: Options, source: string) => {
    const dataset = await session.withProgress('prepare', (progress) =>
      options.dataset === undefined
        ? prepareFolder(source, options, session, progress)
        : prepareDataset(source, options, session, progress),
    )
    using _open = dataset
    const { skipped, tracks, classes } = dataset
    for (const { path, reason } of skipped.slice(0, MAX_LISTED)) session.warn(`skipped ${path}: ${reason}`)
    if (skipped.length > MAX_LISTED)
      session.warn(`… and ${skipped.length - MAX_LISTED} more (--json lists all)`)
    for (const warning of dataset.warnings) session.warn(warning)
    const seconds = tracks.reduce((sum, track) => sum + track.duration, 0)
    const share = (split: string) => tracks.filter((track) => track.split === split).length
    const splits = { train: share('train'), valid: share('valid'), test: share('test') }
    const found = tracks.length + skipped.length
    session.print(`${found} files: ${tracks.length} accepted, ${skipped.length} rejected`)
    session.print(
      `${duration(seconds)} of music, ${classes.length} classes, train ${splits.train}, valid ${splits.valid}, test ${splits.test}`,
    )
    session.print(printable(dataset.cache))
    session.printJson({
      in: found,
      accepted: tracks.length,
      rejected: skipped.length,
      cache: dataset.cache,
      seconds,
      task: dataset.task,
      classes,
      splits,
      warnings: dataset.warnings,
      skipped,
    })
  })
}
