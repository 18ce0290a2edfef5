// npm run package [-- PLATFORM] [--wheel FILE]: tarballs as they are published, in dist/packages/:
//   clmr-VERSION.tgz                          JavaScript, types, sources, every native part that lies in prebuilds/
//   clmr-libtorch-PLATFORM-VERSION.tgz        the libraries of libtorch for the CPU, with their licences
//   clmr-cuda-linux-x64-VERSION.tgz           the kernels for CUDA, where there is an nvcc or pip can fetch one
// The wheel of another platform than this machine's is fetched by pip, or named by --wheel.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
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
import { installLibtorch } from '../dist/libtorch/install.js'
import { LIBTORCH_VERSION, PLATFORM_PACKAGE_VERSION } from '../dist/libtorch/release.js'
import { buildCuda } from './build-cuda.mjs'
import './own-libtorch.mjs'
import { symbolFaults } from './check-symbols.mjs'
import { HERE, platformArgument } from './platforms.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = join(root, 'dist', 'packages')
const argv = process.argv.slice(2)
const wheelFlag = argv.indexOf('--wheel')
const [, wheelFile] = wheelFlag < 0 ? [] : argv.splice(wheelFlag, 2)
const platform = platformArgument(argv)
const work = mkdtempSync(join(tmpdir(), 'clmr-package-'))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// Provenance wants the repository that the packages are built in.
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env
if (GITHUB_REPOSITORY)
  manifest.repository ??= { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git` }
const npm = (cwd, ...args) =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  })

function pack(folder) {
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(
    npm(folder, 'pack', '--json', '--ignore-scripts', '--pack-destination', out),
  )
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`
  process.stdout.write(
    `${filename}: ${entryCount} files, ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}\n`,
  )
}

/** What npm would pack of the root, with a package.json that names the platform packages and none of our tools. */
function packClmr() {
  const native = readdirSync(join(root, 'prebuilds')).filter((name) => !name.startsWith('.'))
  if (native.length === 0) throw new Error('prebuilds/ is empty: run `npm run prebuilds` first')
  const stage = join(work, 'clmr')
  const [{ files }] = JSON.parse(npm(root, 'pack', '--dry-run', '--json', '--ignore-scripts'))
  for (const { path } of files) cpSync(join(root, path), join(stage, path))
  const { devDependencies, scripts, ...published } = manifest
  published.optionalDependencies = Object.fromEntries(
    native.map((name) => [`@clmr/libtorch-${name}`, PLATFORM_PACKAGE_VERSION]),
  )
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`)
  pack(stage)
}

/** A folder with lib/ and licenses/ of the platform's libtorch. */
async function unpackedLibtorch() {
  if (platform.name === HERE && !wheelFile) {
    const { folder, installed } = await installLibtorch()
    if (installed) process.stderr.write(`clmr: libtorch fetched into ${folder}\n`)
    return folder
  }
  const { folder } = await installLibtorch({
    from: wheelFile,
    wheel: platform.wheel,
    folder: join(work, 'libtorch'),
  })
  return folder
}

const ROWS = {
  'libgomp.so.1':
    '| libgomp of GCC | `lib/libgomp.so.1` | GPL-3.0 with the GCC Runtime Library Exception 3.1: `licenses/added/`. Source: GCC, https://gcc.gnu.org |',
  'libgfortran.so.5': '| libgfortran of GCC | `lib/libgfortran.so.5` | as libgomp |',
  'libarm_compute.so': '| Arm Compute Library | `lib/libarm_compute*.so` | MIT: `licenses/third_party/` |',
  'libnvpl_blas_core.so.0':
    '| NVIDIA Performance Libraries (BLAS, LAPACK for Arm) | `lib/libnvpl_*` | NVIDIA Software License; its terms of redistribution have to be met by whoever publishes this package |',
  'libomp.dylib': '| OpenMP of LLVM | `lib/libomp.dylib` | Apache-2.0 with LLVM exceptions |',
  'libiomp5md.dll':
    '| OpenMP of Intel | `lib/libiomp*.dll` | Intel Simplified Software License: `licenses/added/` |',
  'uv.dll': '| libuv | `lib/uv.dll` | MIT |',
}
const MKL = '| oneMKL of Intel | in `torch_cpu` | Intel Simplified Software License: `licenses/added/` |'

function fill(template, values) {
  const text = readFileSync(join(root, 'packages', 'libtorch', template), 'utf8')
  return text.replace(/\{\{(\w+)\}\}/g, (_, key) => values[key])
}

async function packLibtorch() {
  const { name, os, cpu, libc, strip, sign, wheel } = platform
  const from = await unpackedLibtorch()
  const stage = join(work, 'package')
  const libraries = Object.keys(wheel.libraries).filter((file) => !file.endsWith('.lib'))
  mkdirSync(join(stage, 'lib'), { recursive: true })
  for (const file of libraries) cpSync(join(from, 'lib', file), join(stage, 'lib', file))
  const canStrip = strip && name === HERE
  const paths = libraries.map((file) => join(stage, 'lib', file))
  if (canStrip) execFileSync(strip[0], [...strip.slice(1), ...paths])
  if (canStrip && sign) execFileSync(sign[0], [...sign.slice(1), ...paths])
  cpSync(join(from, 'licenses'), join(stage, 'licenses'), { recursive: true })
  cpSync(join(root, 'packages', 'libtorch', 'licenses'), join(stage, 'licenses', 'added'), {
    recursive: true,
  })

  const rows = [...(cpu === 'x64' ? [MKL] : []), ...libraries.map((file) => ROWS[file]).filter(Boolean)].join(
    '\n',
  )
  const nvidia =
    os === 'linux' ? ': `libtorch_cpu.so` names two of its libraries, for which `clmr` has stubs' : ''
  const size = (file) => `${(statSync(join(stage, 'lib', file)).size / 1e6).toFixed(1)} MB`
  writeFileSync(join(stage, 'NOTICE.md'), fill('NOTICE.md', { rows, nvidia }))
  writeFileSync(
    join(stage, 'README.md'),
    fill('README.md', {
      platform: name,
      version: LIBTORCH_VERSION,
      wheel: wheel.file,
      sha256: wheel.sha256,
      stripped: canStrip ? ', with the symbols taken out that nothing needs at run time' : ', unchanged',
      files: ['| file | size |', '|---|---|', ...libraries.map((file) => `| ${file} | ${size(file)} |`)].join(
        '\n',
      ),
    }),
  )
  const { homepage, repository, bugs } = manifest
  const published = {
    name: `@clmr/libtorch-${name}`,
    version: PLATFORM_PACKAGE_VERSION,
    description: `libtorch ${LIBTORCH_VERSION} for the CPU on ${name}, for clmr`,
    license: 'SEE LICENSE IN NOTICE.md',
    ...{ homepage, repository, bugs },
    os: [os],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
    files: ['lib/', 'licenses/', 'NOTICE.md'],
    exports: { './package.json': './package.json' },
    publishConfig: { access: 'public', provenance: true },
  }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`)
  pack(stage)
}

/** The plug-in with clmr's kernels for CUDA. It names its build, so that clmr leaves out one of another version. */
async function packCuda() {
  const { file, missing } = await buildCuda()
  if (missing) return process.stdout.write(`NOT MADE: @clmr/cuda-${platform.name}: ${missing}\n`)
  const stage = join(work, 'cuda')
  mkdirSync(join(stage, 'lib'), { recursive: true })
  const library = join(stage, 'lib', 'libclmr_cuda.so')
  cpSync(file, library)
  execFileSync(platform.strip[0], [...platform.strip.slice(1), library])
  const faults = symbolFaults([library])
  if (faults.length > 0) throw new Error(faults.join('\n'))
  for (const name of ['README.md', 'LICENSE'])
    cpSync(name === 'LICENSE' ? join(root, name) : join(root, 'packages', 'cuda', name), join(stage, name))
  const { name, version, license, homepage, repository, bugs } = manifest
  const published = {
    name: `@clmr/cuda-${platform.name}`,
    version,
    description: 'Kernels of clmr for NVIDIA GPUs, Ampere to Blackwell, CUDA 13',
    license,
    ...{ homepage, repository, bugs },
    os: [platform.os],
    cpu: [platform.cpu],
    libc: [platform.libc],
    peerDependencies: { [name]: version },
    files: ['lib/'],
    exports: { './package.json': './package.json' },
    publishConfig: { access: 'public', provenance: true },
  }
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`)
  pack(stage)
}

try {
  mkdirSync(out, { recursive: true })
  packClmr()
  await packLibtorch()
  if (platform.name === HERE && HERE === 'linux-x64') await packCuda()
} finally {
  rmSync(work, { recursive: true, force: true })
}
