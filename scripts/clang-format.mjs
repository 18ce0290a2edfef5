// The layout of C++ and CUDA sources, by the pinned clang-format, which pip puts into the user's cache once.
//   node scripts/clang-format.mjs            exit code 1 where a file is laid out otherwise
//   node scripts/clang-format.mjs --write    lays them out
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../dist/files/cache-folder.js'

const VERSION = '23.1.5'
const folder = join(cacheFolder(), `clang-format-${VERSION}`)
const program = join(
  folder,
  'clang_format',
  'data',
  'bin',
  process.platform === 'win32' ? 'clang-format.exe' : 'clang-format',
)

function install() {
  mkdirSync(cacheFolder(), { recursive: true })
  const partial = mkdtempSync(`${folder}.`)
  const python = process.env.CLMR_PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3')
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--root-user-action',
    'ignore',
    '--target',
    partial,
    `clang-format==${VERSION}`,
  ]
  const { status } = spawnSync(python, args, { stdio: ['ignore', 'ignore', 2] })
  if (status !== 0) {
    rmSync(partial, { recursive: true })
    process.stderr.write(`clmr: clang-format ${VERSION} could not be installed by ${python} -m pip\n`)
    process.exit(1)
  }
  try {
    renameSync(partial, folder)
  } catch {
    rmSync(partial, { recursive: true }) // another process was first
  }
}

if (!existsSync(program)) install()
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(cc|h|c|cu|cuh)$/.test(file) && existsSync(file))
const write = process.argv.includes('--write')
const { status } = spawnSync(program, [...(write ? ['-i'] : ['--dry-run', '--Werror']), ...files], {
  stdio: 'inherit',
})
if (status === 0) process.stdout.write(`${files.length} C++ files are laid out as .clang-format says\n`)
else process.stderr.write('npm run format lays them out\n')
process.exit(status === 0 ? 0 : 1)
