/** A run as a folder that can be passed on: see lib/model/folder.ts for what lies in it. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from '../../cache/dataset.js'
import { SAMPLE_RATE } from '../../clip.js'
import { ArgumentError, CheckpointError, ioError } from '../../errors.js'
import { writeAtomically } from '../../files/atomic-file.js'
import { hashFile } from '../../files/hash-file.js'
import { makeFolder } from '../../files/make-folder.js'
import { dimOf } from '../../model/architecture.js'
import { Encoder } from '../../model/encoder.js'
import { CARD_FILE, FORMAT, type ModelConfig, PROBE_FILE, readModelConfig } from '../../model/folder.js'
import { loadModelState, type ModelState, saveModelState } from '../../model/load-state.js'
import { runOf } from '../../model/open-model.js'
import type { EncoderLoadOptions } from '../../model/option-types.js'
import { recordsIn } from '../../runs/data-record.js'
import { CONFIG_FILE, MODEL_FILE } from '../../runs/layout.js'
import { type RunConfig, readRunConfig } from '../../runs/reader.js'
import { embedDataset } from '../embed.js'
import { checkLabelled, embeddingsOf } from '../linear-evaluation.js'
import { LinearProbe } from '../probe.js'
import { evaluateRetrieval } from '../retrieval.js'
import type { Evaluation, Retrieval } from '../types.js'
import { modelCard } from './model-card.js'

export interface ExportModelOptions {
  /** evaluates the model, and where it has labels, its probe goes into the folder; undefined: no evaluation */
  dataset?: Dataset
  /** a probe that was fitted on this model: it takes the place of the one that would be fitted on `dataset` */
  probe?: string
  /** the clmr that exports, such as `clmr 0.1.0` */
  producer: string
  /** where, and in which number format, the evaluation computes; default: those of `Encoder.load` */
  device?: EncoderLoadOptions['device']
  precision?: EncoderLoadOptions['precision']
  signal?: AbortSignal
  /** tracks of `dataset` that were read, for each measure anew */
  onProgress?: (done: number, total: number) => void
}

export interface ExportedModel {
  folder: string
  files: string[]
  retrieval?: Retrieval
  evaluation?: Evaluation
  warnings: string[]
}

/** A folder of something else, such as a run, stays what it is. @throws ArgumentError, IoError */
async function checkTarget(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw ioError(error, folder, 'read')
  })
  if (names.length === 0 || (await readModelConfig(folder).catch(() => undefined))) return
  throw new ArgumentError({
    what: 'the folder holds something other than an exported model',
    path: folder,
    expected: 'a new folder, an empty one, or one that `clmr export` wrote',
    remedy: 'Choose another folder',
  })
}

/** Options of a training that belong elsewhere in config.json, or that only its machine has a use for. */
const ELSEWHERE = [
  'architecture',
  'augmenter',
  'objective',
  'data',
  'initFrom',
  'runDirectory',
  'cropSeed',
  'onWarning',
]

function modelConfig(
  run: RunConfig,
  { architecture, metadata, trainedOn }: ModelState,
  producer: string,
): ModelConfig {
  const { transforms, views } = (run.augmenter ?? {}) as { transforms?: unknown; views?: unknown }
  const { training } = recordsIn(run)
  const options = Object.entries(run).filter(([name]) => !ELSEWHERE.includes(name))
  return {
    format: FORMAT,
    version: 1,
    producer,
    architecture: { name: 'SampleCNN', ...architecture },
    sampleRate: SAMPLE_RATE,
    clipLength: architecture.clipLength,
    hop: architecture.clipLength / SAMPLE_RATE,
    dim: dimOf(architecture),
    chain: transforms,
    views,
    objective: run.objective,
    training: {
      ...Object.fromEntries(options),
      steps: Number(metadata.step ?? 0),
      epochs: Number(metadata.epoch ?? 0),
    },
    data: training && { tracks: training.tracks, sha256: training.sha256 },
    trainedOn,
  }
}

/** What the card says of the model; the probe that was fitted is the caller's to dispose. */
interface Measured {
  retrieval?: Retrieval
  evaluation?: Evaluation
  probe?: LinearProbe
}

async function measure(
  encoder: Encoder,
  { dataset, probe: given, signal, onProgress }: ExportModelOptions,
): Promise<Measured> {
  const fitted = given === undefined ? undefined : await LinearProbe.load(given, { encoder })
  if (!dataset) return { probe: fitted }
  const progress = {
    signal,
    onProgress: (p: { done: number; total: number }) => onProgress?.(p.done, p.total),
  }
  using asked = dataset.subset('test')
  const retrieval = await evaluateRetrieval(encoder, asked.length > 1 ? asked : dataset, progress)
  if (dataset.task === 'none') return { retrieval, probe: fitted }
  const all = await embedDataset(encoder, dataset, progress)
  const [train, validation] = [embeddingsOf(all, 'train'), embeddingsOf(all, 'valid')]
  const probe = fitted ?? (await LinearProbe.fit({ encoder, train, validation, signal }))
  return { retrieval, evaluation: await probe.evaluate(embeddingsOf(all, 'test'), { signal }), probe }
}

/**
 * Writes a model folder from a run. Its files are replaced one by one, the card last; what an earlier export measured goes first.
 * @param run a run directory, one checkpoint of it, or a model file in it
 * @throws CheckpointError for what is no run; ArgumentError for a folder of something else; DatasetError, IoError
 */
export async function exportModel(
  run: string,
  folder: string,
  options: ExportModelOptions,
): Promise<ExportedModel> {
  const { dataset, producer, device, precision } = options
  const directory = await runOf(run)
  if (directory === undefined)
    throw new CheckpointError({
      what: 'this is not a run, so it does not say how the model was made',
      path: run,
      remedy: 'Pass a run directory; `clmr convert` takes a model file by itself',
    })
  await checkTarget(folder)
  if (dataset && dataset.task !== 'none') checkLabelled(dataset)
  const state = await loadModelState(run)
  const config = modelConfig(await readRunConfig(directory), state, producer)
  await makeFolder(folder)
  const { encoder: weights, architecture, projector, head, metadata } = state
  const model = { encoder: weights, architecture, projector, head, metadata }
  // what an earlier export measured is not of these weights
  for (const name of [PROBE_FILE, CARD_FILE]) await rm(join(folder, name), { force: true })
  await saveModelState(join(folder, MODEL_FILE), model)
  await writeAtomically(join(folder, CONFIG_FILE), [Buffer.from(`${JSON.stringify(config, null, 2)}\n`)])
  using encoder = await Encoder.load(folder, { device, precision })
  const { retrieval, evaluation, probe } = await measure(encoder, options)
  const files = [MODEL_FILE, CONFIG_FILE]
  try {
    if (probe) {
      await probe.save(join(folder, PROBE_FILE))
      files.push(PROBE_FILE)
    }
    const hashes = await Promise.all(
      files.map(async (name) => ({ name, ...(await hashFile(join(folder, name))) })),
    )
    const card = { config, retrieval, evaluation, classes: probe?.classes, files: hashes }
    await writeAtomically(join(folder, CARD_FILE), [Buffer.from(modelCard(folder, card))])
  } finally {
    probe?.dispose()
  }
  return { folder, files: [...files, CARD_FILE], retrieval, evaluation, warnings: state.warnings }
}
