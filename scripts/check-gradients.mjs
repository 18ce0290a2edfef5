// Runs test/native/training_gradients.cc for each instruction set: the gradients of the fused training pass against
// float64. Build the native part first.
import { spawnSync } from 'node:child_process'
import { withNativeProgram } from './native-program.mjs'

const CASES = [
  ['4', 'plain'],
  ['5', 'mixed'],
  ['4', 'bfloat16'],
  ['8', 'bfloat16', 'tones'],
]

const right = withNativeProgram('clmr_training_gradients', (program, environment) =>
  ['avx512', 'avx2', 'default']
    .flatMap((capability) => CASES.map((args) => ({ capability, args })))
    .map(({ capability, args }) => {
      const env = { ...environment, CLMR_KERNELS: 'fused-training', CLMR_CPU_CAPABILITY: capability }
      return spawnSync(program, args, { stdio: 'inherit', env }).status === 0
    })
    .every(Boolean),
)
process.exit(right ? 0 : 1)
