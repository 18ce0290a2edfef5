/** What a training is judged by after its epochs: the loss of the validation set and the monitor; the best, and when to stop. */
import { cropSourceOf, type Dataset } from '../cache/dataset.js'
import { ConfigError } from '../errors.js'
import { type MonitorMeasure, measureEncoder } from '../evaluate/monitor.js'
import { encoderOfHandle } from '../model/encoder.js'
import type { AbortFlag } from '../native/binding.js'
import { labelsFor } from '../objective/objectives.js'
import { TRAINED_ON_NOTHING } from '../runs/data-record.js'
import type { NativeTrainer } from './native-trainer.js'
import { type CompleteTrainerOptions, type ForNetwork, LEAST_BATCH } from './options.js'
import type { BestFigure, StepResult } from './types.js'

/** What a checkpoint keeps of it. */
export interface WatchState {
  bestValidLoss?: number
  best?: BestFigure
  /** measurements since the best one */
  waited?: number
  /** a step that is done, and whose measurement was cut off */
  pending?: StepResult
}

type WatchOptions = Pick<
  CompleteTrainerOptions,
  'monitor' | 'patience' | 'dataset' | 'validation' | 'seed' | 'objective'
>

/** @throws ConfigError for a monitor, or a patience, that has nothing to measure */
export function checkWatch({ monitor, patience, validation }: WatchOptions): void {
  const asked = monitor ? 'monitor' : patience === undefined ? undefined : 'patience'
  if (!asked) return
  if (!validation)
    throw new ConfigError({
      what: `the option \`${asked}\` needs a validation set to measure, and there is none`,
      expected: 'the option `validation` as well',
      remedy: "Pass `validation`, such as dataset.subset('valid')",
    })
  if (validation.length < LEAST_BATCH)
    throw new ConfigError({
      what: `the option \`${asked}\` has too few tracks to measure`,
      given: `a validation set of ${validation.length}`,
      expected: `at least ${LEAST_BATCH}`,
      remedy: 'Prepare more music',
    })
  const labelled = monitor?.measures.find((measure) => measure !== 'retrieval')
  if (labelled && validation.task === 'none')
    throw new ConfigError({
      what: `the measure ${JSON.stringify(labelled)} of \`monitor\` needs labels, and the data set has none`,
      expected: '"retrieval", which needs none',
      remedy: 'Prepare the cache with labels',
    })
}

export class Watch {
  readonly #options: ForNetwork<WatchOptions>
  readonly #validation: Dataset | undefined
  #state: WatchState

  constructor(options: ForNetwork<WatchOptions>, state: WatchState = {}) {
    this.#options = options
    this.#validation = options.validation
    const { best, bestValidLoss, pending } = state
    this.#state = best?.measure === this.#deciding ? state : { bestValidLoss, ...(pending && { pending }) }
  }

  get state(): WatchState {
    return { ...this.#state }
  }

  /** Whether `patience` is at its end. */
  get isOver(): boolean {
    return (this.#state.waited ?? 0) >= (this.#options.patience ?? Number.POSITIVE_INFINITY)
  }

  /** A step that nobody was told of, since its measurement was cut off. @param step the last that is done */
  pendingAt(step: number): StepResult | undefined {
    const { pending } = this.#state
    return pending?.step === step ? pending : undefined
  }

  /** The measure that says which weights are best. */
  get #deciding(): MonitorMeasure | 'validLoss' {
    return this.#options.monitor?.measures[0] ?? 'validLoss'
  }

  /** At the end of an epoch; written into `result` as it comes. Until it is over the step is pending. */
  async measure(
    native: NativeTrainer,
    result: StepResult,
    abort: AbortFlag,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#state.pending = { ...result }
    await this.#measure(native, result, abort, signal)
    delete this.#state.pending
  }

  async #measure(
    native: NativeTrainer,
    result: StepResult,
    abort: AbortFlag,
    signal?: AbortSignal,
  ): Promise<void> {
    const validation = this.#validation
    if (!validation || validation.length < LEAST_BATCH) return
    const { monitor, dataset, objective, seed, architecture } = this.#options
    const labels = labelsFor(objective, validation)
    result.validLoss = await native.validate(cropSourceOf(validation), abort, labels)
    if (!monitor || result.epoch % monitor.every !== 0) return
    using encoder = encoderOfHandle(native.encoder(), architecture, TRAINED_ON_NOTHING)
    const { measures } = monitor
    result.monitor = await measureEncoder(encoder, {
      train: dataset!,
      valid: validation,
      measures,
      seed,
      signal,
    })
  }

  /** @returns whether the weights are the best so far */
  observe({ step, validLoss, monitor }: StepResult): boolean {
    if (validLoss !== undefined)
      this.#state.bestValidLoss = Math.min(validLoss, this.#state.bestValidLoss ?? Number.POSITIVE_INFINITY)
    const measure = this.#deciding
    const value = measure === 'validLoss' ? validLoss : monitor?.[measure]
    if (value === undefined || Number.isNaN(value)) return false // no class of the sample has both kinds of tracks
    const { best, waited = 0 } = this.#state
    const improves = !best || (measure === 'validLoss' ? value < best.value : value > best.value)
    this.#state = improves
      ? { ...this.#state, best: { measure, value, step }, waited: 0 }
      : { ...this.#state, waited: waited + 1 }
    return improves
  }
}
