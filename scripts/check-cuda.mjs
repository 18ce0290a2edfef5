// npm run check:cuda: the kernels for CUDA without a GPU. They are played on the host (test/native/cuda/), then compiled by
// nvcc for every architecture, and what comes of it is opened. Build the native part first.
//   --all     fail, too, where there is no nvcc and none can be installed (otherwise the line says NOT RUN)
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildCuda } from './build-cuda.mjs'
import { symbolFaults } from './check-symbols.mjs'
import { withNativeProgram } from './native-program.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const say = (line) => process.stdout.write(`${line}\n`)

/** Opens the plug-in as clmr does, and asks for a device that is not there. */
const OPEN = (plugIn) => `
  const { native, addonFile } = await import('./dist/native/load.js')
  const { Encoder } = await import('./dist/index.js')
  const { createRequire } = await import('node:module')
  const binding = native()
  try {
    binding.useCuda(createRequire(import.meta.url)(addonFile()).init(${JSON.stringify(plugIn)}).kernels)
  } catch (error) {
    console.log(error.message)
  }
  console.log(binding.info().cudaKernels)
  await Encoder.create({ device: 'cuda' }).catch((error) => console.log(error.name, error.message))`

/** With NVIDIA's runtime the kernels are handed over; with clmr's stand-in for it they are not. Neither ends the process. */
function opens(plugIn, nvcc) {
  const folder = mkdtempSync(join(tmpdir(), 'clmr-cuda-'))
  const play = (runtime, expected) => {
    const options = { cwd: root, encoding: 'utf8', env: { ...process.env, LD_LIBRARY_PATH: runtime } }
    const args = ['--input-type=module', '--eval', OPEN(plugIn)]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, options)
    if (status === 0 && expected.test(stdout)) return true
    process.stderr.write(`the plug-in does not open as it is to: ${stdout}${stderr}`)
    return false
  }
  try {
    const stub = join(root, 'build', 'Release', 'libclmr_cupti_stub.so')
    copyFileSync(stub, join(folder, 'libcupti.so.13'))
    symlinkSync(join(dirname(dirname(nvcc)), 'lib', 'libcudart.so.13'), join(folder, 'libcudart.so.13'))
    const refused = 'DeviceError .*libtorch sees 0 CUDA devices.*doctor'
    return (
      play(folder, new RegExp(`^true\n${refused}`)) &&
      play('', new RegExp(`^.*libclmr_cuda.*undefined symbol.*\nfalse\n${refused}`))
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function compiled() {
  const { file, nvcc, missing } = await buildCuda()
  if (missing) {
    say(`NOT RUN: the kernels for CUDA compiled by nvcc: ${missing}`)
    return !process.argv.includes('--all')
  }
  const faults = symbolFaults([file])
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  if (faults.length > 0 || !opens(file, nvcc)) return false
  say(
    'CUDA kernels compiled by nvcc for sm_80, 86, 89, 90, 100 and 120; the plug-in opens, without a GPU, and a device is refused in a sentence',
  )
  return true
}

const played = withNativeProgram(
  'clmr_cuda_kernels',
  (program, env) => spawnSync(program, { stdio: 'inherit', env }).status,
)
process.exit(played === 0 && (await compiled()) ? 0 : 1)
