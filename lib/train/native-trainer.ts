/** The native trainer behind a queue: one call at a time, in order, and what an abort leaves winding down counts. */
import { ClmrError, NonFiniteError } from '../errors.js'
import { nativeArchitecture } from '../model/architecture.js'
import type {
  AbortFlag,
  CropSourceHandle,
  EncoderHandle,
  LabelMatrix,
  StateDict,
  TrainerHandle,
  TrainerState,
} from '../native/binding.js'
import { callNative, callNativeSync } from '../native/call.js'
import type { NativeStepResult } from '../native/figures.js'
import { native } from '../native/load.js'
import { type TrainerSpec, trainerSpec } from './options.js'

/** The configuration without what the facade alone uses: the learning rate comes with every step. */
function nativeSpec(config: TrainerSpec) {
  const names = Object.keys(trainerSpec.shape) as (keyof TrainerSpec)[]
  const { lr: _lr, ...optimizer } = config.optimizer
  const architecture = nativeArchitecture(config.architecture)
  return { ...Object.fromEntries(names.map((name) => [name, config[name]])), optimizer, architecture }
}

export class NativeTrainer {
  readonly stepsPerEpoch: number | undefined
  /** what 'auto' came to */
  readonly precision: 'float32' | 'bfloat16'
  /** steps done */
  step = 0
  readonly #handle: TrainerHandle
  #last: Promise<unknown> = Promise.resolve()

  private constructor(handle: TrainerHandle, hasSource: boolean) {
    this.#handle = handle
    this.precision = native().trainerPrecision(handle)
    if (hasSource) this.stepsPerEpoch = native().trainerStepsPerEpoch(handle)
  }

  static async create(
    config: TrainerSpec,
    weights: { encoder?: StateDict; projector?: StateDict },
    source: CropSourceHandle | undefined,
    labels?: LabelMatrix,
    cropSeed?: number,
  ): Promise<NativeTrainer> {
    const { encoder, projector } = weights
    const handle = await callNative(undefined, () =>
      native().trainerCreate(nativeSpec(config), encoder, projector, source, labels, cropSeed),
    )
    return new NativeTrainer(handle, source !== undefined)
  }

  /**
   * Runs `work` when all earlier work is over. Rejects as soon as the signal fires, while `work` may still wind down;
   * whatever comes next waits for it.
   */
  enqueue<T>(signal: AbortSignal | undefined, work: (abort: AbortFlag) => Promise<T>): Promise<T> {
    return callNative(
      signal,
      (abort) => {
        const running = this.#last.then(() => work(abort))
        this.#last = running.then(
          () => {},
          () => {},
        )
        return running
      },
      { detach: true },
    )
  }

  /** One step on the next batch. To be called in `enqueue`, as those below. */
  async nextStep(
    learningRate: number,
    abort: AbortFlag,
    encoderLearningRate = learningRate,
  ): Promise<NativeStepResult> {
    return this.#done(await native().trainerStep(this.#handle, learningRate, encoderLearningRate, abort))
  }

  async stepOnViews(
    views: Float32Array,
    rows: number,
    learningRate: number,
    abort: AbortFlag,
    labels?: LabelMatrix,
    encoderLearningRate = learningRate,
  ): Promise<NativeStepResult> {
    const rates = [learningRate, encoderLearningRate] as const
    return this.#done(await native().trainerStepOnViews(this.#handle, views, rows, labels, ...rates, abort))
  }

  #done(result: NativeStepResult): NativeStepResult {
    this.step = result.step
    return result
  }

  validate(source: CropSourceHandle, abort: AbortFlag, labels?: LabelMatrix): Promise<number> {
    return native().trainerValidate(this.#handle, source, labels, abort)
  }

  state(): Promise<TrainerState> {
    return native().trainerState(this.#handle)
  }

  async restore({ tensors, step, epoch }: TrainerState): Promise<void> {
    await callNative(undefined, () => native().trainerRestore(this.#handle, { tensors, step, epoch }))
    this.step = step
  }

  project(embeddings: Float32Array, n: number): Promise<Float32Array> {
    return callNative(undefined, () => native().trainerProject(this.#handle, embeddings, n))
  }

  encoder(): EncoderHandle {
    return callNativeSync(() => native().trainerEncoder(this.#handle))
  }

  /** Indices of the tracks of the next batch. */
  nextBatch(): number[] {
    return native().trainerBatch(this.#handle, this.step)
  }

  /** Takes effect when all that was asked for before is over. */
  dispose(): void {
    this.#last.then(() => native().dispose(this.#handle))
  }
}

/** Says which tracks a loss or gradient came from that is not finite; other errors stay as they are. */
export function nameTracks(error: unknown, tracks: string[]): unknown {
  if (!(error instanceof ClmrError) || error.code !== 'ERR_NON_FINITE') return error
  return new NonFiniteError({
    what: (error.cause as Error | undefined)?.message ?? 'the loss is not finite',
    given: tracks.length ? `tracks ${tracks.join(', ')}` : 'views of the caller',
    expected: 'finite numbers',
    remedy: 'Nothing has changed and the last checkpoint is good: lower the learning rate',
    cause: error,
  })
}
