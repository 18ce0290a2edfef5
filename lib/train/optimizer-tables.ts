/**
 * What moves the weights. An optimiser is a plain object with a name, so that it can be written in YAML, stored in a run
 * directory and compared.
 */
import { z } from 'zod'

const weightDecay = z.number().min(0).max(1).default(0).describe('L2 penalty, added to the gradient')
const learningRate = (fallback: number) =>
  z.number().positive().max(1000).default(fallback).describe('learning rate')

export const adamTable = z.strictObject({
  name: z.literal('adam'),
  lr: learningRate(3e-4),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.999])
    .describe('decay of the averages of the gradient and of its square'),
  eps: z.number().positive().max(1).default(1e-8).describe('added to the denominator'),
  weightDecay,
})

export const sgdTable = z
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

export const larsTable = z.strictObject({
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
