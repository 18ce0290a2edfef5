/** The CPUs that Linux control groups grant this process: a container or service may have only a share of the machine. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** The CPUs that the files of one group grant; undefined if they set no limit, or are missing. */
function quotaOf(folder: string, version: 1 | 2): number | undefined {
  const [quota, period] =
    version === 2
      ? (read(join(folder, 'cpu.max')) ?? '').split(' ').map(Number)
      : ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((name) => Number(read(join(folder, name))))
  return quota! > 0 && period! > 0 ? quota! / period! : undefined
}

/**
 * The CPUs that the process may use, as a fraction; undefined if nothing limits it. The limits of parent groups hold too.
 * In a container the path of the group is that on the host, but the files are mounted from the group itself: missing
 * files are passed over.
 * @param root the folder that holds proc/ and sys/
 */
export function cpuQuota(root = '/'): number | undefined {
  const quotas: number[] = []
  for (const line of (read(join(root, 'proc/self/cgroup')) ?? '').split('\n')) {
    const [, controllers = '', group = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const isV2 = controllers === ''
    if (!isV2 && !controllers.split(',').includes('cpu')) continue
    const mounts = isV2 ? ['', 'unified'] : ['cpu', controllers, 'cpu,cpuacct']
    for (const mount of mounts)
      for (let path = group || '/'; ; path = dirname(path)) {
        const quota = quotaOf(join(root, 'sys/fs/cgroup', mount, path), isV2 ? 2 : 1)
        if (quota !== undefined) quotas.push(quota)
        if (path === '/' || path === '.') break
      }
  }
  return quotas.length > 0 ? Math.min(...quotas) : undefined
}
