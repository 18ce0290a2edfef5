// npm run check:cuda: runs test/native/cuda_kernels.cc, the kernels for CUDA on the host. Build the native part first.
import { spawnSync } from 'node:child_process'
import { withNativeProgram } from './native-program.mjs'

const status = withNativeProgram(
  'clmr_cuda_kernels',
  (program, env) => spawnSync(program, { stdio: 'inherit', env }).status,
)
process.exit(status === 0 ? 0 : 1)
