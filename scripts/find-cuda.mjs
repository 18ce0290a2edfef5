// For CLMR_CUDA=1: the CUDA compiler, or one sentence about what is missing.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../dist/files/cache-folder.js'

/** libtorch 2.15 is built with CUDA 13: what nvcc of another one links asks for another libcudart. */
const MAJOR = '13'

/** Where nvcc of pip's wheels lies, in the Python that is used otherwise too. */
function nvccOfPython() {
  const probe =
    'import importlib.util as u; s = u.find_spec("nvidia"); print(list(s.submodule_search_locations)[0] if s else "")'
  const pythons = [process.env.CLMR_PYTHON, 'python3', 'python'].filter(Boolean)
  for (const python of pythons) {
    const { status, stdout } = spawnSync(python, ['-c', probe], { encoding: 'utf8', timeout: 10_000 })
    if (status === 0 && stdout.trim()) return join(stdout.trim(), 'cu13', 'bin', 'nvcc')
  }
  return undefined
}

/** The oldest 13: what it compiles runs with every driver for CUDA 13. 180 MB, 600 MB on disk. */
const WHEELS = [
  ...['nvcc', 'crt', 'cccl', 'runtime'].map((part) => `nvidia-cuda-${part}>=13.0,<13.1`),
  'nvidia-nvvm>=13.0,<13.1',
]

const cached = () => join(cacheFolder(), 'nvcc-13.0')
const nvccOfCache = () => join(cached(), 'nvidia', 'cu13', 'bin', 'nvcc')

/** pip's wheels into the user's cache, once. Whether they are there then. */
function installNvcc() {
  if (existsSync(nvccOfCache())) return true
  mkdirSync(cacheFolder(), { recursive: true })
  const partial = mkdtempSync(`${cached()}.`)
  const python = process.env.CLMR_PYTHON ?? 'python3'
  const options = ['--quiet', '--no-deps', '--root-user-action', 'ignore', '--target', partial]
  const { status } = spawnSync(python, ['-m', 'pip', 'install', ...options, ...WHEELS], { stdio: 'ignore' })
  try {
    if (status === 0) renameSync(partial, cached())
  } catch {} // another process was first
  rmSync(partial, { recursive: true, force: true })
  return existsSync(nvccOfCache())
}

function* nvccs() {
  const { CUDACXX, CUDA_HOME, CUDA_PATH, PATH = '' } = process.env
  if (CUDACXX) return yield CUDACXX // asked for: no other is taken in its place
  for (const home of [CUDA_HOME, CUDA_PATH, '/usr/local/cuda']) if (home) yield join(home, 'bin', 'nvcc')
  for (const folder of PATH.split(delimiter).filter(Boolean)) yield join(folder, 'nvcc')
  yield nvccOfPython()
}

const versionOf = (nvcc) =>
  /release (\d+)\.\d+/.exec(spawnSync(nvcc, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]

/**
 * install: whether pip may fetch one where there is none
 * @returns {{ nvcc: string } | { missing: string }}
 */
export function findCuda({ install = false } = {}) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: 'the kernels for CUDA are built on Linux x64 only: leave CLMR_CUDA out' }
  const there = [...nvccs()].filter((file) => file && existsSync(file))
  const nvcc =
    there.find((file) => versionOf(file) === MAJOR) ??
    (install && there.length === 0 && installNvcc() ? nvccOfCache() : undefined)
  if (!nvcc && there.length > 0)
    return {
      missing: `${there[0]} is of CUDA ${versionOf(there[0]) ?? 'unknown'}, but libtorch is built with CUDA ${MAJOR}: set CUDACXX to an nvcc ${MAJOR}.x`,
    }
  if (!nvcc)
    return {
      missing: `CLMR_CUDA=1 needs nvcc ${MAJOR}, which is nowhere: install the CUDA toolkit or pip's nvidia-cuda-nvcc, nvidia-nvvm, nvidia-cuda-crt, nvidia-cuda-cccl and nvidia-cuda-runtime (${MAJOR}.x), and set CUDACXX to it`,
    }
  return { nvcc }
}
