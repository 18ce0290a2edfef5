import type { Command } from 'commander'
import { type Dataset, openDataset } from '../../cache/index.js'
import { SPLITS, type Split } from '../../datasets/tracks.js'
import { type Evaluation, embedDataset, evaluateRetrieval, type Retrieval } from '../../evaluate/index.js'
import { checkLabelled, linearEvaluation } from '../../evaluate/linear-evaluation.js'
import { probeOptions } from '../../evaluate/probe-options.js'
import { isClean, seenSentence, seenTracks } from '../../evaluate/trained-on.js'
import { checkWritable } from '../../files/output.js'
import type { Encoder, LogMel } from '../../model/index.js'
import { flagFor, parseOptions } from '../../options.js'
import { commonFlags, examples, noCacheFlag, threadsFlag } from '../command.js'
import { type EncoderFlags, encoderFlags, loadModel, MODEL_HELP } from '../model.js'
import { tellProbes, tellRetrieval } from '../results.js'
import { onRun, type Session } from '../session.js'

/** Options of the table that have a flag; the others are those of the published protocol. */
const FLAGS = ['hidden', 'seed', 'standardize'] as const
const BASELINES = ['random', 'log-mel'] as const

interface Options extends EncoderFlags {
  model: string
  data: string
  hidden?: number
  seed?: number
  standardize?: boolean
  baselines?: boolean
  cache: boolean
  saveProbe?: string
}

/** What was measured of one model. */
interface Measured {
  retrieval: Retrieval
  evaluation?: Evaluation
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

/** Retrieval of the test tracks, of all where there are no labels; then the probe, where there are labels. */
async function measure(
  session: Session,
  name: string,
  encoder: Encoder | LogMel,
  dataset: Dataset,
  settings: ReturnType<typeof probeSettings>,
  { cache, save }: { cache: boolean; save?: string },
): Promise<Measured> {
  const { signal } = session
  using asked = dataset.subset('test')
  const enough = dataset.task !== 'none' && asked.length > 1
  const retrieval = await session.withProgress(`${name}: retrieval`, (progress) =>
    evaluateRetrieval(encoder, enough ? asked : dataset, {
      seed: settings.seed,
      cache,
      signal,
      onProgress: (p) => progress.update(p.done, p.total),
    }),
  )
  if (dataset.task === 'none') return { retrieval }
  const embeddings = await session.withProgress(`${name}: embed`, (progress) =>
    embedDataset(encoder, dataset, { cache, signal, onProgress: (p) => progress.update(p.done, p.total) }),
  )
  return { retrieval, evaluation: await linearEvaluation(encoder, embeddings, { ...settings, save, signal }) }
}

/** One line of the JSON. */
function jsonOf({ retrieval, evaluation }: Measured) {
  if (!evaluation) return { retrieval }
  const { clips: _clips, ...figures } = evaluation
  return { retrieval, ...figures, trainedOn: evaluation.trainedOn }
}

const probeSettings = ({ hidden, seed, standardize }: Options) =>
  parseOptions(probeOptions, { hidden, seed, standardize }, 'clmr evaluate')

async function evaluate(session: Session, options: Options): Promise<void> {
  const { signal } = session
  const settings = probeSettings(options)
  using dataset = await openDataset(options.data)
  if (dataset.task !== 'none' || options.saveProbe) checkLabelled(dataset)
  if (options.saveProbe) await checkWritable(options.saveProbe)
  const { model, baselines, cache, saveProbe } = options
  const names = [model, ...(baselines ? BASELINES.filter((name) => name !== model) : [])]
  const measured: [string, Measured][] = []
  let tellLast = () => {}
  for (const name of names) {
    using encoder = await loadModel(name, options, { seed: settings.seed, dataset, signal })
    const save = name === model ? saveProbe : undefined
    const found = await measure(session, name, encoder, dataset, settings, { cache, save })
    measured.push([name, found])
    if (name === model) tellLast = () => tellTrainedOn(session, encoder, dataset, found)
  }
  tellRetrieval(
    session,
    measured.map(([name, { retrieval }]) => [name, retrieval]),
  )
  const probes = measured.flatMap(([name, { evaluation }]) =>
    evaluation ? [[name, evaluation] as const] : [],
  )
  if (probes.length > 0) tellProbes(session, probes)
  else session.note('no labels, so there is no linear evaluation: prepare it again with --labels for one')
  tellLast()
  const [first, ...others] = measured
  const rest = Object.fromEntries(others.map(([name, of]) => [name, jsonOf(of)]))
  session.printJson({ ...jsonOf(first![1]), ...(baselines ? { baselines: rest } : {}) })
}

export function configure(command: Command): void {
  command
    .requiredOption('--model <model>', MODEL_HELP)
    .requiredOption(
      '--data <dir>',
      'Cache, made by `clmr prepare`; with labels also a linear probe is fitted',
    )
    .option('--baselines', 'Also random weights and log-mel statistics, on the same tracks')
  for (const name of FLAGS) command.addOption(flagFor(probeOptions, name))
  command.option('--save-probe <file>', 'Write the probe of the model, for `clmr predict`')
  noCacheFlag(command)
  encoderFlags(command)
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr evaluate --model runs/mine --data corpus.cache --baselines',
    'clmr evaluate --model runs/mine --data corpus.cache --save-probe tags.safetensors',
    'clmr evaluate --model log-mel --data corpus.cache --json',
  ])
  onRun(command, evaluate)
}
