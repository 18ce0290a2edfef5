/** How many threads native work uses: what the machine or its cgroup grants, unless CLMR_THREADS or setThreads says otherwise. */
import { availableParallelism } from 'node:os'
import { ArgumentError, describe } from '../errors.js'
import { cpuQuota } from './cgroup.js'
import { native } from './load.js'

export function grantedThreads(): number {
  const wanted = Number(process.env.CLMR_THREADS)
  if (Number.isInteger(wanted) && wanted > 0) return wanted
  const quota = cpuQuota()
  return Math.min(
    availableParallelism(),
    quota === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(quota)),
  )
}

/**
 * Rules all native work of the process, from the next call on.
 * @param n 1 to 1024
 * @throws ArgumentError
 */
export function setThreads(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > 1024)
    throw new ArgumentError({
      what: 'not a number of threads',
      given: describe(n),
      expected: 'an integer from 1 to 1024',
      remedy: 'Pass one',
    })
  native().setThreads(n)
}

/** The number of threads that native work uses. */
export function getThreads(): number {
  return native().getThreads()
}
