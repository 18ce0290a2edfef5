// Builds libclmr_cuda, the kernels for CUDA, in build-cuda/ by plain CMake. No GPU is needed, and no libtorch with CUDA.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from '../dist/files/process-lock.js'
import { findLibtorch } from '../dist/libtorch/find.js'
import { findCuda } from './find-cuda.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const build = join(root, 'build-cuda')

/** Of two at once, one waits. @returns {Promise<{ file: string, nvcc: string } | { missing: string }>} */
export const buildCuda = () => withLock(`${build}/lock`, async () => buildNow())

function buildNow() {
  const { nvcc, missing } = findCuda({ install: true })
  if (missing) return { missing }
  const run = (...args) => spawnSync('cmake', args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const configured = run(
    ...['-S', '.', '-B', build, '-DCLMR_CUDA=ON', '-DCLMR_PCH=OFF', `-DCMAKE_CUDA_COMPILER=${nvcc}`],
    `-DCLMR_LIBTORCH=${findLibtorch({ headers: true }).root}`,
  )
  const built =
    configured.status === 0
      ? run('--build', build, '--target', 'clmr_cuda', '--parallel', process.env.CLMR_JOBS ?? '2')
      : configured
  if (built.status !== 0) {
    process.stderr.write(built.stdout)
    throw new Error('the kernels for CUDA could not be built')
  }
  const file = ['Release', '.'].map((folder) => join(build, folder, 'libclmr_cuda.so')).find(existsSync)
  return { file, nvcc }
}
