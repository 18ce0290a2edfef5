import type { Command } from 'commander'
import {
  DEMO_STEPS,
  type DemoMeasure,
  type DemoResult,
  type DemoStage,
  runDemo,
} from '../../demo/run-demo.js'
import { flagFor, parseOptions } from '../../options.js'
import { trainerConfig } from '../../train/options.js'
import { commonFlags, examples, threadsFlag } from '../command.js'
import { UsageError } from '../failure.js'
import { type Progress, startProgress } from '../progress.js'
import { onRun, type Session } from '../session.js'
import { duration, figure, printable, table } from '../text.js'

interface Options {
  out: string
  seed: number
  minutes: number
  device?: string
  precision?: string
}

/** Of the options of a training, those that the demo has too. */
const FLAGS = ['device', 'precision'] as const

/** Minutes that the default takes on two cores, and how many of them do not depend on the number of steps. */
const DEFAULT_MINUTES = 5
const FIXED_MINUTES = 1

/** Steps of a demo of about this many minutes on two cores: equal on every machine, so that results are equal. */
export function stepsFor(minutes: number): number {
  const share = (minutes - FIXED_MINUTES) / (DEFAULT_MINUTES - FIXED_MINUTES)
  return Math.max(10, Math.round(DEMO_STEPS * share))
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

function show(session: Session, result: DemoResult): void {
  const { trained, random, similar, steps, seconds, trainSeconds, report } = result
  const row = (name: string, pick: (m: DemoMeasure) => string) => [name, pick(trained), pick(random)]
  const { tracks, perClass } = trained.evaluation
  session.print('Similar tracks')
  for (const { query, tracks: near } of similar) {
    session.print(`  ${printable(query)}`)
    for (const { path, score } of near) session.print(`    ${figure(score)}  ${printable(path)}`)
  }
  session.print(
    `\nLinear probe (published protocol) on ${tracks} test tracks of ${perClass.length} classes, ${steps} steps`,
  )
  session.print(
    table([
      ['', 'trained', 'random weights'],
      row('accuracy', ({ evaluation }) => percent(evaluation.accuracy)),
      row('ROC-AUC', ({ evaluation }) => figure(evaluation.rocAuc)),
      row('PR-AUC', ({ evaluation }) => figure(evaluation.prAuc)),
      row('accuracy, standardised features', ({ standardised }) => percent(standardised.accuracy)),
      row('nearest track of the same class', ({ sameClass }) => percent(sameClass)),
    ]),
  )
  session.print(`\n${duration(seconds)}, of them ${duration(trainSeconds)} training`)
  session.print(`Open ${printable(report)}`)
}

/** One bar a stage, as the stages come. */
class Stages {
  private stage: DemoStage | undefined
  private progress: Progress | undefined

  constructor(private readonly session: Session) {}

  next(stage: DemoStage): Progress {
    if (this.progress && this.stage === stage) return this.progress
    this.end()
    this.stage = stage
    this.progress = startProgress(stage, this.session.quiet)
    return this.progress
  }

  end(): void {
    this.progress?.end()
    this.progress = undefined
  }
}

async function demo(session: Session, { out, seed, minutes, device, precision }: Options): Promise<void> {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UsageError('--seed is not a whole number from 0', 'Write for example --seed 7')
  if (!(minutes >= 1 && minutes <= 1440))
    throw new UsageError('--minutes is not a number from 1 to 1440', 'Write for example --minutes 15')
  const ofTraining = trainerConfig.pick({ device: true, precision: true })
  const computing = parseOptions(ofTraining, { device, precision }, 'clmr demo')
  const stages = new Stages(session)
  try {
    const result = await runDemo({
      out,
      seed,
      ...computing,
      steps: stepsFor(minutes),
      signal: session.signal,
      onProgress: ({ stage, done, total, note }) => {
        stages.next(stage).update(done, total, note)
      },
    })
    stages.end()
    show(session, result)
    session.printJson(result)
  } finally {
    stages.end()
    if (session.signal.aborted) session.note('what is done is kept; the same command continues from here')
  }
}

export function configure(command: Command): void {
  command
    .option('--out <dir>', 'Folder for everything that is made', 'clmr-demo')
    .option('--seed <n>', 'Seed of the music, the split, the weights and the training', Number, 42)
    .option(
      '--minutes <minutes>',
      'Length on two cores, roughly; sets the number of steps',
      Number,
      DEFAULT_MINUTES,
    )
  for (const name of FLAGS) command.addOption(flagFor(trainerConfig, name))
  threadsFlag(command)
  commonFlags(command)
  examples(command, ['clmr demo', 'clmr demo --out /tmp/demo --minutes 15', 'clmr demo --seed 7'])
  onRun(command, demo)
}
