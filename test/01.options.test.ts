import assert from 'node:assert/strict'
import { ClmrError, ConfigError } from 'clmr'
import { z } from 'zod'
import { flagFor } from '#lib/cli/command.js'
import { listOptions, nearestName, parseOptions } from '#lib/options.js'

const table = z.strictObject({
  batchSize: z.int().min(2).max(4096).default(48).describe('examples a step'),
  device: z.enum(['auto', 'cpu']).default('auto').describe('where to compute'),
  resume: z.boolean().default(false).describe('go on'),
  optimizer: z
    .strictObject({ lr: z.number().positive().default(3e-4).describe('learning rate') })
    .prefault({})
    .describe('how weights move'),
})

const refusal = (input: unknown): ConfigError => {
  try {
    parseOptions(table, input, 'Trainer.create')
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error
  }
  throw new assert.AssertionError({ message: 'was accepted' })
}

describe('01 options', () => {
  it('defaults fill what is not given', () => {
    assert.deepEqual(parseOptions(table, { batchSize: 8 }, 'x'), {
      batchSize: 8,
      device: 'auto',
      resume: false,
      optimizer: { lr: 3e-4 },
    })
    assert.equal(parseOptions(table, undefined, 'x').batchSize, 48)
  })

  it('BAD CALL - a misspelt name is refused with the name that was meant', () => {
    const error = refusal({ batchsize: 8 })
    assert.match(error.message, /Trainer\.create has no option "batchsize"/)
    assert.match(error.message, /Write "batchSize" instead/)
    assert.match(error.message, /batchSize, device, resume, optimizer/)
  })

  it('BAD CALL - a misspelt nested name is refused with its path', () => {
    const error = refusal({ optimizer: { lrr: 1 } })
    assert.match(error.message, /"optimizer\.lrr"/)
    assert.match(error.message, /Write "lr" instead/)
  })

  it('BAD CALL - a value out of range or of the wrong type says what was given', () => {
    assert.match(refusal({ batchSize: 1 }).message, /option "batchSize".*given 1/)
    assert.match(refusal({ batchSize: '8' }).message, /given "8"/)
    assert.match(refusal({ device: 'gpu' }).message, /given "gpu"/)
    assert.match(refusal({ batchSize: Number.NaN }).message, /given NaN/)
    assert.equal(refusal(5) instanceof ClmrError, true)
  })

  it('a name that resembles nothing gets no suggestion', () => {
    assert.equal(nearestName('colour', ['batchSize', 'device']), undefined)
    assert.equal(nearestName('temprature', ['temperature', 'views']), 'temperature')
  })

  it('the same table makes the flags: name, type, choices, default in the help', () => {
    assert.deepEqual(
      listOptions(table).map((o) => [o.name, o.type, o.fallback]),
      [
        ['batchSize', 'integer', 48],
        ['device', 'string', 'auto'],
        ['resume', 'boolean', false],
        ['optimizer', 'object', {}],
      ],
    )
    const flag = flagFor(table, 'batchSize')
    assert.equal(flag.flags, '--batch-size <n>')
    assert.match(flag.description, /examples a step \(default: 48\)/)
    assert.equal(flag.parseArg?.('8', undefined), 8)
    assert.equal(flag.parseArg?.('many', undefined), 'many') // validation, not the flag, refuses it
    assert.equal(flagFor(table, 'resume').flags, '--resume')
    assert.deepEqual(flagFor(table, 'device').argChoices, ['auto', 'cpu'])
  })
})
