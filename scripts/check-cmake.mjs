// npm run check:cmake: the native part builds by plain CMake, without cmake-js, as an IDE does it, and what it builds loads.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findLibtorch } from '../dist/libtorch/find.js'
import { libraryFile } from '../dist/libtorch/release.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const build = join(root, 'build-plain')
const run = (...args) => {
  const { status } = spawnSync('cmake', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exit(1)
}
run('-S', '.', '-B', build)
run('--build', build, '--parallel', process.env.CLMR_JOBS ?? '2')

const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'))
const bootstrap = createRequire(import.meta.url)(join(build, 'clmr.node'))
const { libraries } = findLibtorch()
bootstrap.open(join(libraries, libraryFile('c10')))
for (const stub of ['cudart', 'cupti']) bootstrap.open(join(build, libraryFile(`clmr_${stub}_stub`)))
bootstrap.open(join(libraries, libraryFile('torch_cpu')))
const { libtorchVersion, instructionSet } = bootstrap.init(join(build, libraryFile('clmr'))).info()
process.stdout.write(
  `plain CMake: ${commands.length} files compiled; loads with libtorch ${libtorchVersion}, own kernels ${instructionSet}\n`,
)
