import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cpuQuota } from '#lib/native/cgroup.js'
import { withTempDir } from './helpers/temp-dir.js'

/** The quota in a system whose files are these. */
const quotaIn = (files: Record<string, string>) =>
  withTempDir(async (root) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      await writeFile(join(root, name), `${text}\n`)
    }
    return cpuQuota(root)
  })
const v1 = (folder: string, quota: number) => ({
  [`sys/fs/cgroup/cpu${folder}/cpu.cfs_quota_us`]: String(quota),
  [`sys/fs/cgroup/cpu${folder}/cpu.cfs_period_us`]: '100000',
})

// Oracle: the kernel's documentation of cpu.max and cpu.cfs_quota_us: quota ÷ period CPUs, "max" and −1 for no limit.
describe('90 process: control groups', () => {
  it('version 2: the quota of the own group, in CPUs', async () => {
    const own = { 'proc/self/cgroup': '0::/app.slice/clmr.service' }
    const file = 'sys/fs/cgroup/app.slice/clmr.service/cpu.max'
    assert.equal(await quotaIn({ ...own, [file]: '150000 100000' }), 1.5)
    assert.equal(await quotaIn({ ...own, [file]: '5000 10000' }), 0.5)
    assert.equal(await quotaIn({ ...own, [file]: 'max 100000' }), undefined)
  })

  it('a group above binds too: the least counts', async () => {
    const files = {
      'proc/self/cgroup': '0::/a/b',
      'sys/fs/cgroup/a/cpu.max': '200000 100000',
      'sys/fs/cgroup/a/b/cpu.max': '300000 100000',
    }
    assert.equal(await quotaIn(files), 2)
    assert.equal(await quotaIn({ ...files, 'sys/fs/cgroup/cpu.max': '100000 100000' }), 1)
  })

  it('in a container the path is of the host, the files are those of the group', async () => {
    const files = { 'proc/self/cgroup': '0::/docker/0123', 'sys/fs/cgroup/cpu.max': '100000 100000' }
    assert.equal(await quotaIn(files), 1)
    const old = { 'proc/self/cgroup': '4:cpu,cpuacct:/docker/0123\n1:name=systemd:/x', ...v1('', 250000) }
    assert.equal(await quotaIn(old), 2.5)
  })

  it('version 1, alone and beside version 2 without the controller', async () => {
    const proc = { 'proc/self/cgroup': '9:memory:/m\n1:cpu:/limited\n0::/' }
    assert.equal(await quotaIn({ ...proc, ...v1('/limited', 100000) }), 1)
    assert.equal(await quotaIn({ ...proc, ...v1('/limited', -1) }), undefined)
    assert.equal(await quotaIn({ ...proc, ...v1('/limited', -1), ...v1('', 300000) }), 3)
  })

  it('where the process cannot say its group, the root of version 2 counts', async () => {
    assert.equal(await quotaIn({ 'sys/fs/cgroup/cpu.max': '100000 100000' }), 1)
  })

  it('no control groups, no limit; damaged files are passed over', async () => {
    assert.equal(await quotaIn({}), undefined)
    assert.equal(
      await quotaIn({ 'proc/self/cgroup': '0::/', 'sys/fs/cgroup/cpu.max': 'nonsense' }),
      undefined,
    )
  })
})
