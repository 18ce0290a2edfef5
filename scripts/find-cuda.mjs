// For CLMR_CUDA=1: the CUDA compiler, or one sentence about what is missing.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

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

function* nvccs() {
  const { CUDACXX, CUDA_HOME, CUDA_PATH, PATH = '' } = process.env
  if (CUDACXX) return yield CUDACXX // asked for: no other is taken in its place
  for (const home of [CUDA_HOME, CUDA_PATH, '/usr/local/cuda']) if (home) yield join(home, 'bin', 'nvcc')
  for (const folder of PATH.split(delimiter).filter(Boolean)) yield join(folder, 'nvcc')
  yield nvccOfPython()
}

const versionOf = (nvcc) =>
  /release (\d+)\.\d+/.exec(spawnSync(nvcc, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]

/** @returns {{ nvcc: string } | { missing: string }} */
export function findCuda() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: 'the kernels for CUDA are built on Linux x64 only: leave CLMR_CUDA out' }
  const there = [...nvccs()].filter((file) => file && existsSync(file))
  const nvcc = there.find((file) => versionOf(file) === MAJOR)
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
