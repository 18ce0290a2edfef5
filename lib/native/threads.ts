/** How many threads native work uses: as `setThreads` says, or else `grantedThreads`. */
import { ArgumentError, describe } from '../errors.js'
import { MAX_THREADS } from './granted-threads.js'
import { native } from './load.js'

/**
 * Sets the number of threads of all native work in the process, from the next call on.
 * @param n 1 to 1024
 * @throws ArgumentError
 */
export function setThreads(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > MAX_THREADS)
    throw new ArgumentError({
      what: 'not a number of threads',
      given: describe(n),
      expected: `an integer from 1 to ${MAX_THREADS}`,
      remedy: 'Pass one',
    })
  native().setThreads(n)
}

/** The number of threads that native work uses. */
export function getThreads(): number {
  return native().getThreads()
}
