/** Whether a training fits into the memory of this machine. docs/memory.md says where the figures come from. */
import { totalmem } from 'node:os'

/** Activations of one view in a training step, measured; the fused step keeps a third of them. */
const VIEW_BYTES = { plain: 0.11e9, fused: 0.11e9 / 3 } as const
type Kernels = keyof typeof VIEW_BYTES
/** The rest is for libtorch, the tracks and everybody else. */
const SHARE = 0.8
/** The memory that a machine should have for the default training: 48 examples with two views. */
export const DEFAULT_TRAINING_BYTES = 4.5e9

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** Bytes that this process may use: those of the machine, or fewer if its control group grants fewer. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory() ?? 0 // 0, or beyond the machine, where there is no limit
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

const fits = (batchSize: number, views: number, bytes: number, kernels: Kernels) =>
  batchSize * views * VIEW_BYTES[kernels] <= SHARE * bytes

/** The largest of 16, 8, 4 and 2 examples that fits, or 2. */
export function batchThatFits(bytes: number, views = 2, kernels: Kernels = 'fused'): number {
  return [16, 8, 4].find((batchSize) => fits(batchSize, views, bytes, kernels)) ?? 2
}

/**
 * What to say before a training that may not fit, or undefined if it fits.
 * @param bytes what may be used; by default what this machine grants
 */
export function memoryNote(
  batchSize: number,
  views: number,
  bytes = memoryLimit(),
  kernels: Kernels = 'fused',
): string | undefined {
  if (fits(batchSize, views, bytes, kernels)) return undefined
  const need = gigabytes(batchSize * views * VIEW_BYTES[kernels])
  const smaller = batchThatFits(bytes, views, kernels)
  const fused = kernels === 'plain' ? '; --set kernels=fused takes a third' : ''
  const remedy = smaller < batchSize ? `; --batch-size ${smaller} takes less${fused}` : fused
  return `a step takes about ${need} of the ${gigabytes(bytes)} of memory here${remedy}`
}
