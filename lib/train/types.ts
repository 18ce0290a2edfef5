/** What a training reports. */
import type { MonitorFigures, MonitorMeasure } from '../evaluate/monitor.js'

/** One optimizer step. */
export interface StepResult {
  /** steps done, this one included */
  step: number
  /** the epoch it belongs to, from 1; 0 if the trainer has no data set */
  epoch: number
  /** loss of the batch */
  loss: number
  /** learning rate of this step; with `encoderLr`, that of everything but the encoder */
  lr: number
  /** L2 norm of the gradient over all parameters, before clipping */
  gradientNorm: number
  /** metrics that the objective reports for the batch, such as accuracy */
  metrics: Record<string, number>
  /** rows (examples · views) per second in this step */
  viewsPerSecond: number
  /** seconds that the step waited for its batch, which is read and augmented while the previous step trains */
  dataSeconds: number
  /** duration of the whole step in seconds */
  seconds: number
  /** paths of the tracks of the batch, as `dataset.tracks` has them; empty for views that the caller gave */
  tracks: string[]
  /** loss of the validation set, on the last step of an epoch if there is a validation set */
  validLoss?: number
  /** figures of `monitor`, on the last step of an epoch that ends with a measurement */
  monitor?: MonitorFigures
}

/** One pass over the data set. */
export interface EpochResult {
  /** number of the epoch, from 1 */
  epoch: number
  /** steps done since the training began */
  step: number
  /** mean loss over the steps of this epoch, without those before a resume */
  loss: number
  /** loss of the validation set; undefined without one */
  validLoss?: number
  /** figures of `monitor`, if the epoch ends with a measurement */
  monitor?: MonitorFigures
  /** seconds that it took */
  seconds: number
}

/** The best measurement of a training run, whose weights are in `best.safetensors` of the run directory. */
export interface BestFigure {
  /** the first measure of `monitor`; without a monitor, the loss of the validation set */
  measure: MonitorMeasure | 'validLoss'
  /** its value: the lowest loss, or the highest value of any other measure */
  value: number
  /** the step after which it was measured */
  step: number
}

/** What `fit` returns. */
export interface TrainingSummary {
  /** steps done since the training began, those before a resume included */
  steps: number
  /** epochs completed */
  epochs: number
  /** loss of the last step, that is of one batch (`EpochResult.loss` is a mean); NaN if there was no step to do */
  finalLoss: number
  /** lowest loss of the validation set; undefined without one */
  bestValidLoss?: number
  /** the best measurement; undefined without a validation set */
  best?: BestFigure
  /** whether `patience` ended the training before `epochs` and `maxSteps` did */
  stoppedEarly: boolean
  /** duration of this call in seconds */
  seconds: number
  /** folder of the run; undefined without one */
  runDirectory?: string
  /** path of the last checkpoint; undefined without a run directory */
  checkpoint?: string
}
