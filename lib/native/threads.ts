/** How many threads native work uses: what the machine or its cgroup grants, unless CLMR_THREADS or setThreads says otherwise. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { ArgumentError, describe } from '../errors.js'
import { native } from './load.js'

/** The CPU quota of the cgroup in whole CPUs, or undefined where there is none. */
function cgroupQuota(): number | undefined {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      return undefined
    }
  }
  const v2 = read('/sys/fs/cgroup/cpu.max')?.split(' ')
  const v1 = [read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'), read('/sys/fs/cgroup/cpu/cpu.cfs_period_us')]
  const [quota, period] = (v2 ?? v1).map(Number)
  return quota! > 0 && period! > 0 ? Math.max(1, Math.ceil(quota! / period!)) : undefined
}

export function grantedThreads(): number {
  const wanted = Number(process.env.CLMR_THREADS)
  if (Number.isInteger(wanted) && wanted > 0) return wanted
  return Math.min(availableParallelism(), cgroupQuota() ?? Number.POSITIVE_INFINITY)
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
