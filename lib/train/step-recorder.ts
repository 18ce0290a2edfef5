/** What belongs to a finished step, whether or not somebody still waits for it: validation, metrics, checkpoint. */
import type { AbortFlag } from '../native/binding.js'
import { collapseWarning } from '../objective/collapse.js'
import { tellWarning } from '../warnings.js'
import type { NativeTrainer } from './native-trainer.js'
import type { CompleteTrainerOptions } from './options.js'
import type { Run } from './run.js'
import type { StepResult } from './types.js'
import type { Watch } from './watch.js'

type Options = Pick<CompleteTrainerOptions, 'checkpointEvery' | 'onWarning'>

export class StepRecorder {
  /** the step of the last checkpoint; −1 if there is none */
  savedStep = -1
  readonly #options: Options
  readonly #native: NativeTrainer
  readonly #watch: Watch
  readonly #run: Run | undefined
  #warned = false

  constructor(options: Options, native: NativeTrainer, watch: Watch, run: Run | undefined) {
    this.#options = options
    this.#native = native
    this.#watch = watch
    this.#run = run
  }

  async record(result: StepResult, abort: AbortFlag, signal?: AbortSignal): Promise<StepResult> {
    const { checkpointEvery, onWarning } = this.#options
    const collapse = this.#warned ? undefined : collapseWarning(result.step, result.metrics)
    if (collapse) {
      this.#warned = true
      tellWarning(collapse, onWarning)
    }
    const perEpoch = this.#native.stepsPerEpoch
    if (perEpoch && result.step % perEpoch === 0)
      await this.#watch.measure(this.#native, result, abort, signal)
    await this.#run?.appendStep(result)
    const improves = this.#watch.observe(result)
    if (improves || result.step % checkpointEvery === 0) await this.checkpoint(improves)
    return result
  }

  /** Of the last finished step, unless there is one already; nothing without a run directory. */
  async checkpoint(isBest = false): Promise<void> {
    if (!this.#run || (this.savedStep === this.#native.step && !isBest)) return
    const state = await this.#native.state()
    await this.#run.saveCheckpoint(state, this.#watch.state, isBest)
    this.savedStep = state.step
  }
}
