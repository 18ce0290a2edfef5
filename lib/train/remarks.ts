/** Where a training does not do what its options seem to say: one sentence each that says what holds. */
import { courseOf } from '../objective/objectives.js'
import type { TrainerConfig } from './option-types.js'
import { type CompleteTrainerOptions, LEAST_BATCH } from './options.js'
import { learningRateAt } from './schedule-tables.js'
import { stepsOf, stepsPerEpochOf } from './start.js'

/** Of options that a training begins or goes on with. */
function validationRemarks({ validation }: CompleteTrainerOptions): string[] {
  if (!validation || validation.length >= LEAST_BATCH) return []
  const held = validation.length === 1 ? '1 track' : 'no tracks'
  return [
    `the validation set holds ${held} and a loss compares at least ${LEAST_BATCH}: no validation loss is measured`,
  ]
}

/** Of options that a training begins with. */
export function beginningRemarks(options: CompleteTrainerOptions): string[] {
  const { freeze, encoder, initFrom } = options
  const untrained = freeze && !encoder && initFrom === undefined
  return [
    ...validationRemarks(options),
    ...(untrained ? ['the frozen encoder has random weights: initFrom says which to start from'] : []),
  ]
}

function limitRemark(given: object, { epochs, maxSteps, ...rest }: CompleteTrainerOptions): string[] {
  const perEpoch = stepsPerEpochOf(rest)
  const asked = 'epochs' in given && !('maxSteps' in given)
  if (!asked || maxSteps === undefined || perEpoch === undefined || maxSteps >= epochs * perEpoch) return []
  return [`the run ends after ${maxSteps} steps, its maxSteps, and not after ${epochs} epochs`]
}

const rate = (value: number) => Number(value.toPrecision(3))

/** A schedule over the whole training is another one once the training has another length. */
function scheduleRemarks(before: TrainerConfig, options: CompleteTrainerOptions, step: number): string[] {
  const [was, is] = [stepsOf({ ...options, ...lengthOf(before) }), stepsOf(options)]
  if (was === undefined || is === undefined || was === is || step >= is) return []
  const { schedule, optimizer, objective } = options
  const remarks: string[] = []
  const [old, now] = [was, is].map((total) => rate(learningRateAt(schedule, optimizer.lr, step, total)))
  if (old !== now)
    remarks.push(
      `the learning rate goes on at ${now} instead of ${old}: its cosine now spans ${is} steps instead of ${was}`,
    )
  const course = courseOf(objective)
  if (course !== undefined) remarks.push(`${course} over ${is} steps instead of ${was}`)
  return remarks
}

/** @param before the options of the run so far */
function roundingRemarks(before: TrainerConfig, { tf32 = false }: CompleteTrainerOptions): string[] {
  if (tf32 === (before.tf32 ?? false)) return []
  return [
    `tf32 is ${tf32} from here on and was ${!tf32}: on CUDA the steps are not those of an uninterrupted run`,
  ]
}

const lengthOf = ({ epochs, maxSteps }: TrainerConfig) => ({ epochs, maxSteps })

/**
 * Of a run that goes on.
 * @param before its options so far
 * @param given those that were passed now
 * @param step steps that are done
 */
export function resumeRemarks(
  before: TrainerConfig,
  options: CompleteTrainerOptions,
  given: object,
  step: number,
): string[] {
  return [
    ...validationRemarks(options),
    ...limitRemark(given, options),
    ...scheduleRemarks(before, options, step),
    ...roundingRemarks(before, options),
  ]
}
