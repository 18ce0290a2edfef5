/** From complete options to a native trainer: what they must agree on, the weights to start from, the native spec. */

import { cropSourceOf } from '../cache/dataset.js'
import { ConfigError } from '../errors.js'
import { isSameNetwork, kernelsFor } from '../model/architecture.js'
import { stateOfEncoder } from '../model/encoder.js'
import { loadModelState } from '../model/load-state.js'
import { locateModel } from '../model/locate.js'
import type { Architecture } from '../model/option-types.js'
import type { StateDict } from '../native/binding.js'
import {
  checkViewCount,
  classifierNames,
  descriptorOf,
  labelsFor,
  nativeObjective,
} from '../objective/objectives.js'
import { TRAINED_ON_NOTHING, type TrainedOn } from '../runs/data-record.js'
import { aboutFile, tellWarning } from '../warnings.js'
import { NativeTrainer } from './native-trainer.js'
import type { TrainerConfig } from './option-types.js'
import { type CompleteTrainerOptions, type ForNetwork, LEAST_BATCH } from './options.js'
import { learningRateAt } from './schedule-tables.js'
import { checkWatch } from './watch.js'

/** What does not go with a frozen encoder. @throws ConfigError */
function checkFreeze({ freeze, encoderLr }: CompleteTrainerOptions): void {
  if (!freeze || encoderLr === undefined) return
  throw new ConfigError({
    what: 'a frozen encoder has no learning rate',
    given: `freeze true, encoderLr ${encoderLr}`,
    expected: 'one of the two',
    remedy: 'Leave encoderLr out',
  })
}

/** What the options of a trainer must agree on among themselves. @throws ConfigError */
export function checkOptions(options: CompleteTrainerOptions): void {
  const { augmenter, dataset, validation, batchSize, accumulate, schedule, optimizer } = options
  const { precision, kernels } = options
  if (options.architecture?.supervised && !descriptorOf(options.objective).classifier)
    throw new ConfigError({
      what: 'a network with a classifier learns from labels',
      given: `architecture.supervised, objective ${options.objective.name}`,
      expected: `objective ${classifierNames.join(' or ')}, or a network without a classifier`,
      remedy: 'Leave `supervised` out of the architecture',
    })
  const own = augmenter.transforms.find((transform) => transform.name === 'custom')
  if (own)
    throw new ConfigError({
      what: 'a Trainer augments natively and cannot run a transform written in JavaScript',
      given: `transforms.custom({ title: ${JSON.stringify(own.title)} })`,
      expected: 'a chain without transforms.custom(…)',
      remedy: 'Make the views with augmenter.augment(), and train on them with trainer.step()',
    })
  checkFreeze(options)
  learningRateAt(schedule, optimizer.lr, 0, dataset && 1) // throws where a schedule has no end
  if (precision === 'bfloat16' && kernels === 'plain')
    throw new ConfigError({
      what: 'the plain kernels keep activations in float32',
      given: "precision 'bfloat16', kernels 'plain'",
      expected: 'one of the two',
      remedy: 'Leave `kernels` out',
    })
  checkViewCount(options.objective, augmenter.views)
  if (validation && !dataset)
    throw new ConfigError({
      what: 'the option `validation` needs a data set to train on: it is measured after every epoch',
      expected: 'the option `dataset` as well',
      remedy: 'Pass `dataset` too',
    })
  checkWatch(options)
  if (dataset && dataset.length < batchSize * accumulate)
    throw new ConfigError({
      what: accumulate === 1 ? 'a batch is larger than the data set' : 'a step is larger than the data set',
      given: `batchSize ${batchSize}${accumulate === 1 ? '' : `, accumulate ${accumulate}`}, ${dataset.length} tracks`,
      expected: `a batchSize of ${LEAST_BATCH} to ${Math.floor(dataset.length / accumulate)}`,
      remedy: 'Choose a smaller batch',
    })
}

/** The plain kernels keep activations in float32: they are asked for, or the fused ones do not know the network. */
export const usesPlainKernels = ({ kernels, architecture }: ForNetwork<CompleteTrainerOptions>): boolean =>
  kernels === 'plain' || kernelsFor(architecture) === 'plain'

/** What network and options must agree on, once it is known which network. @throws ConfigError */
export function checkNetwork(options: ForNetwork<CompleteTrainerOptions>, found?: Architecture): void {
  const { architecture, augmenter, precision } = options
  const told = ({ strides, channels, clipLength }: Architecture) =>
    `strides ${strides.join(', ')}, channels ${channels.join(', ')}, clipLength ${clipLength}`
  if (found && !isSameNetwork(found, architecture))
    throw new ConfigError({
      what: 'the weights to start from are of another network than `architecture`',
      given: told(architecture),
      expected: told(found),
      remedy: 'Leave `architecture` out',
    })
  if (augmenter.clipLength !== architecture.clipLength)
    throw new ConfigError({
      what: 'the augmenter makes views that SampleCNN does not take',
      given: `a clipLength of ${augmenter.clipLength}`,
      expected: `${architecture.clipLength}`,
      remedy: 'Leave clipLength out',
    })
  if (precision === 'bfloat16' && kernelsFor(architecture) === 'plain')
    throw new ConfigError({
      what: "only CLMR's network is trained in bfloat16: others run on the plain kernels",
      given: told(architecture),
      expected: "precision 'float32'",
      remedy: 'Leave `precision` out',
    })
}

function checkProjector(projector: StateDict, projection: TrainerConfig['projection'], path?: string): void {
  const [hidden] = projector['0.weight']!.shape
  const [out] = projector['2.weight']!.shape
  if (hidden === projection.hidden && out === projection.out) return
  throw new ConfigError({
    what: 'the projector of the checkpoint has other sizes than `projection`',
    given: `{ hidden: ${hidden}, out: ${out} }`,
    expected: `{ hidden: ${projection.hidden}, out: ${projection.out} }`,
    remedy: 'Set `projection` to the sizes of the checkpoint',
    path,
  })
}

export interface InitialWeights {
  encoder?: StateDict
  projector?: StateDict
  /** of the encoder */
  architecture?: Architecture
  trainedOn: TrainedOn
}

/** The weights to start from, if there are any. @throws ConfigError, CheckpointError, IoError */
export async function initialWeights(options: CompleteTrainerOptions): Promise<InitialWeights> {
  const { encoder, initFrom, projection, objective, onWarning } = options
  if (encoder && initFrom !== undefined)
    throw new ConfigError({
      what: 'weights to start from are given twice',
      given: 'encoder and initFrom',
      expected: 'one of them, or none',
      remedy: 'Leave one out',
    })
  if (encoder) {
    const { architecture, trainedOn } = encoder
    return { encoder: stateOfEncoder(encoder), architecture, trainedOn }
  }
  if (initFrom === undefined) return { trainedOn: TRAINED_ON_NOTHING }
  const model = await loadModelState(await locateModel(initFrom, 'Trainer.create'))
  for (const warning of model.warnings) tellWarning(aboutFile(initFrom, warning), onWarning)
  const { architecture, trainedOn } = model
  if (descriptorOf(objective).projector !== 'simclr')
    return { encoder: model.encoder, architecture, trainedOn }
  if (model.projector) checkProjector(model.projector, projection, initFrom)
  return { encoder: model.encoder, projector: model.projector, architecture, trainedOn }
}

type StepOptions = Pick<CompleteTrainerOptions, 'dataset' | 'batchSize' | 'accumulate'>

/** Whole batches of the data set, if there is one. */
export function stepsPerEpochOf({ dataset, batchSize, accumulate }: StepOptions): number | undefined {
  return dataset && Math.floor(dataset.length / (batchSize * accumulate))
}

/** Steps of the training, if there is a data set. */
export function stepsOf(options: CompleteTrainerOptions): number | undefined {
  const perEpoch = stepsPerEpochOf(options)
  return perEpoch && Math.min(perEpoch * options.epochs, options.maxSteps ?? Number.POSITIVE_INFINITY)
}

/** The native side of a trainer with these options. cropSeed: where it is not that of the augmenter. */
export function nativeTrainer(
  options: ForNetwork<CompleteTrainerOptions>,
  weights: { encoder?: StateDict; projector?: StateDict },
  cropSeed?: number,
): Promise<NativeTrainer> {
  const { objective, dataset } = options
  const labels = labelsFor(objective, dataset)
  const complete = nativeObjective(objective, { dataset, steps: stepsOf(options) })
  const spec = { ...options, objective: complete }
  return NativeTrainer.create(spec, weights, dataset && cropSourceOf(dataset), labels, cropSeed)
}
