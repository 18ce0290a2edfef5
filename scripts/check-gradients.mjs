// npm run check:gradients: runs test/native/training_gradients.cc, the gradients of the fused training pass against
// float64, once for each instruction set of this processor. Build the native part first.
//   --all   every case for each instruction set
import { spawnSync } from 'node:child_process'
import { KEPT_MEMORY, withNativeProgram } from './native-program.mjs'

const status = withNativeProgram(
  'clmr_training_gradients',
  (program, env) =>
    spawnSync(program, process.argv.slice(2), { stdio: 'inherit', env: { ...env, ...KEPT_MEMORY } }).status,
)
process.exit(status ?? 1)
