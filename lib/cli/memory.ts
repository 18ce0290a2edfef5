/** Whether a training fits into the memory of this machine. docs/memory.md says where the figures come from. */
import { totalmem } from 'node:os'

/** Activations of one view in a training step, measured; the fused step keeps a third of them. */
const viewBytes = () =>
  process.env.CLMR_KERNELS?.split(',').includes('fused-training') ? 0.11e9 / 3 : 0.11e9
/** The rest is for libtorch, the tracks and everybody else. */
const SHARE = 0.8
/** What a machine should have for the default training, 48 examples with two views. */
export const DEFAULT_TRAINING_BYTES = 12e9

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** Bytes that this process may use: those of the machine, or of its cgroup where that grants less. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory() ?? 0 // 0, or beyond the machine, where there is no limit
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

const fits = (batchSize: number, views: number, bytes: number) =>
  batchSize * views * viewBytes() <= SHARE * bytes

/** The largest of 16, 8, 4 and 2 examples that fits, or 2. */
export function batchThatFits(bytes: number, views = 2): number {
  return [16, 8, 4].find((batchSize) => fits(batchSize, views, bytes)) ?? 2
}

/**
 * What to say before a training that may not fit, or undefined where it fits.
 * @param bytes what may be used; by default what this machine grants
 */
export function memoryNote(batchSize: number, views: number, bytes = memoryLimit()): string | undefined {
  if (fits(batchSize, views, bytes)) return undefined
  const need = gigabytes(batchSize * views * viewBytes())
  const smaller = batchThatFits(bytes, views)
  const remedy = smaller < batchSize ? `; --batch-size ${smaller} takes less` : ''
  return `a step takes about ${need} of the ${gigabytes(bytes)} of memory here${remedy}`
}
