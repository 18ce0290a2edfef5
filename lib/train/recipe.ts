/**
 * What a training is made of besides data: objective, optimiser and schedule. Each is a plain object with a name, so
 * that it can be written in YAML, stored in a run directory and compared.
 */
import { z } from 'zod'
import { ntXentOptions } from '../loss/nt-xent.js'
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

const ntXentTable = ntXentOptions.extend({ name: z.literal('ntXent') })

const constantTable = z.strictObject({ name: z.literal('constant') })

export const optimizerOption = z.discriminatedUnion('name', [adamTable, sgdTable])
export const objectiveOption = z.discriminatedUnion('name', [ntXentTable])
export const scheduleOption = z.discriminatedUnion('name', [constantTable])

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

/** The optimiser's learning rate at every step. */
export function constant(): z.output<typeof constantTable> {
  return { name: 'constant' }
}

/** @param _step steps done before, from 0 */
export function learningRateAt(schedule: Schedule, base: number, _step: number): number {
  switch (schedule.name) {
    case 'constant':
      return base
  }
}
