/** Learning rate over time. A schedule is a plain object with a name, as an optimizer is. */
import { z } from 'zod'
import { ConfigError } from '../errors.js'
import { typed } from '../options.js'
import type { Schedule } from './option-types.js'

export const constantTable = z.strictObject({ name: z.literal('constant') })

const stepCount = (least: number) => z.number().int().min(least).max(1e9)
export const cosineTable = z
  .strictObject({
    name: z.literal('cosine'),
    warmupSteps: stepCount(0)
      .default(0)
      .describe('Steps in which the learning rate rises from 0 to that of the optimizer.'),
    totalSteps: stepCount(1)
      .optional()
      .describe(
        'Steps, warm-up included, until the rate has fallen to `floor`. Default: all steps of the training.',
      ),
    floor: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('Final learning rate as a share of that of the optimizer.'),
  })
  .refine(({ warmupSteps, totalSteps }) => totalSteps === undefined || warmupSteps < totalSteps, {
    message: 'the warm-up has to end before totalSteps',
    path: ['warmupSteps'],
  })

export const scheduleOption = z
  .discriminatedUnion('name', [constantTable, cosineTable])
  .meta(typed('ScheduleInput', 'Schedule'))

/**
 * @param step steps done before, from 0
 * @param trainingSteps those of the training, where they are known
 * @throws ConfigError if a cosine does not know its end
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
          expected: 'schedules.cosine({ totalSteps })',
          remedy: 'Pass totalSteps',
        })
      if (step < warmupSteps) return (base * (step + 1)) / warmupSteps
      const way = Math.min(1, (step - warmupSteps) / Math.max(1, total - warmupSteps))
      return base * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * way))) / 2)
    }
  }
}
