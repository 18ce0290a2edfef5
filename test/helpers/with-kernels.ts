import type { RuntimeInfo } from '#lib/native/binding.js'
import { native } from '#lib/native/load.js'

export interface Kernels {
  /** words as CLMR_KERNELS holds them */
  kernels?: string
  /** the most that they may use */
  instructionSet?: RuntimeInfo['instructionSet']
}

/** What `work` gives with other versions of the kernels; afterwards those of the environment run again. */
export async function withKernels<T>(
  { kernels, instructionSet }: Kernels,
  work: () => Promise<T>,
): Promise<T> {
  native().useKernels(kernels, instructionSet)
  try {
    return await work()
  } finally {
    native().useKernels(undefined, undefined)
  }
}
