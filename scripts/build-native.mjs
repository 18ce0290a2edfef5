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

/** One sentence, and the end. */
function refuse(sentence) {
  process.stderr.write(`clmr: ${sentence}\n`)
  process.exit(1)
}

/** What CMake has to know of libtorch and CUDA; ends the process where something is not there that is needed. */
async function libtorchArguments() {
  const { findLibtorch } = await import('../dist/libtorch/find.js')
  try {
    const libtorch = findLibtorch({ headers: true })
    const known = [`--CDCLMR_LIBTORCH=${libtorch.root}`]
    if (process.env.CLMR_CUDA !== '1') return [...known, '--CDCLMR_CUDA=OFF']
    const { nvcc, missing } = findCuda()
    if (missing) refuse(missing)
    return [...known, '--CDCLMR_CUDA=ON', `--CDCMAKE_CUDA_COMPILER=${nvcc}`]
  } catch (error) {
    return refuse(error.message)
  }
}

const extra = (process.env.CLMR_CMAKE_ARGS ?? '')
  .split(' ')
  .filter(Boolean)
  .map((arg) => arg.replace(/^-D/, '--CD'))
const jobs = process.env.CLMR_JOBS ?? String(availableParallelism())

const started = Date.now()
const args = [
  '--directory',
  root,
  '--out',
  join(root, 'build-cmake'),
  '--config',
  'Release',
  '--parallel',
  jobs,
  ...(await libtorchArguments()),
  ...extra,
]
// `build` alone would configure a folder once only, whatever is asked for afterwards
const status = ['configure', 'build'].reduce(
  (before, step) =>
    before || spawnSync(process.execPath, [cmakeJs, step, ...args], { stdio: 'inherit', cwd: root }).status,
  0,
)
if (status !== 0) {
  process.stderr.write(
    'clmr: the native part could not be built; needed are CMake ≥ 3.18 and a C++20 compiler (g++ ≥ 11, clang ≥ 14)\n',
  )
  process.exit(status ?? 1)
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
