import type { Command } from 'commander'
import { type Dataset, openDataset } from '../../cache/index.js'
import {
  type DatasetEmbeddings,
  type Evaluation,
  embedDataset,
  evaluateRetrieval,
  type Retrieval,
  writeReport,
} from '../../evaluate/index.js'
import { checkLabelled, linearEvaluation } from '../../evaluate/linear-evaluation.js'
import { reportOptions } from '../../evaluate/report/write-report.js'
import { isClean, seenSentence } from '../../evaluate/trained-on.js'
import type { SeenTracks } from '../../evaluate/types.js'
import { checkWritable } from '../../files/output.js'
import type { Encoder, LogMel } from '../../model/index.js'
import { trainingCache } from '../../runs/data-record.js'
import { commonFlags, examples, flagFor, noCacheFlag, threadsFlag } from '../command.js'
import { type EncoderFlags, encoderFlags, loadModel } from '../model.js'
import { onRun, type Session } from '../session.js'
import { printable } from '../text.js'

interface Options extends EncoderFlags {
  run: string
  out: string
  data?: string
  baselines?: boolean
  title?: string
  projection?: 'pca' | 'umap'
  neighbours?: number
  seconds?: number
  cache: boolean
}

interface Measured {
  embeddings: DatasetEmbeddings<Dataset>
  retrieval?: Retrieval
  evaluation?: Evaluation
}

async function measure(
  session: Session,
  encoder: Encoder | LogMel,
  dataset: Dataset,
  label: string,
  cache: boolean,
): Promise<Measured> {
  const { signal } = session
  const embeddings = await session.withProgress(label, (progress) =>
    embedDataset(encoder, dataset, { cache, signal, onProgress: (p) => progress.update(p.done, p.total) }),
  )
  using test = dataset.subset('test')
  const asked = dataset.task !== 'none' && test.length > 1 ? test : dataset
  const retrieval =
    asked.length > 1
      ? await session.withProgress(`${label}: retrieval`, (progress) =>
          evaluateRetrieval(encoder, asked, {
            cache,
            signal,
            onProgress: (p) => progress.update(p.done, p.total),
          }),
        )
      : undefined
  if (dataset.task === 'none') return { embeddings, retrieval }
  return { embeddings, retrieval, evaluation: await linearEvaluation(encoder, embeddings, { signal }) }
}

/** What stands beside a run: under which name, and what `--model` calls it. */
const BASELINES = [
  ['random weights', 'random'],
  ['log-mel', 'log-mel'],
] as const

async function report(session: Session, options: Options): Promise<void> {
  const { run, out, data, baselines, title, projection, neighbours, seconds, device, precision } = options
  await checkWritable(out)
  const cache = data ?? (await trainingCache(run))
  if (cache === undefined)
    session.note('the cache of the run is gone, so there is no map; name another cache with --data')
  using dataset = cache === undefined ? undefined : await openDataset(cache)
  using encoder = await loadModel(run, { device, precision })
  if (dataset && dataset.task !== 'none') checkLabelled(dataset)
  const trained = dataset && (await measure(session, encoder, dataset, 'embed', options.cache))
  const measured = [{ name: 'trained', ...trained }]
  if (dataset && baselines)
    for (const [name, model] of BASELINES) {
      using encoder = await loadModel(model, { device, precision }, { dataset })
      measured.push({ name, ...(await measure(session, encoder, dataset, name, options.cache)) })
    }
  const results = measured.flatMap(({ name, evaluation }) => (evaluation ? [{ name, evaluation }] : []))
  const found = measured.flatMap(({ name, retrieval }) => (retrieval ? [{ name, retrieval }] : []))
  const written = await session.withProgress('report', (progress) =>
    writeReport({
      out,
      run,
      title,
      projection,
      neighbours,
      seconds,
      results,
      retrieval: found,
      embeddings: trained?.embeddings,
      signal: session.signal,
      onProgress: (p) => progress.update(p.done, p.total, p.phase),
    }),
  )
  session.print(printable(written.path))
  const warn = (name: string, seen: SeenTracks | undefined, tracks: number, role: 'test' | 'queried') => {
    if (!isClean(seen)) session.warn(`${name}: ${seenSentence(seen, tracks, role)}`)
  }
  for (const { name, retrieval } of found) warn(name, retrieval.trainedOn, retrieval.tracks, 'queried')
  for (const { name, evaluation } of results) warn(name, evaluation.trainedOn, evaluation.tracks, 'test')
  session.printJson({ ...written, results, retrieval: found })
}

export function configure(command: Command): void {
  command
    .requiredOption('--run <dir>', 'Run to show')
    .requiredOption('--out <file>', 'Page to write, such as report.html')
    .option('--data <dir>', 'Cache whose tracks the map shows (default: the one that the run was trained on)')
    .option('--baselines', 'Also measure random weights and log-mel statistics on the same tracks')
  for (const name of ['title', 'projection', 'neighbours', 'seconds'])
    command.addOption(flagFor(reportOptions, name))
  noCacheFlag(command)
  encoderFlags(command)
  threadsFlag(command)
  commonFlags(command)
  examples(command, [
    'clmr report --run runs/mine --out report.html',
    'clmr report --run runs/mine --out report.html --baselines --projection umap',
  ])
  onRun(command, report)
}
