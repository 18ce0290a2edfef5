// Builds the native part with cmake-js in build-cmake/ and puts the results where node-gyp-build looks for them.
//   node scripts/build-native.mjs [output folder, default build/Release]
// CLMR_JOBS: parallel compilers (default: cores) · CLMR_CMAKE_ARGS: more -D…=… for CMake
// CLMR_CUDA=1: the kernels for CUDA as well, libclmr_cuda · CUDACXX: the nvcc for them
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findCuda } from './find-cuda.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const output = resolve(process.argv[2] ?? join(root, 'build', 'Release'))
const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js')

/** What CMake has to know of CUDA; ends the process where it was asked for and is not there. */
async function cudaArguments() {
  if (process.env.CLMR_CUDA !== '1') return ['--CDCLMR_CUDA=OFF']
  const { findLibtorch } = await import('../dist/native/libtorch/find.js')
  const { nvcc, missing } = findCuda(findLibtorch({ headers: true }).libraries)
  if (!missing) return ['--CDCLMR_CUDA=ON', `--CDCMAKE_CUDA_COMPILER=${nvcc}`]
  process.stderr.write(`clmr: ${missing}\n`)
  process.exit(1)
}

const extra = (process.env.CLMR_CMAKE_ARGS ?? '')
  .split(' ')
  .filter(Boolean)
  .map((arg) => arg.replace(/^-D/, '--CD'))
const jobs = process.env.CLMR_JOBS ?? String(availableParallelism())

const started = Date.now()
const args = [
  cmakeJs,
  'build',
  '--directory',
  root,
  '--out',
  join(root, 'build-cmake'),
  '--config',
  'Release',
  '--parallel',
  jobs,
  ...(await cudaArguments()),
  ...extra,
]
const build = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: root })
if (build.status !== 0) {
  process.stderr.write(
    'clmr: the native part could not be built; needed are CMake ≥ 3.18 and a C++20 compiler (g++ ≥ 11, clang ≥ 14)\n',
  )
  process.exit(build.status ?? 1)
}

// A running process may have the old files mapped: replace them, never write into them.
const built = join(root, 'build-cmake', 'Release')
mkdirSync(output, { recursive: true })
if (process.env.CLMR_CUDA !== '1')
  for (const folder of [built, output]) rmSync(join(folder, 'libclmr_cuda.so'), { force: true }) // of an earlier build
for (const file of readdirSync(built).filter((name) => /\.(node|so|dylib|dll)$/.test(name))) {
  const target = join(output, file)
  copyFileSync(join(built, file), `${target}.new`)
  renameSync(`${target}.new`, target)
}
process.stderr.write(`clmr: native part built in ${((Date.now() - started) / 1000).toFixed(0)} s\n`)
