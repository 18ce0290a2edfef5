import { type Command, Option } from 'commander'
import { type Dataset, openDataset } from '../../cache/index.js'
import { SPLITS, type Split } from '../../datasets/tracks.js'
import {
  compareProbes,
  compareRetrieval,
  type DatasetEmbeddings,
  type Evaluation,
  embedDataset,
  type Retrieval,
} from '../../evaluate/index.js'
import {
  checkLabelled,
  embeddingsOf,
  evaluateFractions,
  linearEvaluation,
  probeOfSplits,
  type RepeatedEvaluation,
} from '../../evaluate/linear-evaluation.js'
import type { ProbeOptions } from '../../evaluate/option-types.js'
import { probeOptions } from '../../evaluate/probe-options.js'
import { queriedOf } from '../../evaluate/retrieval.js'
import { isClean, seenSentence, seenTracks } from '../../evaluate/trained-on.js'
import { checkWritable } from '../../files/output.js'
import type { Encoder, LogMel } from '../../model/index.js'
import { markedNames, parseOptions } from '../../options.js'
import { commonFlags, examples, flagFor, noCacheFlag, threadsFlag } from '../command.js'
import { UsageError } from '../failure.js'
import { baselineModels, type EncoderFlags, EVALUATED_MODEL_HELP, encoderFlags, Models } from '../model.js'
import { type Differences, tellDifferences, tellProbes, tellRepeated, tellRetrieval } from '../results.js'
import { retrievalsOf } from '../retrievals.js'
import { onRun, type Session } from '../session.js'

/** Options of the table that have a flag; the others are those of the published protocol. */
const FLAGS = markedNames(probeOptions, 'flag')

interface Options extends EncoderFlags {
  model: string
  data: string
  protocol?: ProbeOptions['protocol']
  hidden?: number
  seed?: number
  standardise?: boolean
  baselines?: boolean
  cache: boolean
  saveProbe?: string
  seeds?: number
  labelFractions?: number[]
  compare?: string
}

/** What was measured of one model. */
interface Measured {
  retrieval: Retrieval
  evaluation?: Evaluation
  embeddings?: DatasetEmbeddings<Dataset>
  /** with several seeds, or with a part of the labels */
  repeated?: RepeatedEvaluation[]
}

/** What the model was trained on, of the tracks here: a line on the splits, and one on the tracks that were judged. */
function tellTrainedOn(
  session: Session,
  encoder: Encoder | LogMel,
  dataset: Dataset,
  { retrieval, evaluation }: Measured,
): void {
  const share = (split: Split) => {
    const { tracks } = dataset.subset(split)
    return `${seenTracks(encoder, tracks)!.tracks} of ${tracks.length} ${split} tracks`
  }
  if (evaluation && encoder.trainedOn.sources.length > 0)
    session.print(`trained on ${SPLITS.map(share).join(', ')}`)
  const { trainedOn, tracks } = evaluation ?? retrieval
  const sentence = seenSentence(trainedOn, tracks, evaluation ? 'test' : 'queried')
  if (isClean(trainedOn)) session.print(sentence)
  else session.warn(`${sentence}${trainedOn?.tracks ? ': these figures flatter the model' : ''}`)
}

/** Probes with several seeds and with parts of the labels, as far as these were asked for. */
async function repeat(
  session: Session,
  encoder: Encoder | LogMel,
  embeddings: DatasetEmbeddings<Dataset>,
  options: Options,
): Promise<RepeatedEvaluation[] | undefined> {
  const { seeds, labelFractions } = options
  if (seeds === undefined && labelFractions === undefined) return undefined
  const settings = { ...probeSettings(options), signal: session.signal }
  const fractions = (labelFractions ?? [100]).map((percent) => percent / 100)
  return evaluateFractions(encoder, embeddings, settings, fractions, seeds)
}

/** The probe of a model, if there are labels. */
async function probe(
  session: Session,
  name: string,
  encoder: Encoder | LogMel,
  dataset: Dataset,
  options: Options,
): Promise<Omit<Measured, 'retrieval'>> {
  if (dataset.task === 'none') return {}
  const { signal } = session
  const { cache, model, saveProbe } = options
  const embeddings = await session.withProgress(`${name}: embed`, (progress) =>
    embedDataset(encoder, dataset, { cache, signal, onProgress: (p) => progress.update(p.done, p.total) }),
  )
  const save = name === model ? saveProbe : undefined
  const evaluation = await linearEvaluation(encoder, embeddings, { ...probeSettings(options), save, signal })
  const repeated = await repeat(session, encoder, embeddings, options)
  return { evaluation, embeddings, repeated }
}

/** The model less `--compare`, on the same tracks; with probes that are fitted again in the same way. */
async function compare(
  session: Session,
  [first, second]: readonly [Encoder | LogMel, Encoder | LogMel],
  [a, b]: readonly (Measured | undefined)[],
  dataset: Dataset,
  options: Options,
): Promise<Differences> {
  const { signal } = session
  const { cache } = options
  const settings = probeSettings(options)
  const { seed } = settings
  using test = dataset.subset('test')
  const retrieval = await compareRetrieval(first, second, queriedOf(dataset, test), { seed, cache, signal })
  if (!a?.embeddings || !b?.embeddings) return { retrieval }
  using probe = await probeOfSplits(first, a.embeddings, { ...settings, signal })
  using other = await probeOfSplits(second, b.embeddings, { ...settings, signal })
  const sets = [embeddingsOf(a.embeddings, 'test'), embeddingsOf(b.embeddings, 'test')] as const
  return { retrieval, probe: await compareProbes(probe, other, sets, { seed, signal }) }
}

/** One line of the JSON. */
function jsonOf({ retrieval, evaluation, repeated }: Measured) {
  if (!evaluation) return { retrieval }
  const { clips: _clips, rocAuc, prAuc, accuracy, f1, perClass, f1PerClass, ...rest } = evaluation
  const { confusion, worst, intervals, tracks, trainedOn, ...thresholds } = rest
  const figures = { rocAuc, prAuc, accuracy, f1, perClass, f1PerClass, confusion, worst, intervals }
  return { retrieval, ...figures, ...thresholds, tracks, trainedOn, repeated }
}

/** What was said of the probe; the rest is of the protocol. @throws ConfigError */
function probeSettings(options: Options): ProbeOptions & { seed: number } {
  const given = Object.fromEntries(FLAGS.map((name) => [name, options[name as keyof Options]]))
  const { seed } = parseOptions(probeOptions, given, 'clmr evaluate')
  return { ...given, seed }
}

/** @throws UsageError */
function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new UsageError(`--seeds ${text} is not a number of probes`, 'Write a whole number from 1')
}

/** `1,10,100` @throws UsageError */
function percents(text: string): number[] {
  const values = text.split(',').map(Number)
  if (values.every((value) => value > 0 && value <= 100)) return values
  throw new UsageError(
    `--label-fractions ${text} are not percentages of the tracks`,
    'Write percentages, such as 1,10,100',
  )
}

async function evaluate(session: Session, options: Options): Promise<void> {
  const { signal } = session
  const { seed } = probeSettings(options)
  using dataset = await openDataset(options.data)
  if (dataset.task !== 'none' || options.saveProbe) checkLabelled(dataset)
  if (options.saveProbe) await checkWritable(options.saveProbe)
  const { model, baselines, compare: other } = options
  const others = [...(other === undefined ? [] : [other]), ...(baselines ? baselineModels : [])]
  const names = [...new Set([model, ...others])]
  using models = await Models.load(names, options, { seed, dataset, signal })
  const encoderOf = (name: string) => models.encoders[names.indexOf(name)]!
  const retrievals = await retrievalsOf(session, models, dataset, { seed, cache: options.cache })
  const measured: [string, Measured][] = []
  for (const [i, name] of names.entries()) {
    const probed = await probe(session, name, encoderOf(name), dataset, options)
    measured.push([name, { retrieval: retrievals[i]!, ...probed }])
  }
  tellRetrieval(
    session,
    measured.map(([name, { retrieval }]) => [name, retrieval]),
  )
  const probes = measured.flatMap(([name, { evaluation }]) =>
    evaluation ? [[name, evaluation] as const] : [],
  )
  if (probes.length > 0) tellProbes(session, probes)
  tellRepeated(
    session,
    measured.flatMap(([name, { repeated = [] }]) => repeated.map((of) => [name, of] as const)),
  )
  if (probes.length === 0)
    session.note('the cache has no labels, so there is no linear evaluation: prepare it again with --labels')
  const found = new Map(measured)
  const differences =
    other &&
    (await compare(
      session,
      [encoderOf(model), encoderOf(other)],
      [found.get(model), found.get(other)],
      dataset,
      options,
    ))
  if (differences) tellDifferences(session, [model, other], differences)
  tellTrainedOn(session, encoderOf(model), dataset, found.get(model)!)
  const jsonFor = (name: string) => jsonOf(found.get(name)!)
  const rest = (baselines ? baselineModels : [])
    .filter((name) => name !== model)
    .map((name) => [name, jsonFor(name)])
  session.printJson({
    ...jsonFor(model),
    ...(baselines && { baselines: Object.fromEntries(rest) }),
    ...(differences && { compared: { model: other, ...jsonFor(other), difference: differences } }),
  })
}

export function configure(command: Command): void {
  command
    .requiredOption('--model <model>', EVALUATED_MODEL_HELP)
    .requiredOption(
      '--data <dir>',
      'Cache that `clmr prepare` made; if it has labels, a linear probe is fitted too',
    )
    .option('--baselines', 'Also measure random weights and log-mel statistics on the same tracks')
    .option(
      '--compare <model>',
      'Also measure this model, and show how much --model differs from it, with confidence intervals',
    )
  for (const name of FLAGS) command.addOption(flagFor(probeOptions, name))
  command
    .option(
      '--seeds <n>',
      'Also fit n probes with the seeds --seed, --seed + 1 and so on, and show how much their results vary',
      count,
    )
    .addOption(
      new Option(
        '--label-fractions <1,10,100>',
        'Also fit probes on parts of the training tracks, given in percent. For each percentage, --seeds probes are fitted, each on a different random part. Without --seeds: 3 probes, or 1 for 100 percent',
      ).argParser(percents),
    )
  command.option('--save-probe <file>', 'Write the probe of the model, for `clmr predict`')
  noCacheFlag(command)
  encoderFlags(command)
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr evaluate --model runs/mine --data corpus.cache --baselines',
    'clmr evaluate --model runs/mine --data corpus.cache --save-probe tags.safetensors',
    'clmr evaluate --model runs/mine --data corpus.cache --protocol marble --label-fractions 1,10,100',
    'clmr evaluate --model runs/mine --data corpus.cache --compare runs/before',
    'clmr evaluate --model log-mel --data corpus.cache --json',
  ])
  onRun(command, evaluate)
}
