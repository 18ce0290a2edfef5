// Builds test/native/training_gradients.cc next to the native part (build it first) and runs it for each instruction set:
// the gradients of the fused training pass against float64.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findLibtorch } from '../dist/native/libtorch/find.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const libtorch = findLibtorch({ headers: true }).root
const build = join(root, 'build-cmake')
const folder = mkdtempSync(join(tmpdir(), 'clmr-gradients-'))

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  return status === 0
}

let right = run('cmake', ['--build', build, '--target', 'clmr_training_gradients'])
if (right) {
  // The stand-ins under the names that the CUDA wheel's libtorch_cpu asks for
  for (const name of ['cudart', 'cupti']) {
    const stub = join(build, 'Release', `libclmr_${name}_stub.so`)
    if (existsSync(stub)) copyFileSync(stub, join(folder, `lib${name}.so.13`))
  }
  const libraries = { LD_LIBRARY_PATH: `${folder}:${join(libtorch, 'lib')}` }
  const program = join(build, 'clmr_training_gradients')
  for (const capability of ['avx512', 'avx2', 'default'])
    for (const args of [
      ['4', 'plain'],
      ['5', 'mixed'],
      ['4', 'bfloat16'],
    ])
      right =
        run(program, args, {
          ...libraries,
          CLMR_KERNELS: 'fused-training',
          CLMR_CPU_CAPABILITY: capability,
        }) && right
}
rmSync(folder, { recursive: true })
process.exit(right ? 0 : 1)
