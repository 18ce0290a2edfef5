// npm run check:gradients: runs test/native/training_gradients.cc, the gradients of the fused training pass against
// float64: once for each instruction set, and with bfloat16 for the best one. Build the native part first.
//   --all   every case for each instruction set
import { spawnSync } from 'node:child_process'
import { withNativeProgram } from './native-program.mjs'

const INSTRUCTION_SETS = ['avx512', 'avx2', 'default']
const ALL = [
  ['4', 'plain'],
  ['5', 'mixed'],
  ['4', 'bfloat16'],
  ['8', 'bfloat16', 'tones'],
]
const SHORT = [['avx512', '4', 'bfloat16'], ...INSTRUCTION_SETS.map((set) => [set, '5', 'mixed'])]
const runs = process.argv.includes('--all')
  ? INSTRUCTION_SETS.flatMap((set) => ALL.map((args) => [set, ...args]))
  : SHORT

const right = withNativeProgram('clmr_training_gradients', (program, environment) =>
  runs
    .map(([set, ...args]) => {
      const env = { ...environment, CLMR_CPU_CAPABILITY: set }
      return spawnSync(program, args, { stdio: 'inherit', env }).status === 0
    })
    .every(Boolean),
)
process.exit(right ? 0 : 1)
