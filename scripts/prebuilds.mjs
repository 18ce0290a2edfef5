// npm run prebuilds [-- PLATFORM]: the native part of this machine, stripped, into prebuilds/<platform>-<arch>/.
// prebuildify calls scripts/node-gyp-shim.mjs in the place of node-gyp, in a folder of its own, so that the
// build/Release that a developer's processes have mapped stays as it is.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import prebuildify from 'prebuildify'
import './own-libtorch.mjs'
import { symbolFaults } from './check-symbols.mjs'
import { HERE, platformArgument } from './platforms.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const shim = join(root, 'scripts', 'node-gyp-shim.mjs')
const { name } = platformArgument(process.argv.slice(2))
if (name !== HERE) {
  process.stderr.write(`clmr: the native part of ${name} is built on such a machine; this one is ${HERE}\n`)
  process.exit(1)
}

const work = join(root, 'build-prebuilds')
const out = join(root, 'prebuilds', name)
rmSync(out, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
await promisify(prebuildify)({
  napi: true,
  strip: true,
  name: 'clmr',
  targets: ['node@20.19.0'],
  cwd: work,
  out: root,
  nodeGyp: process.platform === 'win32' ? `"${process.execPath}" "${shim}"` : shim,
  quiet: false,
})
rmSync(work, { recursive: true, force: true })

const files = readdirSync(out).map((file) => join(out, file))
const faults = process.platform === 'linux' ? symbolFaults(files) : []
for (const fault of faults) process.stderr.write(`${fault}\n`)
for (const file of files)
  process.stdout.write(`${String(Math.round(statSync(file).size / 1024)).padStart(6)} KiB  ${file}\n`)
process.exitCode = faults.length > 0 ? 1 : 0
