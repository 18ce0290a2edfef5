import type { Command } from 'commander'
import { type Dataset, openDataset } from '../../cache/index.js'
import { type DatasetEmbeddings, type Evaluation, embedDataset, writeReport } from '../../evaluate/index.js'
import { checkLabelled, linearEvaluation } from '../../evaluate/linear-evaluation.js'
import { reportOptions } from '../../evaluate/report/write-report.js'
import { isClean, seenSentence } from '../../evaluate/trained-on.js'
import type { SeenTracks } from '../../evaluate/types.js'
import { checkWritable } from '../../files/output.js'
import type { Encoder, LogMel } from '../../model/index.js'
import { trainingCache } from '../../runs/data-record.js'
import { commonFlags, examples, flagFor, noCacheFlag, threadsFlag } from '../command.js'
import { BASELINES, type EncoderFlags, encoderFlags, Models } from '../model.js'
import { retrievalsOf } from '../retrievals.js'
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
  evaluation?: Evaluation
}

/** The map of a model, and its probe if there are labels. */
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
  if (dataset.task === 'none') return { embeddings }
  return { embeddings, evaluation: await linearEvaluation(encoder, embeddings, { signal }) }
}

async function report(session: Session, options: Options): Promise<void> {
  const { run, out, data, baselines, title, projection, neighbours, seconds, device, precision } = options
  await checkWritable(out)
  const cache = data ?? (await trainingCache(run))
  if (cache === undefined)
    session.note('the cache of the run is gone, so there is no map; name another cache with --data')
  using dataset = cache === undefined ? undefined : await openDataset(cache)
  const beside = dataset && baselines ? BASELINES : []
  const shown = [{ title: 'trained', model: run }, ...beside]
  const names = shown.map(({ model }) => model)
  using models = await Models.load(names, { device, precision }, { dataset })
  if (dataset && dataset.task !== 'none') checkLabelled(dataset)
  const measured: (Measured & { name: string })[] = []
  if (dataset)
    for (const [i, { title: name }] of shown.entries()) {
      const label = i === 0 ? 'embed' : `embed ${name}`
      const found = await measure(session, models.encoders[i]!, dataset, label, options.cache)
      measured.push({ name, ...found })
    }
  // a single track has no others to be found among
  const retrievals =
    dataset && dataset.length > 1
      ? await retrievalsOf(session, models, dataset, { cache: options.cache })
      : []
  const results = measured.flatMap(({ name, evaluation }) => (evaluation ? [{ name, evaluation }] : []))
  const found = retrievals.map((retrieval, i) => ({ name: shown[i]!.title, retrieval }))
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
      embeddings: measured[0]?.embeddings,
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
