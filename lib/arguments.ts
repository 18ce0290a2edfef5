/** Checks of arguments that are no options, one way for every export. Options have their tables: see options.ts. */
import { ArgumentError, describe } from './errors.js'

/**
 * A path that the file system can be asked for.
 * @param where the call that it was passed to
 * @throws ArgumentError
 */
export function checkPath(path: unknown, where: string): asserts path is string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return
  throw new ArgumentError({
    what: `${where} needs a path`,
    given: describe(path),
    expected: 'a text that is not empty and has no zero byte',
    remedy: 'Pass a path',
  })
}

/** @throws ArgumentError for what has no properties */
export function checkObject(value: unknown, where: string): asserts value is object {
  if (typeof value === 'object' && value !== null) return
  throw new ArgumentError({
    what: `${where} needs its options`,
    given: describe(value),
    expected: 'an object',
    remedy: 'Pass an object with the options',
  })
}

/** What the classes give to their own constructors; nobody else has it. */
export const MADE_HERE = Symbol('made by clmr')

/** @throws ArgumentError for `new`, where objects are made by a method */
export function refuseNew(token: unknown, name: string, instead: string): void {
  if (token === MADE_HERE) return
  throw new ArgumentError({
    what: `a ${name} is not made with \`new\``,
    expected: instead,
    remedy: `Call ${instead}`,
  })
}
