import assert from 'node:assert/strict'
import { ArgumentError, CheckpointError, ClmrError, ERROR_CODES } from 'clmr'
import { describe as inWords, ioError } from '#lib/errors.js'

describe('00 errors', () => {
  it('a message says where, what, what was given, what was expected and what to do', () => {
    const error = new CheckpointError({
      what: 'a tensor has the wrong shape',
      given: '[3]',
      expected: '[128]',
      remedy: 'Use a checkpoint of SampleCNN',
      path: '/models/a.pt',
    })
    assert.equal(
      error.message,
      '/models/a.pt: a tensor has the wrong shape (given [3], expected [128]). Use a checkpoint of SampleCNN.',
    )
    assert.equal(error.code, 'ERR_CHECKPOINT')
    assert.equal(error.path, '/models/a.pt')
    assert.equal(error.name, 'CheckpointError')
  })

  it('every subclass is a ClmrError and an Error', () => {
    const error = new ArgumentError({ what: 'x', remedy: 'y' })
    assert.ok(error instanceof ClmrError && error instanceof Error)
  })

  it('the cause is kept, and an error without a cause has none', () => {
    const cause = new Error('below')
    assert.equal(new ArgumentError({ what: 'x', remedy: 'y', cause }).cause, cause)
    assert.equal('cause' in new ArgumentError({ what: 'x', remedy: 'y' }), false)
  })

  it('toJSON holds what a script needs and no stack', () => {
    const json = JSON.parse(JSON.stringify(new ArgumentError({ what: 'x', remedy: 'y', path: 'p' })))
    assert.deepEqual(json, { code: 'ERR_ARGUMENT', message: 'p: x. y.', path: 'p', remedy: 'y' })
  })

  it('a full disk, a missing file and a read-only system each have a remedy of their own', () => {
    const remedies = ['ENOSPC', 'ENOENT', 'EROFS'].map(
      (code) => ioError(Object.assign(new Error(code), { code }), '/p', 'write it').remedy,
    )
    assert.equal(new Set(remedies).size, 3)
  })

  it('every code has a line that explains it', () => {
    for (const [code, line] of Object.entries(ERROR_CODES))
      assert.ok(/^ERR_[A-Z_]+$/.test(code) && line.length > 10)
  })

  it('values are described shortly, with their type', () => {
    assert.equal(inWords(new Float32Array(7)), 'a Float32Array of 7')
    assert.equal(inWords(undefined), 'undefined')
    assert.equal(inWords('x'.repeat(1000)), 'a string of 1000 characters')
    assert.equal(inWords(Object.create(null)), 'an object (no prototype)')
    assert.equal(inWords([1, 2]), 'an array of 2')
  })
})
