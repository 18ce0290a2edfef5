import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { native } from '#lib/native/load.js'

/** The methods that the Native… interfaces of binding.ts declare. */
function declaredMethods(): string[] {
  const source = readFileSync(new URL('../lib/native/binding.ts', import.meta.url), 'utf8')
  const interfaces = source.matchAll(
    /export interface Native(?:Runtime|Audio|Cache|Augment|Model|Objective|Train|Evaluate) \{\n([\s\S]*?)\n\}/g,
  )
  return [...interfaces].flatMap(([, body]) => [...body!.matchAll(/^ {2}(\w+)\(/gm)].map((m) => m[1]!))
}

describe('02 binding contract', () => {
  it('the addon exports what binding.ts declares, key by key, and nothing else', () => {
    assert.deepEqual(Object.keys(native()).sort(), declaredMethods().sort())
  })

  it('the addon says which libtorch it runs on', () => {
    const info = native().info()
    assert.equal(info.libtorchVersion, '2.15.0')
    assert.ok(info.threads >= 1)
  })

  it('BAD CALL - a wrong argument is a sentence with a code, not a crash', () => {
    const binding = native() as unknown as Record<string, (...args: unknown[]) => unknown>
    assert.throws(() => binding.setThreads!('many'), {
      code: 'ERR_ARGUMENT',
      message: /expected a number for threads/,
    })
    assert.throws(() => binding.setThreads!(0), { code: 'ERR_ARGUMENT' })
    assert.throws(() => binding.dispose!({}), { code: 'ERR_ARGUMENT', message: /not a handle/ })
    assert.throws(() => binding.dispose!(), { code: 'ERR_ARGUMENT' })
  })

  it('BAD CALL - every export refuses hostile arguments with an error of its own', async () => {
    const binding = native() as unknown as Record<string, (...args: unknown[]) => unknown>
    const hostile = [
      undefined,
      null,
      Number.NaN,
      -1,
      2 ** 53,
      'x',
      {},
      [],
      new Float32Array(0),
      new Proxy({}, {}),
      () => 1,
      Symbol.iterator,
      1n,
    ]
    for (const name of Object.keys(binding)) {
      if (['info', 'getThreads', 'createAbortFlag', 'allocate', 'setThreads'].includes(name)) continue
      for (const value of hostile) {
        try {
          await binding[name]!(value, value, value, value, value, value, value)
        } catch (error) {
          assert.ok(error instanceof Error, `${name}(${String(value)}) threw ${String(error)}`)
        }
      }
    }
  })
})
