import { type Command, Option } from 'commander'
import { type Dataset, openDataset } from '../../cache/index.js'
import { SPLITS } from '../../datasets/tracks.js'
import { MEASURES, type MonitorFigures } from '../../evaluate/monitor.js'
import { kernelsFor } from '../../model/architecture.js'
import { markedNames } from '../../options.js'
import { fittingBatch, readTrainingConfig, type TrainingConfig } from '../../train/config.js'
import { type PresetName, Trainer, type TrainingSummary } from '../../train/index.js'
import type { TrainerConfig } from '../../train/option-types.js'
import { trainerConfig } from '../../train/options.js'
import { PRESETS } from '../../train/presets.js'
import { dataOfRun, freeOptions, refuseChanges } from '../../train/run.js'
import { commonFlags, examples, flagFor, threadsFlag } from '../command.js'
import { UsageError } from '../failure.js'
import { memoryLimit, memoryNote } from '../memory.js'
import { onRun, type Session } from '../session.js'
import { duration, figure, printable } from '../text.js'

/** Options of the table that have a flag of their own; all others are set by --set or --config. */
const FLAGS = markedNames(trainerConfig, 'flag')

const TRAINED_SPLITS = [...SPLITS, 'all'] as const
type SplitName = (typeof TRAINED_SPLITS)[number]

interface Options {
  data?: string
  run: string
  config?: string
  preset?: PresetName
  set?: string[]
  split?: SplitName
  validate?: boolean
  resume?: boolean
  initFrom?: string
  monitor?: string
}

interface Data extends AsyncDisposable {
  dataset: Dataset
  validation?: Dataset
}

/**
 * By default the train split if there are labels, which later evaluate the model, or if the valid split is monitored;
 * otherwise all tracks. A run that goes on keeps its tracks, wherever their cache is now.
 */
async function openData(
  cache: string,
  options: Options,
  { monitor, patience }: TrainerConfig,
): Promise<Data> {
  const { split, validate, resume, run } = options
  const watched = monitor !== undefined || patience !== undefined
  const whole = await openDataset(cache)
  const own = resume ? await dataOfRun(run, cache) : {}
  const wanted = split ?? (whole.task === 'none' && !watched ? 'all' : 'train')
  const chosen = wanted === 'all' ? whole : whole.subset(wanted)
  const dataset = split === undefined ? (own.dataset ?? chosen) : chosen
  const validation = validate || (watched && !own.validation) ? whole.subset('valid') : own.validation
  return {
    dataset,
    validation,
    async [Symbol.asyncDispose]() {
      for (const open of new Set([whole, dataset, validation])) open?.dispose()
    },
  }
}

/**
 * Goes on with a run. Options that were asked for must equal those of the run, except for those that may change. The
 * batch of a preset is not asked for: it may have been fitted to the data.
 */
async function resume({ run }: Options, settings: TrainingConfig, data?: Data): Promise<Trainer> {
  const { config, given } = settings
  const { batchSize: _fitted, ...preset } = settings.preset
  const asked = { ...preset, ...given }
  const free = Object.fromEntries(
    freeOptions.filter((name) => name in asked).map((name) => [name, config[name]]),
  )
  const { dataset, validation } = data ?? {}
  const trainer = await Trainer.resume(run, { ...free, dataset, validation })
  try {
    const changes = Object.fromEntries(
      Object.keys(asked).map((name) => [name, config[name as keyof typeof config]]),
    )
    refuseChanges(trainer.config, { ...trainer.config, ...changes }, run)
  } catch (error) {
    await trainer[Symbol.asyncDispose]()
    throw error
  }
  return trainer
}

/** `, retrieval 0.412, knn 0.583` */
const monitored = (figures: MonitorFigures = {}) =>
  Object.entries(figures)
    .map(([name, value]) => `, ${name} ${figure(value)}`)
    .join('')

async function follow(session: Session, trainer: Trainer): Promise<TrainingSummary> {
  const total = trainer.totalSteps ?? 0
  return session.withProgress('train', (progress) => {
    progress.update(trainer.stepsDone, total)
    return trainer.fit({
      signal: session.signal,
      onStep: ({ step, loss, viewsPerSecond }) =>
        progress.update(step, total, `loss ${figure(loss)} · ${figure(viewsPerSecond, 1)} views/s`),
      onEpoch: ({ epoch, validLoss, monitor }) => {
        if (validLoss !== undefined)
          progress.line(`epoch ${epoch}: validation loss ${figure(validLoss)}${monitored(monitor)}`)
      },
    })
  })
}

function tell(session: Session, summary: TrainingSummary): void {
  const { steps, epochs, finalLoss, seconds, checkpoint, best, stoppedEarly } = summary
  // no step was left to do: there is no loss either
  const trained = Number.isNaN(finalLoss)
    ? ''
    : `, loss of the last step ${figure(finalLoss)}, ${duration(seconds)}`
  session.print(`${steps} steps, ${epochs} epochs${trained}`)
  if (best) {
    const name = best.measure === 'validLoss' ? 'validation loss' : best.measure
    const ended = stoppedEarly ? '; there was no further improvement, so the training ended' : ''
    session.print(`best ${name} ${figure(best.value)} after step ${best.step}${ended}`)
  }
  session.print(printable(checkpoint ?? ''))
  session.printJson(summary)
}

/** `--monitor` as `--set` takes it. @throws UsageError for what is no measure */
function monitorSetting(text: string): string {
  const measures = text.split(',').map((word) => word.trim())
  const unknown = measures.find((word) => !MEASURES.some((measure) => measure === word))
  if (unknown !== undefined)
    throw new UsageError(
      `--monitor ${text}: ${JSON.stringify(unknown)} is not a measure`,
      `Write some of ${MEASURES.join(', ')}, separated by commas`,
    )
  return `monitor.measures=[${measures.join(', ')}]`
}

/** @throws UsageError for flags that would have no effect together */
function checkTogether({ data, resume, split, validate, initFrom }: Options): void {
  if (data === undefined && !resume) throw new UsageError('a new training needs data', 'Pass --data CACHE')
  if (resume && initFrom !== undefined)
    throw new UsageError('--resume goes on with the weights of the run', 'Leave --init-from out')
  const flag = split !== undefined ? '--split' : validate ? '--validate' : undefined
  if (data === undefined && flag !== undefined)
    throw new UsageError(
      `without --data, --resume takes the tracks of the run, and ${flag} has nothing to choose from`,
      `Leave ${flag} out`,
    )
}

function whereItIs({ stepsDone, totalSteps = 0, isOver, config }: Trainer): string {
  if (isOver)
    return `the run has ended after ${stepsDone} steps: ${config.patience} measurements in a row did not get better; raise --patience to train longer`
  if (stepsDone < totalSteps) return `going on from step ${stepsDone}`
  return `the run is complete: its ${totalSteps} steps are done; raise --epochs or --max-steps to train longer`
}

function withFittingBatch(session: Session, settings: TrainingConfig, { length }: Dataset): TrainerConfig {
  const { config } = settings
  const batchSize = fittingBatch(settings, length)
  if (batchSize !== config.batchSize)
    session.note(`there are ${length} tracks: the batch size is ${batchSize} instead of ${config.batchSize}`)
  return { ...config, batchSize }
}

async function train(session: Session, options: Options & Record<string, unknown>): Promise<void> {
  const { data: cache, run, config: file, preset, monitor } = options
  checkTogether(options)
  const set = [...(options.set ?? []), ...(monitor === undefined ? [] : [monitorSetting(monitor)])]
  const flags = Object.fromEntries(FLAGS.map((name) => [name, options[name]]))
  const settings = await readTrainingConfig(file, { preset, set, options: flags })
  if ('runDirectory' in settings.given)
    throw new UsageError(
      'the folder of the run is given twice: as runDirectory and as --run',
      'Remove runDirectory from --config and --set: --run says it',
    )
  await using data = cache === undefined ? undefined : await openData(cache, options, settings.config)
  const { dataset, validation } = data ?? {}
  await using trainer = options.resume
    ? await resume(options, settings, data)
    : await Trainer.create({
        ...withFittingBatch(session, settings, dataset!),
        dataset,
        validation,
        runDirectory: run,
      })
  const { batchSize, chunkSize = batchSize, augmenter, kernels, architecture } = trainer.config
  const examples = Math.min(batchSize, chunkSize)
  // the sizes of another network are not known beforehand
  const note =
    kernelsFor(architecture) === 'fused' && memoryNote(examples, augmenter.views, memoryLimit(), kernels)
  if (note) session.note(note)
  if (options.resume) session.note(whereItIs(trainer))
  try {
    tell(session, await follow(session, trainer))
  } catch (error) {
    if (session.signal.aborted)
      session.note(`saved step ${trainer.stepsDone}; go on with: clmr train --run ${run} --resume`)
    throw error
  }
}

export function configure(command: Command): void {
  command
    .option('--data <dir>', 'Cache that `clmr prepare` made (default with --resume: the cache of the run)')
    .requiredOption('--run <dir>', 'Folder for the run: configuration, metrics, checkpoints')
    .option('--config <file.yaml>', 'Options in a YAML file, with the same names as in --set')
    .addOption(
      new Option(
        '--preset <name>',
        `Named set of options to start from; all other options override it: ${PRESETS.join(', ')}`,
      ).choices(PRESETS),
    )
    .option(
      '--set <key=value...>',
      'Any training option, such as optimizer.lr=0.001',
      (value, all: string[] = []) => [...all, value],
    )
    .addOption(
      new Option(
        `--split <${TRAINED_SPLITS.join('|')}>`,
        'Tracks to train on (default: "train", or "all" if there are no labels and no monitor)',
      ).choices(TRAINED_SPLITS),
    )
    .option('--validate', 'Measure the loss on the valid split after every epoch')
    .option(
      `--monitor <${MEASURES.join(',')}>`,
      'Also measure the encoder on the valid split after every epoch (every n epochs with --set monitor.every=n). The measure listed first decides which weights are best',
    )
    .option('--resume', 'Continue where the run stopped')
  for (const name of FLAGS) command.addOption(flagFor(trainerConfig, name))
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr train --data music.cache --run runs/mine',
    'clmr train --data music.cache --run runs/mine --config train.yaml --set optimizer.lr=0.001',
    'clmr train --data music.cache --run runs/byol --preset byol --batch-size 24',
    'clmr train --data music.cache --run runs/mine --monitor retrieval,knn --patience 10',
    'clmr train --run runs/mine --resume --epochs 200',
  ])
  onRun(command, train)
}
