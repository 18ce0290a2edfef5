// npm run check:systems: the native part on systems that are not this one, as far as this machine can play them. What it
// cannot play is named, and fails with --all. With --short the other processors give an embedding only, in a quarter of
// the time; the rest of them is nightly.
//   symbols        versions and libraries that the native part asks for
//   processors     an embedding, augmentations and a training step as Haswell (AVX2) and Nehalem (SSE4.2) in qemu-user
//   one CPU        by taskset, and by the quota of a control group
//   read-only home a home that nobody can write to
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findLibtorch } from '../dist/libtorch/find.js'
import { cannot, fail, failWhereMissing, say } from './check-report.mjs'
import { symbolFaults } from './check-symbols.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const numbers = join(root, 'test', 'systems', 'numbers.mjs')
const libtorch = findLibtorch().root
const isShort = process.argv.includes('--short')
const isThere = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0

function checkSymbols() {
  const folder = [join(root, 'prebuilds', `linux-${process.arch}`), join(root, 'build', 'Release')].find(
    existsSync,
  )
  const files = readdirSync(folder).map((name) => join(folder, name))
  const faults = symbolFaults(files)
  if (faults.length > 0) fail(faults.join('\n'))
  say(`symbols: ${files.length} files stay at or below glibc 2.28 and name no path`)
}

const relativeError = (actual, expected) => {
  const norm = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  return norm(actual.map((value, i) => value - expected[i])) / norm(expected)
}

async function numbersOf(command, args, env = {}) {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 1 << 26 }
  const which = isShort ? ['embedding'] : []
  const { stdout } = await promisify(execFile)(command, [...args, numbers, ...which], options)
  return JSON.parse(stdout)
}

/** Another instruction set adds in another order: the numbers agree to rounding. */
function compare(name, actual, expected, instructionSet) {
  const found = actual.instructionSet
  if (instructionSet && found !== instructionSet) fail(`${name}: uses ${found}, not ${instructionSet}`)
  const errors = [['embedding', relativeError(actual.embedding, expected.embedding), 1e-5]]
  if (!isShort)
    errors.push(
      ['augmented clip', relativeError(actual.views, expected.views), 1e-4],
      ['loss', Math.abs(actual.loss / expected.loss - 1), 1e-4],
      ['gradient', Math.abs(actual.gradientNorm / expected.gradientNorm - 1), 1e-3],
    )
  const text = errors.map(([what, error]) => `${what} ${error.toExponential(1)}`).join(', ')
  for (const [what, error, limit] of errors)
    if (!(error <= limit)) fail(`${name}: ${what} is ${error} from the plain kernels, ${limit} is allowed`)
  say(`${name}: libtorch ${actual.cpuCapability}, own kernels ${found}; from the plain kernels: ${text}`)
}

async function checkProcessors() {
  const expected = await numbersOf(process.execPath, [], { CLMR_KERNELS: 'plain' })
  compare('this processor', await numbersOf(process.execPath, []), expected)
  if (process.arch !== 'x64' || !isThere('qemu-x86_64', '--version'))
    return cannot('other processors', 'there is no qemu-x86_64 (Debian: qemu-user)')
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(
    execFileSync('qemu-x86_64', ['--version'], { encoding: 'utf8' }),
  )
  if (major < 7 || (Number(major) === 7 && minor < 2))
    return cannot('other processors', `qemu ${major}.${minor} has no AVX2, 7.2 has`)
  const run = (cpu) =>
    numbersOf('nice', ['-n', '1', 'qemu-x86_64', '-cpu', cpu, process.execPath, '--jitless'], {
      CLMR_THREADS: '1',
      CLMR_KERNELS: 'winograd-six', // the choice between tiles costs several forwards, in qemu 20 s
    })
  const [haswell, nehalem] = await Promise.all([run('Haswell'), run('Nehalem')])
  compare('Haswell', haswell, expected, 'avx2')
  compare('Nehalem', nehalem, expected, 'default')
}

const THREADS = `import('${join(root, 'dist', 'index.js')}').then(async ({ Encoder, allocateClips, getThreads }) => {
  const encoder = await Encoder.create()
  const { rows } = await encoder.encode(allocateClips(3))
  if (rows !== 3) throw new Error('wrong shape')
  console.log(getThreads())
})`

function threadsUnder(command, ...args) {
  const env = { ...process.env, CLMR_THREADS: '' }
  return Number(execFileSync(command, [...args, process.execPath, '-e', THREADS], { encoding: 'utf8', env }))
}

function checkOneCpu() {
  if (!isThere('taskset', '--version')) return cannot('one CPU', 'there is no taskset')
  const [, first] = /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
  const threads = threadsUnder('taskset', '-c', first)
  if (threads !== 1) fail(`one CPU: ${threads} threads`)
  say('one CPU: 1 thread, and it embeds')
}

/** Files that set a quota of one CPU, by version. */
const QUOTAS = {
  '/sys/fs/cgroup/cpu': { 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '100000' },
  '/sys/fs/cgroup/cpu,cpuacct': { 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '100000' },
  '/sys/fs/cgroup': { 'cpu.max': '100000 100000' },
}

function checkControlGroup() {
  for (const [mount, files] of Object.entries(QUOTAS)) {
    const group = join(mount, `clmr-check-${process.pid}`)
    try {
      mkdirSync(group)
    } catch {
      continue
    }
    try {
      if (!Object.keys(files).every((name) => existsSync(join(group, name)))) continue
      for (const [name, value] of Object.entries(files)) writeFileSync(join(group, name), value)
      const inside = ['-c', `echo $$ > ${group}/cgroup.procs && exec "$0" "$@"`]
      const threads = threadsUnder('sh', ...inside)
      if (threads !== 1) fail(`control group with one CPU: ${threads} threads`)
      return say(`control group with one CPU (${mount}): 1 thread of ${threadsUnder('env')}`)
    } finally {
      rmdirSync(group)
    }
  }
  return cannot('control group with one CPU', 'no group can be made here')
}

function checkReadOnlyHome() {
  const home = mkdtempSync(join(tmpdir(), 'clmr-home-'))
  const run = (script) =>
    spawnSync('unshare', ['--mount', 'sh', '-c', `mount -t tmpfs -o ro none "$HOME" && ${script}`], {
      encoding: 'utf8',
      env: {
        ...process.env,
        HOME: home,
        XDG_CACHE_HOME: '',
        CLMR_CACHE: '',
        CLMR_LIBTORCH: libtorch,
        THREADS,
      },
    })
  try {
    if (run('true').status !== 0) return cannot('read-only home', 'nothing can be mounted here')
    const node = `"${process.execPath}"`
    const embedded = run(`${node} -e "$THREADS"`)
    if (embedded.status !== 0) fail(`read-only home: ${embedded.stderr}`)
    const main = `${node} ${join(root, 'dist', 'cli', 'main.js')}`
    const installed = run(`${main} libtorch install`)
    const sentence = /error \[ERR_IO\] .*EROFS.*\n? *The file system is read-only: choose another folder/
    if (installed.status !== 1 || !sentence.test(installed.stderr))
      fail(`read-only home: ${installed.stderr}`)
    const { stdout } = run(`${main} doctor`)
    if (!/^fail cache .* cannot be written .*CLMR_CACHE/m.test(stdout)) fail(`read-only home: ${stdout}`)
    say('read-only home: embeds; `clmr libtorch install` and `clmr doctor` say what to do')
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

if (process.platform !== 'linux') fail('these are checks of Linux')
checkSymbols()
await checkProcessors()
checkOneCpu()
checkControlGroup()
checkReadOnlyHome()
failWhereMissing()
