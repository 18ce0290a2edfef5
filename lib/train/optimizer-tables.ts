/**
 * What moves the weights. An optimizer is a plain object with a name, so that it can be written in YAML, stored in a run
 * directory and compared.
 */
import { z } from 'zod'
import { typed } from '../options.js'

const weightDecay = z
  .number()
  .min(0)
  .max(1)
  .default(0)
  .describe('Weight decay: an L2 penalty that is added to the gradient.')
const learningRate = (fallback: number) =>
  z.number().positive().max(1000).default(fallback).describe('Learning rate.')

export const adamTable = z.strictObject({
  name: z.literal('adam'),
  lr: learningRate(3e-4),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .readonly()
    .default([0.9, 0.999])
    .describe('Decay rates of the running averages of the gradient and of its square.'),
  eps: z
    .number()
    .positive()
    .max(1)
    .default(1e-8)
    .describe('Small term in the denominator, for numerical stability.'),
  weightDecay,
})

const momentum = z
  .number()
  .min(0)
  .lt(1)
  .default(0.9)
  .describe('Momentum: the share of the previous step that is added to the next one.')

export const sgdTable = z
  .strictObject({
    name: z.literal('sgd'),
    lr: learningRate(0.01),
    momentum,
    nesterov: z.boolean().default(false).describe('Whether to use Nesterov momentum.'),
    weightDecay,
  })
  .refine(({ momentum, nesterov }) => momentum > 0 || !nesterov, {
    message: 'Nesterov needs a momentum above 0',
    path: ['nesterov'],
  })

export const larsTable = z.strictObject({
  name: z.literal('lars'),
  lr: learningRate(0.3),
  momentum,
  weightDecay: weightDecay.default(1e-6),
  trustCoefficient: z
    .number()
    .positive()
    .max(1)
    .default(1e-3)
    .describe(
      "Trust coefficient: the L2 norm of a layer's step divided by the L2 norm of its weights, at lr 1.",
    ),
  excludeBiasAndNorm: z
    .boolean()
    .default(true)
    .describe('Whether biases and batch norm take unscaled steps without weight decay.'),
})

export const optimizerOption = z
  .discriminatedUnion('name', [adamTable, sgdTable, larsTable])
  .meta(typed('OptimizerInput', 'Optimizer'))
