/** Contrastive training: options in, steps out. All computing is one native call a step. */

import { checkPath, MADE_HERE, refuseNew } from '../arguments.js'
import type { Dataset } from '../cache/dataset.js'
import { ConfigError, DisposedError } from '../errors.js'
import { type Encoder, encoderOfHandle } from '../model/encoder.js'
import type { Architecture } from '../model/option-types.js'
import { fromNativeError } from '../native/call.js'
import type { NativeStepResult } from '../native/figures.js'
import { labelsOfViews } from '../objective/objectives.js'
import { parseOptions } from '../options.js'
import { type TrainedOn, trainedOnIn } from '../runs/data-record.js'
import { type OnWarning, tellWarning } from '../warnings.js'
import { runEpochs } from './epochs.js'
import { type NativeTrainer, nameTracks } from './native-trainer.js'
import type {
  FitOptions,
  StepOptions,
  StepsOptions,
  TrainerConfig,
  TrainerOptions,
  TrainerOverrides,
} from './option-types.js'
import {
  type CompleteTrainerOptions,
  type ForNetwork,
  fitOptions,
  forNetwork,
  parseTrainerOptions,
  stepOptions,
  stepsOptions,
  storedOptions,
} from './options.js'
import { type Projector, projectorOf } from './projector.js'
import { beginningRemarks } from './remarks.js'
import { openRun, Run, runDataOf } from './run.js'
import { learningRateAt } from './schedule-tables.js'
import { checkNetwork, checkOptions, initialWeights, nativeTrainer, usesPlainKernels } from './start.js'
import { StepRecorder } from './step-recorder.js'
import type { StepResult, TrainingSummary } from './types.js'
import { checkRowsOfViews } from './views.js'
import { Watch } from './watch.js'

/**
 * Trains an encoder so that the embeddings of views of one track are close, and those of views of different tracks are
 * not.
 *
 * A step takes effect as a whole or not at all: after an abort, an unreadable file or a loss that is not finite,
 * weights, running statistics and optimizer are unchanged, and training can go on. Random choices depend on (seed,
 * step, row) alone, so a resumed run equals an uninterrupted one bit for bit on the same machine with the same number
 * of threads.
 */
export class Trainer implements Disposable, AsyncDisposable {
  /** All options that are stored with the run. */
  readonly config: TrainerConfig & { readonly architecture: Architecture }
  readonly #native: NativeTrainer
  readonly #dataset: Dataset | undefined
  readonly #onWarning: OnWarning | undefined
  readonly #watch: Watch
  readonly #run: Run | undefined
  readonly #recorder: StepRecorder
  readonly #trainedOn: TrainedOn
  #encoder: Encoder | undefined
  #disposed = false
  #closed: Promise<void> = Promise.resolve()

  private constructor(
    token: typeof MADE_HERE,
    options: ForNetwork<CompleteTrainerOptions>,
    native: NativeTrainer,
    run: Run | undefined,
    trainedOn: TrainedOn,
    watch?: Watch,
  ) {
    refuseNew(token, 'Trainer', 'Trainer.create() or Trainer.resume()')
    const { dataset, onWarning } = options
    this.config = storedOptions(options)
    this.#onWarning = onWarning
    this.#native = native
    this.#dataset = dataset
    this.#watch = watch ?? new Watch(options)
    this.#run = run
    this.#recorder = new StepRecorder(options, native, this.#watch, run)
    this.#trainedOn = trainedOn
  }

  /**
   * Creates a trainer for a new training run.
   * @param options see `TrainerOptions`: dataset is needed by `fit` and `steps`, not by `step`
   * @throws ConfigError, DeviceError, CheckpointError, IoError
   */
  static async create(options: TrainerOptions = {}): Promise<Trainer> {
    const parsed = parseTrainerOptions(options, 'Trainer.create')
    checkOptions(parsed)
    for (const remark of beginningRemarks(parsed)) tellWarning(remark, parsed.onWarning)
    const weights = await initialWeights(parsed)
    const complete = forNetwork(parsed, weights.architecture)
    checkNetwork(complete, weights.architecture)
    if (complete.precision === 'auto' && usesPlainKernels(complete)) complete.precision = 'float32'
    const native = await nativeTrainer(complete, weights)
    complete.precision = native.precision
    const { runDirectory } = complete
    const data = runDataOf(complete, weights.trainedOn)
    let run: Run | undefined
    try {
      run = runDirectory === undefined ? undefined : await Run.create(runDirectory, complete, data)
      const trainer = new Trainer(MADE_HERE, complete, native, run, trainedOnIn(data))
      await trainer.saveCheckpoint()
      return trainer
    } catch (error) {
      native.dispose()
      await run?.close()
      throw error
    }
  }

  /**
   * Continues a run from its last intact checkpoint. Without overrides, on the same machine with the same
   * number of threads, the steps that follow equal those of an uninterrupted run bit for bit. Log entries after that
   * checkpoint are removed.
   * @param runDirectory the `runDirectory` of an earlier training run
   * @param overrides options to change from now on, such as larger `epochs` or `maxSteps`. If the cache has moved,
   *        pass it as `dataset`; it must hold the same tracks. `seed` cannot change: it may be given only if it is
   *        the same
   * @throws ConfigError if the data set or the seed differs, or for the options `encoder`, `architecture`, `initFrom`, `freeze`
   *        and `runDirectory`; CheckpointError if there is no intact checkpoint
   */
  static async resume(runDirectory: string, overrides: TrainerOverrides = {}): Promise<Trainer> {
    checkPath(runDirectory, 'Trainer.resume')
    const resumed = await openRun(runDirectory, overrides)
    const { options, run, state, cropSeed } = resumed
    let native: NativeTrainer | undefined
    try {
      checkOptions(options)
      checkNetwork(options)
      native = await nativeTrainer(options, {}, cropSeed)
      await native.restore(state)
    } catch (error) {
      native?.dispose()
      await run.close()
      throw error
    }
    const watch = new Watch(options, resumed.watch)
    const trainer = new Trainer(MADE_HERE, options, native, run, resumed.trainedOn, watch)
    trainer.#recorder.savedStep = native.step
    return trainer
  }

  /** Steps done since the training began. */
  get stepsDone(): number {
    return this.#native.step
  }

  /** Number of whole batches in the data set; undefined without a data set. */
  get stepsPerEpoch(): number | undefined {
    return this.#native.stepsPerEpoch
  }

  /** Steps after which the training ends; undefined without a data set. */
  get totalSteps(): number | undefined {
    const perEpoch = this.stepsPerEpoch
    if (perEpoch === undefined) return undefined
    return Math.min(this.config.epochs * perEpoch, this.config.maxSteps ?? Number.POSITIVE_INFINITY)
  }

  /** @internal Whether `patience` is at its end. */
  get isOver(): boolean {
    return this.#watch.isOver
  }

  /**
   * The encoder in training: embeds with the weights of the last finished step, even while a step is in progress. It
   * is the same object every time; after you dispose it, the next access makes a new one.
   */
  get encoder(): Encoder {
    this.#check()
    if (!this.#encoder || this.#encoder.disposed)
      this.#encoder = encoderOfHandle(this.#native.encoder(), this.config.architecture, this.#trainedOn)
    return this.#encoder
  }

  /** The projector in training. @throws ConfigError if the objective has none */
  get projector(): Projector {
    this.#check()
    return projectorOf(this.#native, this.config)
  }

  /**
   * Performs one optimizer step on views that you made. It counts as a step of the training.
   * @param views rows of `clipLength` samples, row = example · views + view, at least 2 examples per batch. With
   *        `accumulate`, that many batches of equal size, one after the other. The views must not change until the
   *        promise settles
   * @param options.labels for `supervised`: one row of 0 and 1 per example, one column per class
   * @returns the result; after an abort it rejects within 250 ms, and the trainer is unchanged
   * @throws ShapeError; ConfigError; NonFiniteError (then nothing has changed); the signal's reason
   */
  async step(views: Float32Array, options: StepOptions = {}): Promise<StepResult> {
    this.#check()
    const { signal, labels } = parseOptions(stepOptions, options, 'Trainer.step')
    const rows = checkRowsOfViews(views, this.config)
    const known = labelsOfViews(this.config.objective, labels?.slice(), rows / this.config.augmenter.views)
    const given = signal ? views.slice() : views // an abort gives views back at once, while the native side winds down
    return this.#native.enqueue(signal, async (abort) => {
      const [rate, encoderRate] = this.#learningRates()
      const result = await this.#naming([], () =>
        this.#native.stepOnViews(given, rows, rate, abort, known, encoderRate),
      )
      return this.#recorder.record(this.#wrap(result, rows), abort, signal)
    })
  }

  /**
   * Performs the steps of the training one by one, until `epochs`, `maxSteps` or `patience` end it. When the loop
   * ends, even by `break`, an abort or an error, a checkpoint is saved in the run directory (if there is one), and
   * the directory is released. After a value that is not finite, no checkpoint is saved.
   * @param options.signal without a run directory, an abort rejects at once; with one, it rejects only after the current
   *        step has ended and the checkpoint is saved
   * @throws ConfigError without a data set or for an unknown option; CacheError with the file that cannot be read;
   *        NonFiniteError with the tracks of the batch; the signal's reason
   */
  async *steps(options: StepsOptions = {}): AsyncGenerator<StepResult, void, undefined> {
    const { signal } = parseOptions(stepsOptions, options, 'Trainer.steps')
    const total = this.#needTotal()
    let failure: { error: unknown } | undefined
    try {
      const pending = this.#watch.pendingAt(this.#native.step)
      if (pending) yield await this.#makeUp(pending, signal)
      while (this.#native.step < total && !this.#watch.isOver) yield await this.#nextStep(signal)
    } catch (error) {
      failure = { error }
      throw error
    } finally {
      await this.#finish(failure)
    }
  }

  /** The last checkpoint, and the folder back. What goes wrong here is a warning where an error is on its way already. */
  async #finish(failure: { error: unknown } | undefined): Promise<void> {
    const sound = (failure?.error as { code?: unknown } | undefined)?.code !== 'ERR_NON_FINITE'
    try {
      try {
        if (sound && !this.#disposed) await this.saveCheckpoint()
      } finally {
        const closed = this.#close()
        if (this.#run) await closed
      }
    } catch (error) {
      if (!failure) throw error
      tellWarning(`the training ended without its last checkpoint: ${error}`, this.#onWarning)
    }
  }

  /**
   * Trains until `epochs`, `maxSteps` or `patience` end the training.
   * @param options.signal without a run directory, an abort rejects at once; with one, it rejects only after the
   *        current step has ended and the checkpoint is saved
   * @throws the errors of `steps`
   */
  async fit(options: FitOptions = {}): Promise<TrainingSummary> {
    const { signal, onStep, onEpoch } = parseOptions(fitOptions, options, 'Trainer.fit')
    const started = performance.now()
    const { stepsPerEpoch = 0 } = this
    const finalLoss = await runEpochs(this.steps({ signal }), { stepsPerEpoch, onStep, onEpoch })
    return {
      steps: this.stepsDone,
      epochs: Math.floor(this.stepsDone / stepsPerEpoch),
      finalLoss,
      ...this.#outcome(),
      seconds: (performance.now() - started) / 1000,
      runDirectory: this.#run?.path,
      checkpoint: this.#run?.latestCheckpoint,
    }
  }

  /**
   * Writes a checkpoint of the last finished step into the run directory, unless there is one already.
   * @returns its path; undefined without a run directory
   * @throws IoError; existing files stay intact
   */
  async saveCheckpoint(): Promise<string | undefined> {
    this.#check()
    if (!this.#run) return undefined
    await this.#native.enqueue(undefined, () => this.#recorder.checkpoint())
    return this.#run.latestCheckpoint
  }

  /** Frees the native memory once work in progress is finished. `encoder` stays usable, with its current weights. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#native.dispose()
    this.#close().catch(() => {}) // the lock of a process that ends is taken over by the next one
  }

  /** As `dispose`, and waits until work in progress is finished and the run directory is released. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose()
    await this.#closed
  }

  /** As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Gives the run directory back after all work under way. */
  #close(): Promise<void> {
    this.#closed = this.#native.enqueue(undefined, async () => this.#run?.close())
    return this.#closed
  }

  #nextStep(signal: AbortSignal | undefined): Promise<StepResult> {
    this.#check()
    return this.#native.enqueue(signal, async (abort) => {
      const tracks = this.#native.nextBatch().map((i) => this.#dataset!.tracks[i]!.path)
      const [rate, encoderRate] = this.#learningRates()
      const result = await this.#naming(tracks, () => this.#native.nextStep(rate, abort, encoderRate))
      const rows = tracks.length * this.config.augmenter.views
      return this.#recorder.record(this.#wrap(result, rows, tracks), abort, signal)
    })
  }

  /** The end of a step whose measurement was cut off, in this process or in an earlier one. */
  #makeUp(pending: StepResult, signal: AbortSignal | undefined): Promise<StepResult> {
    return this.#native.enqueue(signal, async (abort) => {
      const result = await this.#recorder.record(pending, abort, signal)
      this.#recorder.savedStep = -1 // the checkpoint that is there does not know the measurement
      await this.#recorder.checkpoint()
      return result
    })
  }

  async #naming<T>(tracks: string[], call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw nameTracks(fromNativeError(error), tracks)
    }
  }

  #outcome(): Pick<TrainingSummary, 'bestValidLoss' | 'best' | 'stoppedEarly'> {
    const { bestValidLoss, best } = this.#watch.state
    return { bestValidLoss, best, stoppedEarly: this.#watch.isOver && this.stepsDone < this.totalSteps! }
  }

  #wrap(result: NativeStepResult, rows: number, tracks: string[] = []): StepResult {
    const { dataSeconds, seconds, ...measured } = result
    const epoch = this.stepsPerEpoch ? Math.ceil(result.step / this.stepsPerEpoch) : 0
    return { ...measured, epoch, viewsPerSecond: rows / seconds, dataSeconds, seconds, tracks }
  }

  /** of everything but the encoder, and of the encoder */
  #learningRates(): [number, number] {
    const { schedule, optimizer, encoderLr = optimizer.lr } = this.config
    const at = (base: number) => learningRateAt(schedule, base, this.#native.step, this.totalSteps)
    return [at(optimizer.lr), at(encoderLr)]
  }

  #check(): void {
    if (!this.#disposed) return
    throw new DisposedError({ what: 'the trainer was disposed', remedy: 'Make a new one' })
  }

  #needTotal(): number {
    this.#check()
    const total = this.totalSteps
    if (total !== undefined) return total
    throw new ConfigError({
      what: 'fit and steps need a data set',
      expected: 'the option `dataset` of Trainer.create',
      remedy: 'Pass what openDataset() returned',
    })
  }
}
