/** Opens CUDA if there is a device: first libtorch's part, then our kernels, which are a library of their own. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { libraryFile } from '../libtorch/release.js'
import type { CudaKernels, NativeBinding } from './binding.js'

/** The outcome, for `clmr doctor` and for messages about devices. */
export interface CudaState {
  /**
   * 'open': libtorch has CUDA · 'off': CLMR_CUDA=0 · 'no driver': none of NVIDIA's on this machine ·
   * 'not there': the libtorch that is used is the one for the CPU · 'failed': see `reason`
   */
  state: 'open' | 'off' | 'no driver' | 'not there' | 'failed'
  reason?: string
}

interface Opener {
  open(path: string): bigint | null
}

/** Files that NVIDIA's kernel module makes, on Linux and in WSL. */
const DRIVER = ['/dev/nvidiactl', '/proc/driver/nvidia/version', '/dev/dxg']

function hasDriver(): boolean {
  return process.env.CLMR_CUDA === '1' || DRIVER.some((file) => existsSync(file))
}

/**
 * Opening takes a quarter of a second, so it happens only where it can be of use. Nothing that fails here keeps the CPU
 * from working.
 * @param libraries the folder of the libtorch that has been opened
 * @param withStandIns whether stubs took the place of NVIDIA's libraries: libtorch's CUDA would call them
 */
export function openCuda(opener: Opener, libraries: string, withStandIns: boolean): CudaState {
  if (process.env.CLMR_CUDA === '0') return { state: 'off' }
  if (!existsSync(join(libraries, libraryFile('torch_cuda')))) return { state: 'not there' }
  if (!hasDriver()) return { state: 'no driver' }
  if (withStandIns) return { state: 'failed', reason: 'the libraries of NVIDIA are not where libtorch looks' }
  try {
    for (const name of ['c10_cuda', 'torch_cuda']) opener.open(join(libraries, libraryFile(name)))
    return { state: 'open' }
  } catch (error) {
    return { state: 'failed', reason: (error as Error).message }
  }
}

/** The plug-in that was built here, or the one of its package. */
function findPlugIn(addonFolder: string): string | undefined {
  const file = libraryFile('clmr_cuda')
  const built = join(addonFolder, file)
  if (existsSync(built)) return built
  try {
    const name = `@clmr/cuda-${process.platform}-${process.arch}`
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'lib', file)
  } catch {
    return undefined
  }
}

/** Opens our CUDA kernels if they are there; otherwise libtorch's own run. */
export function useCudaKernels(
  init: (path: string) => unknown,
  binding: NativeBinding,
  addonFolder: string,
): CudaState {
  const plugIn = findPlugIn(addonFolder)
  if (!plugIn) return { state: 'open' }
  try {
    binding.useCuda((init(plugIn) as { kernels: CudaKernels }).kernels)
    return { state: 'open' }
  } catch (error) {
    return { state: 'open', reason: `clmr's own kernels are left out: ${(error as Error).message}` }
  }
}
