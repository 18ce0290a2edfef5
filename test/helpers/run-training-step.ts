import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface TrainingCase {
  examples: number
  views: number
  steps: number
  /** golden: those of test/golden/checkpoints/plain.pt */
  weights: 'plain' | 'negativeGamma' | 'zeroGamma' | 'golden'
  input: 'music' | 'silence' | 'constant' | 'oneSilent'
  /** float32 */
  precision?: 'float32' | 'bfloat16'
}

export interface TrainingRun {
  /** loss and gradient norm of each step */
  steps: [loss: number, gradientNorm: number][]
  /** `encoder.*`, `projector.*`, `optimizer.*` after the first step */
  tensors: Record<string, Float32Array>
  bytes: Buffer
}

/** What training-step.ts computes in a process with other kernels. */
export function runTrainingStep(which: TrainingCase, environment: Record<string, string>): TrainingRun {
  const script = fileURLToPath(new URL('training-step.ts', import.meta.url))
  const bytes = execFileSync(process.execPath, ['--import', 'tsx', script, JSON.stringify(which)], {
    env: { ...process.env, ...environment },
    maxBuffer: 2 ** 28,
  })
  const end = bytes.indexOf('\n') + 1
  const { steps, sizes } = JSON.parse(bytes.toString('utf8', 0, end)) as {
    steps: [number, number][]
    sizes: [string, number][]
  }
  const tensors: Record<string, Float32Array> = {}
  let offset = end
  for (const [name, size] of sizes) {
    tensors[name] = new Float32Array(Uint8Array.from(bytes.subarray(offset, offset + 4 * size)).buffer)
    offset += 4 * size
  }
  return { steps, tensors, bytes }
}
