/**
 * What moves the weights. An optimiser is a plain object with a name, so that it can be written in YAML, stored in a run
 * directory and compared.
 */
import { z } from 'zod'
import { type Input, parseOptions } from '../options.js'

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

export const optimizerOption = z.discriminatedUnion('name', [adamTable, sgdTable, larsTable])

export type Optimizer = z.output<typeof optimizerOption>

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
