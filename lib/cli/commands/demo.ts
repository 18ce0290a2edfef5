import type { Command } from 'commander'
import { TRACKS_PER_CLASS } from '../../demo/index.js'
import {
  DEMO_ROWS,
  DEMO_STEPS,
  type DemoResult,
  type DemoRow,
  type DemoStage,
  runDemo,
} from '../../demo/run-demo.js'
import { DEFAULT_SEED, parseOptions } from '../../options.js'
import { trainerConfig } from '../../train/options.js'
import { commonFlags, examples, flagFor, threadsFlag } from '../command.js'
import { UsageError } from '../failure.js'
import { type Progress, startProgress } from '../progress.js'
import { tellRetrieval } from '../results.js'
import { onRun, type Session } from '../session.js'
import { duration, figure, printable, table } from '../text.js'

interface Options {
  out: string
  seed: number
  minutes: number
  tracks: number
  device?: string
  precision?: string
}

/** Of the options of a training, those that the demo has too. */
const FLAGS = ['device', 'precision'] as const

/** Minutes that the default takes on two cores, and how many of them do not depend on the number of steps. */
const DEFAULT_MINUTES = 5
const FIXED_MINUTES = 1

/** Fewer tracks a class leave too few to train on. */
const LEAST_TRACKS = 4

/** Steps of a demo of about this many minutes on two cores: equal on every machine, so that results are equal. */
export function stepsFor(minutes: number): number {
  const share = (minutes - FIXED_MINUTES) / (DEFAULT_MINUTES - FIXED_MINUTES)
  return Math.max(4, Math.round(DEMO_STEPS * share))
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

const ROWS = Object.keys(DEMO_ROWS) as DemoRow[]

/** What the reader has to know before believing the tables. */
const CHOSEN = `What was chosen after results were seen: the training (preset small) by trainings on other music, the
soundtracks of free games; the form of the vectors, for each row the one that suits it best. What was not: the tracks,
the crops, the seeds. Random weights come in two ways, with batch statistics of the data and as they begin.`

/** The rows of the probe: every column for each. */
function probeTable(result: DemoResult): string {
  const rows = ROWS.map((row) => {
    const { evaluation: plain, standardised, sameClass } = result[row]
    const probes = [plain, standardised].flatMap(({ accuracy, rocAuc, prAuc }) => [
      percent(accuracy),
      figure(rocAuc),
      figure(prAuc),
    ])
    return [DEMO_ROWS[row], ...probes, percent(sameClass)]
  })
  const measures = ['accuracy', 'ROC-AUC', 'PR-AUC']
  const head = ['', ...measures, ...measures.map((name) => `${name}, standardised`)]
  return table([[...head, 'nearest track of the same class'], ...rows])
}

/** Top 1 of each row in its best form. */
function bestOf(result: DemoResult, row: DemoRow): { clean: number; altered: number } {
  const { raw, standardised, whitened } = result[row].retrieval
  const forms = [raw, standardised, whitened]
  return {
    clean: Math.max(...forms.map(({ top1 }) => top1)),
    altered: Math.max(...forms.map(({ byTransform }) => byTransform.chain!.top1)),
  }
}

function show(session: Session, result: DemoResult): void {
  const { similar, steps, seconds, trainSeconds, report, trained } = result
  session.print('Similar tracks')
  for (const { query, tracks: near } of similar) {
    session.print(`  ${printable(query)}`)
    for (const { path, score } of near) session.print(`    ${figure(score)}  ${printable(path)}`)
  }
  const best = ROWS.map((row) => [DEMO_ROWS[row], bestOf(result, row)] as const)
  session.print(
    `\nFinding a track by another of its crops, after ${steps} steps; each in its best form, top 1`,
  )
  session.print(
    table([
      ['', 'clean', 'altered'],
      ...best.map(([name, { clean, altered }]) => [name, percent(clean), percent(altered)]),
    ]),
  )
  session.print('')
  tellRetrieval(
    session,
    ROWS.map((row) => [DEMO_ROWS[row], result[row].retrieval]),
  )
  const { tracks, perClass } = trained.evaluation
  session.print(`\nLinear probe (published protocol) on ${tracks} test tracks of ${perClass.length} classes`)
  session.print(probeTable(result))
  session.print(`\n${CHOSEN}`)
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

async function demo(session: Session, { out, seed, minutes, tracks, ...rest }: Options): Promise<void> {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UsageError('--seed is not a whole number from 0', 'Write for example --seed 7')
  if (!(minutes >= 1 && minutes <= 1440))
    throw new UsageError('--minutes is not a number from 1 to 1440', 'Write for example --minutes 15')
  if (!(Number.isInteger(tracks) && tracks >= LEAST_TRACKS && tracks <= 99))
    throw new UsageError(
      `--tracks is not a whole number from ${LEAST_TRACKS} to 99`,
      'Write for example --tracks 6',
    )
  const ofTraining = trainerConfig.pick({ device: true, precision: true })
  const { device, precision } = rest
  const computing = parseOptions(ofTraining, { device, precision }, 'clmr demo')
  const stages = new Stages(session)
  try {
    const result = await runDemo({
      out,
      seed,
      ...computing,
      steps: stepsFor(minutes),
      tracksPerClass: tracks,
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
    .option('--out <dir>', 'Folder for all output', 'clmr-demo')
    .option('--seed <n>', 'Seed of the music, the split, the weights and the training', Number, DEFAULT_SEED)
    .option(
      '--minutes <minutes>',
      'Approximate duration on two cores; sets the number of steps',
      Number,
      DEFAULT_MINUTES,
    )
    .option('--tracks <n>', 'Tracks per class; fewer take less time', Number, TRACKS_PER_CLASS)
  for (const name of FLAGS) command.addOption(flagFor(trainerConfig, name))
  threadsFlag(command)
  commonFlags(command)
  examples(command, ['clmr demo', 'clmr demo --out /tmp/demo --minutes 15', 'clmr demo --seed 7'])
  onRun(command, demo)
}
