#!/usr/bin/env node
// Stands in for node-gyp where prebuildify calls it: `node-gyp rebuild --target=… --arch=x64 --release`. Builds with
// cmake-js and leaves the results in build/Release of the folder it is called in, which is where prebuildify looks.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const args = process.argv.slice(2)
const arch = args.find((arg) => arg.startsWith('--arch='))?.slice('--arch='.length) ?? process.arch
if (args[0] !== 'rebuild' || arch !== process.arch) {
  process.stderr.write(
    `clmr: only \`rebuild\` for ${process.arch} is known here, not \`${args.join(' ')}\`\n`,
  )
  process.exit(1)
}
const build = fileURLToPath(new URL('build-native.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [build, join(process.cwd(), 'build', 'Release')], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
