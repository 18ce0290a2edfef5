import type { Command } from 'commander'
import { openDataset } from '../../cache/index.js'
import { exportModel } from '../../evaluate/export/export-model.js'
import { encoderOptions } from '../../model/options.js'
import { parseOptions } from '../../options.js'
import { trainingCache } from '../../runs/data-record.js'
import { commonFlags, examples, threadsFlag } from '../command.js'
import { type EncoderFlags, encoderFlags } from '../model.js'
import { onRun, type Session } from '../session.js'
import { printable } from '../text.js'
import { version } from '../version.js'

interface Options extends EncoderFlags {
  data?: string
  probe?: string
  evaluation: boolean
}

/** The cache to evaluate on: that of --data, or the run's own where it is still there. */
async function cacheFor(
  session: Session,
  run: string,
  { data, evaluation }: Options,
): Promise<string | undefined> {
  if (!evaluation) return undefined
  const cache = data ?? (await trainingCache(run).catch(() => undefined))
  if (cache === undefined)
    session.note(
      'the cache of the run is gone, so the card has no evaluation: name another cache with --data',
    )
  return cache
}

async function exportRun(session: Session, options: Options, run: string, folder: string): Promise<void> {
  const { device, precision } = parseOptions(
    encoderOptions.pick({ device: true, precision: true }),
    { device: options.device, precision: options.precision },
    'clmr export',
  )
  const cache = await cacheFor(session, run, options)
  using dataset = cache === undefined ? undefined : await openDataset(cache)
  const { files, retrieval, evaluation, warnings } = await session.withProgress('export', (progress) =>
    exportModel(run, folder, {
      dataset,
      probe: options.probe,
      producer: `clmr ${version()}`,
      device,
      precision,
      signal: session.signal,
      onProgress: (done, total) => progress.update(done, total),
    }),
  )
  for (const warning of warnings) session.warn(`${run}: ${warning}`)
  session.print(`${printable(folder)}: ${files.join(', ')}`)
  session.printJson({ folder, files, retrieval, evaluation, warnings })
}

export function configure(command: Command): void {
  command
    .argument('<run>', 'Run directory, or one checkpoint of it')
    .argument(
      '<dir>',
      'Folder to write: model.safetensors, config.json, README.md (the model card), and probe.safetensors if the cache has labels or --probe is given',
    )
    .option('--data <dir>', 'Cache to evaluate on and to fit the probe with (default: the cache of the run)')
    .option('--probe <file>', 'Probe of this model to use, instead of fitting one')
    .option('--no-evaluation', 'Do not evaluate: the card has no figures, and there is no new probe')
  encoderFlags(command)
  threadsFlag(command)
  commonFlags(command)
  examples(command, ['clmr export runs/mine mine', 'clmr evaluate --model mine --data corpus.cache'])
  onRun(command, exportRun)
}
