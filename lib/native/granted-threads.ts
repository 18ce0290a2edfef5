/** How many threads this process may use: CLMR_THREADS, or else what the machine and its control group grant. */
import { availableParallelism } from 'node:os'
import { cpuQuota } from './cgroup.js'

/** More are a mistake. */
export const MAX_THREADS = 1024

export function grantedThreads(): number {
  const wanted = Number(process.env.CLMR_THREADS)
  if (Number.isInteger(wanted) && wanted > 0) return wanted
  const quota = cpuQuota()
  return Math.min(
    MAX_THREADS,
    availableParallelism(),
    quota === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(quota)),
  )
}
