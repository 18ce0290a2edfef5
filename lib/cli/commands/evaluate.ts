import type { Command } from 'commander'
import { type Dataset, openDataset } from '../../cache/index.js'
import { SPLITS, type Split } from '../../datasets/tracks.js'
import { type Evaluation, embedDataset } from '../../evaluate/index.js'
import { checkLabelled, linearEvaluation } from '../../evaluate/linear-evaluation.js'
import { probeOptions } from '../../evaluate/probe-options.js'
import { isClean, seenSentence, seenTracks } from '../../evaluate/trained-on.js'
import type { Encoder } from '../../model/index.js'
import { flagFor, parseOptions } from '../../options.js'
import { commonFlags, examples, threadsFlag } from '../command.js'
import { type EncoderFlags, encoderFlags, loadModel, MODEL_HELP } from '../model.js'
import { onRun, type Session } from '../session.js'
import { figure, printable, table } from '../text.js'

/** Options of the table that have a flag; the others are those of the published protocol. */
const FLAGS = ['hidden', 'seed', 'standardize'] as const

interface Options extends EncoderFlags {
  model: string
  data: string
  hidden?: number
  seed?: number
  standardize?: boolean
}

/** What the model was trained on, of the tracks here: a line on the splits, and a warning where figures flatter. */
function tellTrainedOn(session: Session, encoder: Encoder, dataset: Dataset): void {
  const share = (split: Split) => {
    const { tracks } = dataset.subset(split)
    return `${seenTracks(encoder, tracks)!.tracks} of ${tracks.length} ${split} tracks`
  }
  if (encoder.trainedOn.sources.length > 0) session.print(`trained on ${SPLITS.map(share).join(', ')}`)
  const { tracks } = dataset.subset('test')
  const seen = seenTracks(encoder, tracks)!
  const flatters = seen.tracks > 0 ? ': these figures flatter the model' : ''
  if (!isClean(seen)) session.warn(`${seenSentence(seen, tracks.length)}${flatters}`)
}

function tell(session: Session, evaluation: Evaluation): void {
  const { rocAuc, prAuc, accuracy, perClass, tracks, trainedOn } = evaluation
  const rows = perClass.map((c) => [
    printable(c.class),
    figure(c.rocAuc),
    figure(c.prAuc),
    figure(c.accuracy),
    `${c.tracks}`,
  ])
  const all = ['all', figure(rocAuc), figure(prAuc), figure(accuracy), `${tracks}`]
  session.print(table([['class', 'ROC-AUC', 'PR-AUC', 'accuracy', 'tracks'], ...rows, all]))
  session.printJson({ rocAuc, prAuc, accuracy, perClass, ...(isClean(trainedOn) ? {} : { trainedOn }) })
}

export function configure(command: Command): void {
  command
    .requiredOption('--model <model>', MODEL_HELP)
    .requiredOption('--data <dir>', 'cache with labels, made by `clmr prepare`')
  for (const name of FLAGS) command.addOption(flagFor(probeOptions, name))
  encoderFlags(command)
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr evaluate --model runs/mine --data corpus.cache',
    'clmr evaluate --model random --data corpus.cache --json',
  ])
  onRun(command, async (session, { model, data, hidden, seed, standardize, ...flags }: Options) => {
    const { signal } = session
    const settings = parseOptions(probeOptions, { hidden, seed, standardize }, 'clmr evaluate')
    using dataset = await openDataset(data)
    checkLabelled(dataset)
    using encoder = await loadModel(model, flags, settings.seed)
    const embeddings = await session.withProgress('embed', (progress) =>
      embedDataset(encoder, dataset, { signal, onProgress: (p) => progress.update(p.done, p.total) }),
    )
    tell(session, await linearEvaluation(encoder, embeddings, { ...settings, signal }))
    tellTrainedOn(session, encoder, dataset)
  })
}
