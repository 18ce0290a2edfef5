// What `npm install` does in a clone: compiles the facade, fetches libtorch where there is none, builds the native part.
// CLMR_SKIP_BUILD=1 leaves all of it out.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { missingTools } from './check-tools.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const say = (text) => process.stderr.write(`clmr: ${text}\n`)

function run(what, ...args) {
  say(what)
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}

function fail(error) {
  say(error.code ? `error [${error.code}] ${error.message}` : error.stack)
  process.exit(1)
}

if (process.env.CLMR_SKIP_BUILD === '1') {
  say('CLMR_SKIP_BUILD=1: nothing is built')
} else if (existsSync(`${root}tsconfig.json`)) {
  const missing = missingTools()
  for (const sentence of missing) say(sentence)
  if (missing.length > 0) process.exit(1)
  run('compiling the facade', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
  run('copying assets', 'scripts/copy-assets.mjs')
  const { findLibtorch } = await import('../dist/libtorch/find.js')
  const { installLibtorch } = await import('../dist/libtorch/install.js')
  try {
    findLibtorch({ headers: true })
  } catch {
    say('fetching libtorch into the cache (about 540 MB, once a machine)')
    await installLibtorch({
      onProgress: ({ what, message }) => (what === 'download' ? undefined : say(`${what}: ${message}`)),
    }).catch(fail)
  }
  run('building the native part', 'scripts/build-native.mjs')
  say('ready. Try: npm run demo')
}
