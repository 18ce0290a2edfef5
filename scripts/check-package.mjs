// Packs the package as it would be published, with the addon of this machine, installs the tarball in an empty folder
// and uses it there by import and by require.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const prebuilds = join(root, 'prebuilds', `${process.platform}-${process.arch}`)
const folder = mkdtempSync(join(tmpdir(), 'clmr-package-'))
const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const LIMIT = 6e6

function pack() {
  mkdirSync(prebuilds, { recursive: true })
  for (const file of readdirSync(join(root, 'build', 'Release')).filter((name) =>
    /\.(node|so|dylib|dll)$/.test(name),
  ))
    copyFileSync(join(root, 'build', 'Release', file), join(prebuilds, file))
  try {
    return JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder))[0]
  } finally {
    rmSync(prebuilds, { recursive: true, force: true })
  }
}

function checkContents({ files, size }) {
  const names = files.map((file) => file.path)
  const unwanted = names.filter((name) => /^(test|bench|build|node_modules|\.ci|examples)\//.test(name))
  const missing = [
    'README.md',
    'LICENSE',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli/main.js',
    'CMakeLists.txt',
    'native/addon.c',
  ].filter((name) => !names.includes(name))
  if (unwanted.length) throw new Error(`the package must not hold ${unwanted.join(', ')}`)
  if (missing.length) throw new Error(`the package lacks ${missing.join(', ')}`)
  if (size > LIMIT) throw new Error(`the package has ${size} bytes, the limit is ${LIMIT}`)
}

/** What the README links to has to be in the package too. */
function checkLinks(installed) {
  const links = [...readFileSync(join(installed, 'README.md'), 'utf8').matchAll(/\]\((?!\w+:|#)([^)#]+)/g)]
  const dead = links.map(([, link]) => link).filter((link) => !existsSync(join(installed, link)))
  if (dead.length) throw new Error(`README.md links to ${dead.join(', ')}, which the package lacks`)
}

const USE = `
const { Encoder, allocateClips } = await load()
using encoder = await Encoder.create({ seed: 1 })
const result = await encoder.encode(allocateClips(1))
if (result.rows !== 1 || result.cols !== 512) throw new Error('wrong shape')
console.log('ok')
`

function use(name, load) {
  const body = USE.replace('load()', load).replace('using encoder', 'const encoder')
  writeFileSync(join(folder, name), name.endsWith('.cjs') ? `(async () => {${body}})()` : body)
  const printed = execFileSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' })
  if (printed.trim() !== 'ok') throw new Error(`${name} printed ${printed}`)
}

try {
  const packed = pack()
  checkContents(packed)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, packed.filename))
  checkLinks(join(folder, 'node_modules', 'clmr'))
  use('by-import.mjs', "import('clmr')")
  use('by-require.cjs', "require('clmr')")
  execFileSync(join(folder, 'node_modules', '.bin', 'clmr'), ['--version'], { cwd: folder })
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules', 'publint', 'src', 'cli.js'),
      'run',
      `${folder}/node_modules/clmr`,
      '--strict',
    ],
    { stdio: 'inherit' },
  )
  const installed = statSync(join(folder, packed.filename)).size
  process.stdout.write(
    `${packed.filename}: ${packed.files.length} files, ${(installed / 1e6).toFixed(2)} MB; import, require and the command work\n`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
