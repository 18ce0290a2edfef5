/**
 * Linear evaluation: how much of the labels a small head can read from the embeddings of a frozen encoder.
 * Protocol: Spijkervet & Burgoyne, "Contrastive Learning of Musical Representations", ISMIR 2021.
 */
import { checkObject, checkPath, MADE_HERE, refuseNew } from '../arguments.js'
import { ArgumentError, DisposedError } from '../errors.js'
import { type FileSource, identifySource, nameOf, resolveSource } from '../files/source.js'
import { Matrix, type MatrixData, matrix } from '../matrix.js'
import type { TrackEncoder, TrackVectors } from '../model/track-encoder.js'
import type { ProbeHandle, ProbeHistory, StateDict } from '../native/binding.js'
import { callNative } from '../native/call.js'
import { native } from '../native/load.js'
import { parseOptions } from '../options.js'
import { Result } from '../result.js'
import { aboutFile, type OnWarning, tellWarning } from '../warnings.js'
import { checkSet, checkTrackEncoder } from './checks.js'
import { embedded, isEmbedded } from './embed.js'
import { evaluateProbabilities, intervalsOf, worstTracks } from './evaluation.js'
import { examplesOf, fractionOf } from './examples.js'
import type {
  ProbeEvaluateOptions,
  ProbeFitOptions,
  ProbeLoadOptions,
  ProbeOverTimeOptions,
  ProbePredictOptions,
  ProbeSettings,
} from './option-types.js'
import { checkSameClasses, checkTask, labelsOfExamples, meanOverClips } from './probe-data.js'
import { readProbe, writeProbe } from './probe-file.js'
import {
  type ProbeSpec,
  probeEvaluateOptions,
  probeFitOptions,
  probeLoadOptions,
  probeOverTimeOptions,
  probePredictOptions,
  probeSpec,
} from './probe-options.js'
import { withProtocol } from './protocols.js'
import { bestThresholds, f1At } from './thresholds.js'
import { seenTracks } from './trained-on.js'
import type {
  ClassProbability,
  EmbeddedTracks,
  Evaluation,
  EvaluationSet,
  ProbeProgress,
  TagsOverTime,
} from './types.js'

export { evaluateProbabilities } from './evaluation.js'

interface ProbeParts {
  encoder: TrackEncoder | undefined
  handle: ProbeHandle
  classes: readonly string[]
  task: 'multilabel' | 'multiclass'
  settings: ProbeSettings
  history: ProbeHistory
  thresholds?: readonly number[]
}

const specOf = (settings: ProbeSettings, classes: number, task: string): ProbeSpec => ({
  ...probeSpec.strip().parse(settings),
  classes,
  multilabel: task === 'multilabel',
})

interface Fitted {
  settings: ProbeSettings
  probe: ProbeHandle
  history: ProbeHistory
}

/** Fits a head for every learning rate of the grid, and keeps the best by validation. */
async function fitBest(
  settings: ProbeSettings,
  task: string,
  train: EmbeddedTracks,
  validation: EmbeddedTracks,
  signal?: AbortSignal,
): Promise<Fitted> {
  const { examples, seed, labelFraction, lrGrid = [settings.lr] } = settings
  const part = fractionOf(train, labelFraction, seed)
  const [known, asked] = [examplesOf(part, examples, seed), examplesOf(validation, examples, seed + 1)]
  const y = labelsOfExamples(known.trackOf, part.dataset)
  const validY = labelsOfExamples(asked.trackOf, validation.dataset)
  let best: (Fitted & { score: number }) | undefined
  for (const lr of lrGrid) {
    const tried = { ...settings, lr }
    const spec = specOf(tried, part.dataset.classes.length, task)
    const fitted = await callNative(signal, (abort) =>
      native().probeFit(spec, known.x.data, y, asked.x.data, validY, abort),
    )
    const worse = best && fitted.score >= best.score ? fitted.probe : best?.probe
    if (worse) native().dispose(worse)
    if (worse !== fitted.probe) best = { settings: tried, ...fitted }
  }
  return best!
}

/** Options for the encoder. The tags of a file have no place for its warnings. */
const withWarnings = <T extends { onWarning?: OnWarning | undefined }>(settings: T) => ({
  ...settings,
  onWarning: (warning: string) => tellWarning(warning, settings.onWarning),
})

type Judged = Pick<EmbeddedTracks, 'embeddings' | 'trackOf' | 'trackMeans'>

/** Embeddings of tracks → probabilities [tracks, K], by their clips or by their means. */
async function predictTracks(
  probe: ProbeHandle,
  { embeddings, trackOf, trackMeans }: Judged,
  examples: ProbeSettings['examples'],
  classes: number,
): Promise<Matrix> {
  const judged = Matrix.from(examples === 'tracks' ? trackMeans : embeddings)
  const p = await callNative(undefined, () => native().probePredict(probe, judged.data, judged.rows))
  if (examples === 'tracks') return matrix(p, judged.rows, classes)
  return meanOverClips(p, trackOf, trackMeans.rows, classes)
}

/**
 * A classifier on a frozen encoder. It does not own the encoder: dispose both.
 *
 * Unless the protocol says otherwise, the probe is trained and tested on all clips of each track: 59,049 samples
 * each, one after the other (see `embedDataset`). A clip has the labels of its track. The prediction for a track is
 * the mean of the sigmoids (multi-label) or softmaxes (multi-class) of its clips.
 */
export class LinearProbe implements Disposable {
  /** names of the classes */
  readonly classes: readonly string[]
  /** whether a track has any number of classes, or exactly one */
  readonly task: 'multilabel' | 'multiclass'
  /** the options that it was fitted with, defaults included */
  readonly settings: ProbeSettings
  /** losses and learning rate of every epoch; the weights of `epochs[bestEpoch]` were kept */
  readonly history: ProbeHistory
  /** multi-label: for each class, the probability threshold with the highest F1 on the validation tracks; undefined if unknown */
  readonly thresholds: readonly number[] | undefined
  readonly #encoder: TrackEncoder | undefined
  readonly #handle: ProbeHandle

  private constructor(token: typeof MADE_HERE, parts: ProbeParts) {
    refuseNew(token, 'LinearProbe', 'LinearProbe.fit() or LinearProbe.load()')
    this.#encoder = parts.encoder
    this.classes = parts.classes
    this.task = parts.task
    this.settings = parts.settings
    this.history = parts.history
    this.thresholds = parts.thresholds
    this.#handle = parts.handle
  }

  /** the encoder that it was fitted with @throws ArgumentError if it was loaded without one */
  get encoder(): TrackEncoder {
    if (this.#encoder) return this.#encoder
    throw new ArgumentError({
      what: 'this probe was loaded without its encoder',
      expected: 'the encoder that it was fitted with',
      remedy: 'Load it with LinearProbe.load(path, { encoder })',
    })
  }

  /** number of values in the embeddings that it takes */
  get dim(): number {
    return this.state()['0.weight']!.shape[1]!
  }

  /**
   * Embeds both data sets, then trains the head with Adam. The learning rate falls on a plateau of the validation
   * loss, training stops early, and the weights with the best validation loss are kept. `protocol` chooses another
   * published procedure.
   * @param options.encoder an `Encoder`; its weights stay as they are
   * @param options.train data set, or its embeddings by the same encoder
   * @param options.validation data set of the same classes, or its embeddings by the same encoder
   * @throws ConfigError, DatasetError (no labels, one class only, no tracks), NonFiniteError, AbortError
   */
  static async fit(options: ProbeFitOptions): Promise<LinearProbe> {
    checkObject(options, 'LinearProbe.fit')
    const { encoder, train, validation } = options
    checkTrackEncoder(encoder, 'LinearProbe.fit', 'encodeTrack')
    checkSet(train, 'train')
    checkSet(validation, 'validation')
    const {
      encoder: _encoder,
      train: _train,
      validation: _validation,
      cache,
      signal,
      onProgress,
      ...asked
    } = parseOptions(probeFitOptions, withProtocol(options), 'LinearProbe.fit')
    const trainSet = 'dataset' in train ? train.dataset : train
    const task = checkTask(trainSet)
    checkSameClasses(trainSet, 'dataset' in validation ? validation.dataset : validation, 'validation')
    const embed = (set: EvaluationSet, phase: ProbeProgress['phase']) =>
      embedded(encoder, set, { cache, signal, onProgress: (p) => onProgress?.({ phase, ...p }) })
    const trainX = await embed(train, 'train')
    const validX = await embed(validation, 'valid')
    onProgress?.({ phase: 'fit', done: 0, total: 1 })
    const classes = [...trainSet.classes]
    const { probe, history, settings } = await fitBest(asked, task, trainX, validX, signal)
    onProgress?.({ phase: 'fit', done: 1, total: 1 })
    const parts = { encoder, handle: probe, classes, task, settings, history }
    if (task === 'multiclass') return new LinearProbe(MADE_HERE, parts)
    const judged = await predictTracks(probe, validX, settings.examples, classes.length)
    const thresholds = bestThresholds(judged, Matrix.from(validX.dataset.labels))
    return new LinearProbe(MADE_HERE, { ...parts, thresholds })
  }

  /**
   * Reads a probe that `save` wrote, or the head of a checkpoint: from CLMR's linear evaluation (a Lightning
   * `.ckpt`), or from supervised training (a file or a run). A checkpoint does not name its classes: pass their names
   * as `classes`, and `task: 'multiclass'` if every track has exactly one class.
   * @param options.encoder the encoder that it was fitted with; needed for files and data sets, but not for `predict`
   * @throws IoError, CheckpointError, ConfigError
   */
  static async load(source: FileSource, options: ProbeLoadOptions = {}): Promise<LinearProbe> {
    const { encoder, onWarning, ...meaning } = parseOptions(probeLoadOptions, options, 'LinearProbe.load')
    if (encoder !== undefined) checkTrackEncoder(encoder, 'LinearProbe.load', 'encodeTrack')
    const file = await resolveSource(source, 'LinearProbe.load')
    const { state, warnings, ...read } = await readProbe(file, meaning, encoder?.dim)
    for (const warning of warnings) tellWarning(aboutFile(nameOf(file), warning), onWarning)
    const handle = native().probeFromState(specOf(read.settings, read.classes.length, read.task), state)
    return new LinearProbe(MADE_HERE, { encoder, handle, ...read })
  }

  /**
   * Evaluates the probe on a data set that should not have been used for training or validation. `trainedOn` of the
   * result says how many of these tracks the encoder was trained on.
   * @throws DatasetError if its classes differ, CacheError, ConfigError, AbortError
   */
  async evaluate(set: EvaluationSet, options: ProbeEvaluateOptions = {}): Promise<Evaluation> {
    this.#checkAlive()
    const settings = parseOptions(probeEvaluateOptions, options, 'LinearProbe.evaluate')
    const { cache, signal, onProgress: tell } = settings
    checkSet(set, 'dataset')
    checkSameClasses(this, 'dataset' in set ? set.dataset : set, 'test')
    const onProgress = (p: { done: number; total: number }) => tell?.({ phase: 'test', ...p })
    const x = isEmbedded(set) ? set : await embedded(this.encoder, set, { cache, signal, onProgress })
    const probabilities = await this.#predictTracks(x)
    const { thresholds } = this
    const multilabel = this.task === 'multilabel'
    const labels = Matrix.from(x.dataset.labels)
    const { tracks } = x.dataset
    const figures = evaluateProbabilities(probabilities, labels, this.classes, multilabel)
    const intervals = await intervalsOf(probabilities, labels, multilabel, signal)
    const worst = worstTracks(probabilities, labels, this.classes, multilabel, tracks)
    const trainedOn = this.#encoder && seenTracks(this.#encoder, tracks)
    return {
      ...figures,
      ...(thresholds && {
        thresholds: [...thresholds],
        f1AtThresholds: f1At(probabilities, labels, thresholds),
      }),
      worst,
      intervals,
      clips: x.trackOf.length,
      ...(trainedOn && { trainedOn }),
    }
  }

  /**
   * Probabilities of every class for every track.
   * @param set a data set, or its embeddings
   * @returns [tracks, K]
   * @throws CacheError, ConfigError, AbortError
   */
  async predictTracks(set: EvaluationSet, options: ProbeEvaluateOptions = {}): Promise<Matrix> {
    this.#checkAlive()
    const { cache, signal, onProgress: tell } = parseOptions(probeEvaluateOptions, options, 'predictTracks')
    checkSet(set, 'dataset')
    const onProgress = (p: { done: number; total: number }) => tell?.({ phase: 'test', ...p })
    if (isEmbedded(set)) return this.#predictTracks(set)
    return this.#predictTracks(await embedded(this.encoder, set, { cache, signal, onProgress }))
  }

  /**
   * Decodes a file and returns the probability of each class.
   * @returns every class, the likeliest first
   * @throws AudioDecodeError, AudioFormatError, IoError, ConfigError, AbortError
   */
  async predictFile(source: FileSource, options: ProbePredictOptions = {}): Promise<ClassProbability[]> {
    this.#checkAlive()
    const settings = parseOptions(probePredictOptions, options, 'predictFile')
    identifySource(source, 'predictFile') // also for an encoder that is not one of clmr
    const track = await this.encoder.encodeFile(source, withWarnings(settings))
    return this.#ranked(await this.#predictTrack(track))
  }

  /**
   * As `predictFile`, but it also returns the probabilities for every window of the file.
   * @param options.hop seconds from window to window
   * @throws AudioDecodeError, AudioFormatError, IoError, ConfigError, AbortError
   */
  async predictOverTime(source: FileSource, options: ProbeOverTimeOptions = {}): Promise<TagsOverTime> {
    this.#checkAlive()
    const settings = parseOptions(probeOverTimeOptions, options, 'predictOverTime')
    identifySource(source, 'predictOverTime')
    const track = await this.encoder.encodeFile(source, withWarnings(settings))
    const tags = this.#ranked(await this.#predictTrack(track))
    return Result.of({ tags, times: track.times, windows: await this.predict(track.windows) })
  }

  /** [1, K] → every class, the likeliest first */
  #ranked({ data }: Matrix): ClassProbability[] {
    return this.classes
      .map((name, k) => ({ class: name, probability: data[k]! }))
      .sort((a, b) => b.probability - a.probability)
  }

  /**
   * Probabilities of every class for every embedding.
   * @param embeddings [n, E]
   * @returns [n, K]
   */
  async predict(embeddings: MatrixData): Promise<Matrix> {
    this.#checkAlive()
    const { data, rows } = Matrix.from(embeddings)
    const p = await callNative(undefined, () => native().probePredict(this.#handle, data, rows))
    return matrix(p, rows, this.classes.length)
  }

  /**
   * Writes a safetensors file with the weights; classes and options are its metadata. The file is written as a whole
   * or not at all. @throws IoError
   */
  async save(path: string): Promise<void> {
    this.#checkAlive()
    checkPath(path, 'LinearProbe.save')
    const { classes, task, settings, history, thresholds } = this
    const rest = { task, settings, history, ...(thresholds && { thresholds: [...thresholds] }) }
    await writeProbe(path, { state: this.state(), classes: [...classes], ...rest })
  }

  /** A copy of the weights: `0.weight` and `0.bias`; with a hidden layer, also `2.weight` and `2.bias`. */
  state(): StateDict {
    this.#checkAlive()
    const state = Object.entries(native().probeState(this.#handle))
    return Object.fromEntries(state.map(([name, tensor]) => [name, Result.of(tensor)]))
  }

  /** Frees the native memory. The encoder is not disposed. */
  dispose(): void {
    native().dispose(this.#handle)
  }

  /** As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  #predictTracks(x: Judged): Promise<Matrix> {
    return predictTracks(this.#handle, x, this.settings.examples, this.classes.length)
  }

  #predictTrack({ windows, mean }: TrackVectors): Promise<Matrix> {
    const trackMeans = { data: mean, rows: 1, cols: mean.length }
    return this.#predictTracks({ embeddings: windows, trackOf: new Int32Array(windows.rows), trackMeans })
  }

  #checkAlive(): void {
    if (native().isDisposed(this.#handle))
      throw new DisposedError({ what: 'the LinearProbe was disposed', remedy: 'Load another one' })
  }
}
