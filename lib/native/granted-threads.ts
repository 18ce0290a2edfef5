/** How many threads this process may use: what the machine or its control group grants, unless CLMR_THREADS says otherwise. */
import { availableParallelism } from 'node:os'
import { cpuQuota } from './cgroup.js'

export function grantedThreads(): number {
  const wanted = Number(process.env.CLMR_THREADS)
  if (Number.isInteger(wanted) && wanted > 0) return wanted
  const quota = cpuQuota()
  return Math.min(
    availableParallelism(),
    quota === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(quota)),
  )
}
