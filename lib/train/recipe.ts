/**
 * What a training is made of besides data: objective, optimiser and schedule. Each is a plain object with a name, so
 * that it can be written in YAML, stored in a run directory and compared.
 */
import { z } from 'zod'
import { ConfigError } from '../errors.js'
import { ntXentOptions } from '../loss/nt-xent.js'
import { byolOptions, infoNceOptions, supervisedOptions } from '../loss/objectives.js'
import { parseOptions } from '../options.js'

const weightDecay = z.number().min(0).max(1).default(0).describe('L2 penalty, added to the gradient')
const learningRate = (fallback: number) =>
  z.number().positive().max(1000).default(fallback).describe('learning rate')

const adamTable = z.strictObject({
  name: z.literal('adam'),
  lr: learningRate(3e-4),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.999])
    .describe('decay of the averages of the gradient and of its square'),
  eps: z.number().positive().max(1).default(1e-8).describe('added to the denominator'),
  weightDecay,
})

const sgdTable = z
  .strictObject({
    name: z.literal('sgd'),
    lr: learningRate(0.01),
    momentum: z.number().min(0).lt(1).default(0.9).describe('share of the step before'),
    nesterov: z.boolean().default(false).describe("Nesterov's form of momentum"),
    weightDecay,
  })
  .refine(({ momentum, nesterov }) => momentum > 0 || !nesterov, {
    message: 'Nesterov needs a momentum above 0',
    path: ['nesterov'],
  })

const larsTable = z.strictObject({
  name: z.literal('lars'),
  lr: learningRate(0.3),
  momentum: z.number().min(0).lt(1).default(0.9).describe('share of the step before'),
  weightDecay: weightDecay.default(1e-6),
  trustCoefficient: z
    .number()
    .positive()
    .max(1)
    .default(1e-3)
    .describe("length of a layer's step, as a share of the length of its weights, at lr 1"),
  excludeBiasAndNorm: z
    .boolean()
    .default(true)
    .describe('biases and batch norm take plain steps, without weight decay'),
})

const objectiveTables = [
  ntXentOptions.extend({ name: z.literal('ntXent') }),
  infoNceOptions.extend({ name: z.literal('infoNce') }),
  byolOptions.extend({ name: z.literal('byol') }),
  supervisedOptions.extend({ name: z.literal('supervised') }),
] as const

const constantTable = z.strictObject({ name: z.literal('constant') })

const stepCount = (least: number) => z.number().int().min(least).max(1e9)
const cosineTable = z
  .strictObject({
    name: z.literal('cosine'),
    warmupSteps: stepCount(0)
      .default(0)
      .describe('steps in which the rate rises from 0 to that of the optimiser'),
    totalSteps: stepCount(1)
      .optional()
      .describe('steps after which the rate has come down; by default those of the training'),
    floor: z.number().min(0).max(1).default(0).describe('what it comes down to, as a share of the rate'),
  })
  .refine(({ warmupSteps, totalSteps }) => totalSteps === undefined || warmupSteps < totalSteps, {
    message: 'the warm-up has to end before totalSteps',
    path: ['warmupSteps'],
  })

export const optimizerOption = z.discriminatedUnion('name', [adamTable, sgdTable, larsTable])
export const objectiveOption = z.discriminatedUnion('name', objectiveTables)
export const scheduleOption = z.discriminatedUnion('name', [constantTable, cosineTable])

export type Optimizer = z.output<typeof optimizerOption>
export type Objective = z.output<typeof objectiveOption>
export type Schedule = z.output<typeof scheduleOption>
type Input<T extends z.ZodType> = Omit<z.input<T>, 'name'>

/**
 * Adam (Kingma & Ba, 2015), with the numbers of `torch.optim.Adam`.
 * @param options lr (3e-4), betas ([0.9, 0.999]), eps (1e-8), weightDecay (0)
 * @throws ConfigError
 */
export function adam(options: Input<typeof adamTable> = {}): z.output<typeof adamTable> {
  return parseOptions(adamTable, { ...options, name: 'adam' }, 'adam')
}

/**
 * Stochastic gradient descent, with the numbers of `torch.optim.SGD`.
 * @param options lr (0.01), momentum (0.9), nesterov (false), weightDecay (0)
 * @throws ConfigError
 */
export function sgd(options: Input<typeof sgdTable> = {}): z.output<typeof sgdTable> {
  return parseOptions(sgdTable, { ...options, name: 'sgd' }, 'sgd')
}

/**
 * LARS for large batches (You, Gitman & Ginsburg, "Large Batch Training of Convolutional Networks", 2017), as SimCLR
 * uses it: a layer's step is scaled to the length of its weights, and momentum is taken over scaled steps.
 * @param options lr (0.3; SimCLR takes 0.3 · batch / 256), momentum (0.9), weightDecay (1e-6), trustCoefficient (1e-3),
 *        excludeBiasAndNorm (true)
 * @throws ConfigError
 */
export function lars(options: Input<typeof larsTable> = {}): z.output<typeof larsTable> {
  return parseOptions(larsTable, { ...options, name: 'lars' }, 'lars')
}

/** The optimiser's learning rate at every step. */
export function constant(): z.output<typeof constantTable> {
  return { name: 'constant' }
}

/**
 * A linear warm-up, then half a cosine down (Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm
 * Restarts", 2017, without restarts). Step s of the warm-up of w steps takes s / w of the optimiser's rate (s from 1).
 * @param options warmupSteps (0), totalSteps (those of the training), floor (0, a share of the rate)
 * @throws ConfigError
 */
export function cosine(options: Input<typeof cosineTable> = {}): z.output<typeof cosineTable> {
  return parseOptions(cosineTable, { ...options, name: 'cosine' }, 'cosine')
}

/**
 * @param step steps done before, from 0
 * @param trainingSteps those of the training, where they are known
 * @throws ConfigError where a cosine does not know its end
 */
export function learningRateAt(
  schedule: Schedule,
  base: number,
  step: number,
  trainingSteps?: number,
): number {
  switch (schedule.name) {
    case 'constant':
      return base
    case 'cosine': {
      const { warmupSteps, floor } = schedule
      const total = schedule.totalSteps ?? trainingSteps
      if (total === undefined)
        throw new ConfigError({
          what: 'a cosine schedule has to know how many steps there will be',
          given: 'neither totalSteps nor a data set',
          expected: 'cosine({ totalSteps })',
          remedy: 'Pass totalSteps, or a dataset to train on',
        })
      if (step < warmupSteps) return (base * (step + 1)) / warmupSteps
      const way = Math.min(1, (step - warmupSteps) / Math.max(1, total - warmupSteps))
      return base * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * way))) / 2)
    }
  }
}
