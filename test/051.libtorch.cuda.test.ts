import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CUDA_RELEASES } from '#lib/libtorch/cuda-release.js'
import type { InstallOptions } from '#lib/libtorch/install.js'
import { packageOf } from '#lib/libtorch/release.js'
import { fakePart, fakeWheel, withWheelServer } from './helpers/fake-wheel.js'
import { type Bench, withBench } from './helpers/install-bench.js'
import { shortenWaits } from './helpers/short-waits.js'

const cudaBench = (
  use: (bench: Bench & { cuda: (options?: InstallOptions) => Promise<unknown> }) => Promise<void>,
) => {
  const { wheel, bytes } = fakeWheel()
  const others = [fakePart('one', 'cu13'), fakePart('two', 'two')]
  const parts = others.map(({ part }) => part)
  return withBench({}, async (bench) => {
    await withWheelServer({ wheel, bytes, others }, {}, (server) => {
      const cuda = (options?: InstallOptions) => bench.install({ index: server.index, parts, ...options })
      return use({ ...bench, server, cuda })
    })
  })
}
const TREE = [
  'nvidia/cu13/lib/libone.so.13',
  'nvidia/two/lib/libtwo.so.13',
  'parts/nvidia_one-1.0-py3-none-manylinux_2_17_x86_64.whl',
  'parts/nvidia_two-1.0-py3-none-manylinux_2_17_x86_64.whl',
  'torch/include/ATen/ATen.h',
  'torch/include/c10/core.h',
  'torch/lib/libc10.so',
  'torch/lib/libtorch_cpu.so',
  'torch/licenses/LICENSE',
  'torch/licenses/nvidia-one/License.txt',
  'torch/licenses/nvidia-two/License.txt',
  'torch/licenses/third_party/gloo/LICENSE',
]
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

describe('051 libtorch: with CUDA, over HTTP', () => {
  shortenWaits()
  it("with CUDA, torch's libraries and NVIDIA's lie side by side, as libtorch_cuda looks for them ($ORIGIN/../../nvidia)", () =>
    cudaBench(async ({ folder, cuda, server, downloads }) => {
      assert.deepEqual(await cuda(), { folder: join(folder, 'libtorch'), installed: true })
      assert.deepEqual(filesIn(join(folder, 'libtorch')), TREE)
      assert.deepEqual([downloads(), server.others], [[], ['nvidia-one', 'nvidia-two']])
      assert.deepEqual(await cuda(), { folder: join(folder, 'libtorch'), installed: false })
    }))

  it('with CUDA, a run that was stopped goes on with the part that is missing; a damaged part is refused', () =>
    cudaBench(async ({ folder, cuda, server, downloads }) => {
      const [one, two] = [fakePart('one', 'cu13').part, fakePart('two', 'two').part]
      await assert.rejects(cuda({ parts: [one, { ...two, sha256: '0'.repeat(64) }] }), {
        code: 'ERR_LIBTORCH_INSTALL',
        path: join(folder, 'cache', 'downloads', two.file),
        expected: '0'.repeat(64),
      })
      assert.ok(!existsSync(join(folder, 'libtorch')))
      assert.deepEqual(downloads(), [])
      await cuda()
      assert.deepEqual(filesIn(join(folder, 'libtorch')), TREE)
      assert.deepEqual(server.others, ['nvidia-one', 'nvidia-two', 'nvidia-two'])
    }))

  it('with CUDA, from a folder that holds all wheels, without an index', () =>
    cudaBench(async ({ folder, cuda, server }) => {
      const { wheel, bytes } = fakeWheel()
      const wheels = join(folder, 'wheels')
      mkdirSync(wheels)
      for (const [file, content] of [
        [wheel.file, bytes],
        ...[fakePart('one', 'cu13'), fakePart('two', 'two')].map((p) => [p.part.file, p.bytes] as const),
      ] as const)
        writeFileSync(join(wheels, file), content)
      await cuda({ from: wheels, index: undefined })
      assert.deepEqual(filesIn(join(folder, 'libtorch')), TREE)
      assert.equal(server.requests.length, 0)
    }))

  it('the pinned parts are those that pip would take: their names tell package, version and a platform of this one', () => {
    const { wheel, parts } = CUDA_RELEASES['linux-x64']!
    assert.equal(new Set(parts.map(({ sha256 }) => sha256)).size, parts.length)
    for (const part of parts) {
      const { name, version, platform } = packageOf(part)
      assert.match(
        `${name}==${version} ${platform}`,
        /^nvidia-[a-z0-9-]+==\d+(\.\d+)+ manylinux(1|20\d\d|_2_\d+)_x86_64$/,
      )
    }
    assert.deepEqual(packageOf(wheel), {
      name: 'torch',
      version: '2.15.0',
      platform: 'manylinux_2_28_x86_64',
    })
    assert.ok('libtorch_cuda.so' in wheel.libraries && 'libtorch_cpu.so' in wheel.libraries)
  })
})
