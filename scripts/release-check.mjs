// npm run release:check [-- --accept]: what a release has to be besides right. Works on the tarballs of dist/packages/
// (npm run prebuilds && npm run package). --accept takes the public interface and the list of licences as they are now.
//   publint, attw      the package as Node and TypeScript see it
//   etc/clmr.api.md    every public name and type, as last accepted
//   etc/licenses.md    every package that is installed with clmr, and under which licence
//   sizes              of the tarballs, against their budget and against what README.md says
//   SBOM               dist/packages/clmr.cdx.json (CycloneDX)
import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
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
import './own-libtorch.mjs'

/** bytes of the tarballs at most */
const BUDGET = { clmr: 6e6, '@clmr/libtorch-linux-x64': 125e6 }
/** How far a size in README.md may be from the truth. */
const ROUNDING = 0.1
const PERMISSIVE = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0']
/** Others, with the reason why they may be there. */
const ALLOWED = {
  'codec-parser': 'LGPL-3.0: a module of its own in node_modules, which anyone can replace',
}

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = join(root, 'dist', 'packages')
const accept = process.argv.includes('--accept')
const faults = []
const say = (line) => process.stdout.write(`${line}\n`)
const fault = (line) => faults.push(line)
const manifestOf = (tarball) =>
  JSON.parse(execFileSync('tar', ['xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }))

const tarballs = readdirSync(packages)
  .filter((name) => name.endsWith('.tgz'))
  .map((name) => {
    const file = join(packages, name)
    const { name: title, version, optionalDependencies } = manifestOf(file)
    return { file, title, version, optionalDependencies, bytes: statSync(file).size }
  })
const own = tarballs.find(({ title }) => title === 'clmr')
if (!own)
  throw new Error('dist/packages/ has no tarball of clmr: run `npm run prebuilds && npm run package` first')

function tool(what, script, ...args) {
  const file = join(root, 'node_modules', script)
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status === 0) say(`${what}: nothing to complain about`)
  else fault(`${what}:\n${stdout}${stderr}`)
}

function checkInterface() {
  const args = ['run', '--config', 'etc/api-extractor.json', ...(accept ? ['--local'] : [])]
  tool('API report', '@microsoft/api-extractor/bin/api-extractor', ...args)
}

/** Every package that npm installs with clmr on one platform or another, from the lock file. */
function installed() {
  const { packages: all } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(all)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, { version, license }]) => ({
      name: path.replace(/^.*node_modules\//, ''),
      version,
      license,
    }))
    .filter(
      ({ name, version }, i, list) => list.findIndex((p) => p.name === name && p.version === version) === i,
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function checkLicenses() {
  const rows = installed().map(({ name, version, license }) => {
    const words = license ?? 'none'
    const free = words
      .replace(/[()]/g, '')
      .split(' OR ')
      .some((choice) => PERMISSIVE.includes(choice))
    if (!free && !(name in ALLOWED)) fault(`licences: ${name} is under ${words}`)
    return `| ${name} ${version} | ${ALLOWED[name] ?? words} |`
  })
  const text = [
    '# What npm installs with clmr, and under which licence',
    '',
    'Written by `npm run release:check -- --accept`. What is inside of the libtorch packages stands in the NOTICE.md of each.',
    'The decoders of mp3, flac and ogg are WebAssembly builds of mpg123 (LGPL-2.1), libFLAC and libvorbis (BSD-3-Clause).',
    '',
    '| package | licence |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n')
  const file = join(root, 'etc', 'licenses.md')
  if (accept) writeFileSync(file, text)
  if (readFileSync(file, 'utf8') !== text)
    fault('licences: etc/licenses.md is not what is installed; see --accept')
  say(`licences: ${rows.length} packages are installed with clmr`)
}

function checkSizes() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  for (const { title, bytes } of tarballs) {
    if (bytes > (BUDGET[title] ?? 125e6)) fault(`sizes: ${title} has ${bytes} bytes`)
    const [, said] = new RegExp(`^\\| \`${title}\` \\| ([\\d.]+) MB`, 'm').exec(readme) ?? []
    if (said && Math.abs(Number(said) * 1e6 - bytes) > ROUNDING * bytes)
      fault(`sizes: README.md says ${said} MB of ${title}, it has ${(bytes / 1e6).toFixed(1)}`)
    if (!said && title in BUDGET) fault(`sizes: README.md does not say how large ${title} is`)
    say(`size: ${title} ${(bytes / 1e6).toFixed(2)} MB`)
  }
}

/** The packages that clmr names are there in exactly that version. */
function checkTies() {
  for (const [name, version] of Object.entries(own.optionalDependencies ?? {})) {
    const there = tarballs.find(({ title }) => title === name)
    if (there && there.version !== version)
      fault(`${name}: clmr names ${version}, the tarball is ${there.version}`)
    if (!/^\d+\.\d+\.\d+$/.test(version)) fault(`${name}: ${version} is not one exact version`)
  }
  say(`ties: clmr names ${JSON.stringify(own.optionalDependencies)}`)
}

/** Of the package without its tools: npm leaves out of a list for the root what a tool needs as well. */
function writeSbom(folder) {
  const { optionalDependencies, ...manifest } = manifestOf(own.file)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  copyFileSync(join(root, 'package-lock.json'), join(folder, 'package-lock.json'))
  const npm = (...args) =>
    execFileSync('npm', [...args, '--package-lock-only'], { cwd: folder, encoding: 'utf8' })
  npm('install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline')
  const text = npm('sbom', '--sbom-format', 'cyclonedx')
  const { components } = JSON.parse(text)
  if (components.length !== installed().length)
    fault(`SBOM: ${components.length} components, but ${installed().length} packages are installed`)
  writeFileSync(join(packages, 'clmr.cdx.json'), text)
  say(`SBOM: ${components.length} components in dist/packages/clmr.cdx.json`)
}

const folder = mkdtempSync(join(tmpdir(), 'clmr-release-'))
try {
  execFileSync('tar', ['xzf', own.file, '-C', folder])
  tool('publint', 'publint/src/cli.js', 'run', join(folder, 'package'), '--strict')
  writeSbom(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
tool(
  'arethetypeswrong',
  '@arethetypeswrong/cli/dist/index.js',
  own.file,
  '--profile',
  'esm-only',
  '--no-color',
)
checkInterface()
checkLicenses()
checkSizes()
checkTies()
if (faults.length > 0) {
  process.stderr.write(`\n${faults.join('\n')}\n`)
  process.exit(1)
}
