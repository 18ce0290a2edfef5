// Builds a program that links the native part without Node (build the native part first) and says how to run it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findLibtorch } from '../dist/libtorch/find.js'

/** For checks: glibc keeps large blocks for the next ones, which takes a third of the time off. */
export const KEPT_MEMORY = {
  GLIBC_TUNABLES: 'glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184',
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * in: a CMake target; calls use(path of the program, its environment).
 * Returns what `use` returns, or undefined where the program cannot be built.
 */
export function withNativeProgram(target, use) {
  const build = join(root, 'build-cmake')
  const libtorch = findLibtorch({ headers: true }).root
  const { status } = spawnSync('cmake', ['--build', build, '--target', target], { stdio: ['ignore', 2, 2] })
  if (status !== 0) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'clmr-program-'))
  try {
    // The stand-ins under the names that the CUDA wheel's libtorch_cpu asks for
    for (const name of ['cudart', 'cupti']) {
      const stub = join(build, 'Release', `libclmr_${name}_stub.so`)
      if (existsSync(stub)) copyFileSync(stub, join(folder, `lib${name}.so.13`))
    }
    return use(join(build, target), { ...process.env, LD_LIBRARY_PATH: `${folder}:${join(libtorch, 'lib')}` })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
