/**
 * Opens libtorch and the addon at the first use of `native`, once in each thread. Importing clmr costs nothing and never
 * fails; the first call that needs the native part explains what is missing.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { ClmrError, ConfigError } from '../errors.js'
import { checkWorkingDirectory } from '../files/working-directory.js'
import { type FoundLibtorch, findLibtorch } from '../libtorch/find.js'
import { LIBTORCH_ABI, LIBTORCH_VERSION, libraryFile, takesAnyLibtorch } from '../libtorch/release.js'
import type { NativeBinding } from './binding.js'
import { type CudaState, openCuda, useCudaKernels } from './cuda.js'
import { checkEnvironment } from './environment.js'
import { grantedThreads } from './granted-threads.js'

interface Bootstrap {
  /** the libtorch ABI version of a library that the process has already opened, by name; undefined if it has not */
  loaded(name: string): bigint | null | undefined
  /** opens a library; its libtorch ABI version, or null where it has none */
  open(path: string): bigint | null
  /** the object that the library's clmr_napi_init has filled */
  init(path: string): unknown
}

const packageRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const require = createRequire(import.meta.url)

/** A clone has the build script; the installed package has the sources, and its documentation says how to build them. */
const isClone = existsSync(join(packageRoot, 'scripts', 'build-native.mjs'))
const BUILD_IT = isClone
  ? 'Build the native part with `npm run build:native`'
  : `Build the native part as ${join(packageRoot, 'docs', 'getting-started.md')} tells under "Build it yourself"`
const RENEW = isClone ? BUILD_IT : 'Reinstall clmr'

/** A bundler that includes the package separates it from its native part and its worker files. */
function checkUnbundled(): void {
  try {
    if ((require(join(packageRoot, 'package.json')) as { name?: string }).name === 'clmr') return
  } catch {}
  throw new ClmrError('ERR_ADDON', {
    what: 'clmr was bundled: its native part and its worker files are not beside it',
    path: fileURLToPath(import.meta.url),
    remedy:
      'Mark the package clmr as external in the bundler (esbuild: --external:clmr), and install it beside the bundle',
  })
}

/** An executable names the loader of its C library near its beginning. */
function checkLibc(): void {
  if (process.platform !== 'linux') return
  const start = Buffer.alloc(4096)
  try {
    const file = openSync(process.execPath, 'r')
    readSync(file, start)
    closeSync(file)
  } catch {
    return // it cannot be read: the loader will tell
  }
  if (!start.includes('/ld-musl-')) return
  throw new ClmrError('ERR_ADDON', {
    what: 'this node is built for musl (Alpine Linux), for which there is no libtorch',
    path: process.execPath,
    expected: 'a Node.js for glibc 2.28 or later',
    remedy: 'Use an image with glibc, for instance node:20-slim instead of node:20-alpine',
  })
}

function findAddon(): string {
  try {
    return (require('node-gyp-build') as { path(root: string): string }).path(packageRoot)
  } catch (cause) {
    throw new ClmrError('ERR_ADDON', {
      what: `there is no native part for ${process.platform}-${process.arch}`,
      remedy: BUILD_IT,
      cause,
    })
  }
}

const CANNOT_BE_LOADED = {
  what: 'the native part cannot be loaded',
  remedy: RENEW,
}

/** Node's permission model forbids addons too, with the error of --no-addons. */
function whyForbidden(): { what: string; remedy: string } {
  if (process.permission)
    return {
      what: "Node's permission model blocks the native part",
      remedy: 'Start node with --allow-addons, and with --allow-worker if audio is decoded',
    }
  return {
    what: 'node runs with --no-addons',
    remedy: 'Start node without --no-addons: clmr needs its native part',
  }
}

function openAddon(file: string): Bootstrap {
  try {
    return require(file) as Bootstrap
  } catch (cause) {
    const forbidden = (cause as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED'
    const details = forbidden ? whyForbidden() : CANNOT_BE_LOADED
    throw new ClmrError('ERR_ADDON', { ...details, path: file, cause })
  }
}

/** libtorch_cpu of the CUDA wheel links two NVIDIA libraries that the CPU does not use; stubs replace them. */
function openTorchCpu(
  bootstrap: Bootstrap,
  libtorch: FoundLibtorch,
  addonFolder: string,
): { abi: bigint | null; withStandIns: boolean } {
  const file = join(libtorch.libraries, libraryFile('torch_cpu'))
  try {
    return { abi: bootstrap.open(file), withStandIns: false }
  } catch (error) {
    if (!/lib(cudart|cupti)\.so/.test((error as Error).message)) throw error
    for (const stub of ['clmr_cudart_stub', 'clmr_cupti_stub'])
      bootstrap.open(join(addonFolder, libraryFile(stub)))
    return { abi: bootstrap.open(file), withStandIns: true }
  }
}

function checkVersion(abi: bigint | null, where: string, remedy: string): void {
  const major = abi === null ? undefined : Number(abi >> 56n)
  const minor = abi === null ? undefined : Number((abi >> 48n) & 0xffn)
  if (major === LIBTORCH_ABI.major && minor === LIBTORCH_ABI.minor) return
  if (abi !== null && takesAnyLibtorch()) return
  throw new ClmrError('ERR_LIBTORCH_VERSION', {
    what: 'the libtorch that was found is of another version',
    path: where,
    given: abi === null ? 'one without a version' : `${major}.${minor}`,
    expected: LIBTORCH_VERSION,
    remedy,
  })
}

/** Opens a libtorch. A process can hold only one, so one that another package has opened already is used. */
function openLibtorch(bootstrap: Bootstrap, addonFolder: string): CudaState {
  const there = bootstrap.loaded(libraryFile('torch_cpu'))
  if (there !== undefined) {
    const remedy = 'Another package of this process has opened it: use clmr in a process of its own'
    checkVersion(there, libraryFile('torch_cpu'), remedy)
    return { state: bootstrap.loaded(libraryFile('torch_cuda')) === undefined ? 'not there' : 'open' }
  }
  const libtorch = findLibtorch()
  try {
    bootstrap.open(join(libtorch.libraries, libraryFile('c10')))
    const { abi, withStandIns } = openTorchCpu(bootstrap, libtorch, addonFolder)
    const remedy = 'Run `npx clmr libtorch install`'
    checkVersion(abi, libtorch.libraries, remedy)
    return openCuda(bootstrap, libtorch.libraries, withStandIns)
  } catch (cause) {
    if (cause instanceof ClmrError) throw cause
    throw new ClmrError('ERR_ADDON', {
      what: `libtorch cannot be loaded: ${(cause as Error).message}`,
      path: libtorch.libraries,
      remedy: 'Run `npx clmr doctor`, which checks each part',
      cause,
    })
  }
}

/** The native part refuses what it does not know in CLMR_KERNELS and CLMR_CPU_CAPABILITY. */
function cannotLoad(cause: unknown, path: string): ClmrError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ERR_CONFIG')
    return new ConfigError({ what: message, remedy: 'Unset the environment variable', cause })
  return new ClmrError('ERR_ADDON', {
    what: `the native part cannot be loaded: ${message}`,
    path,
    remedy: RENEW,
    cause,
  })
}

function openNative(): NativeBinding {
  checkEnvironment()
  checkUnbundled()
  checkLibc()
  checkWorkingDirectory()
  const addon = findAddon()
  const bootstrap = openAddon(addon)
  cuda = openLibtorch(bootstrap, dirname(addon))
  const file = join(dirname(addon), libraryFile('clmr'))
  try {
    const binding = bootstrap.init(file) as NativeBinding
    if (cuda.state === 'open') cuda = useCudaKernels(bootstrap.init, binding, dirname(addon))
    binding.defaultThreads(grantedThreads())
    const stopRunning = isMainThread ? binding.exitHandler() : undefined
    if (stopRunning) process.on('exit', stopRunning)
    return binding
  } catch (cause) {
    throw cannotLoad(cause, file)
  }
}

let opened: NativeBinding | undefined
let cuda: CudaState = { state: 'not there' }

/** The native binding, opened at its first use in this thread. */
export function native(): NativeBinding {
  opened ??= openNative()
  return opened
}

/** The file of the addon, built here or shipped with the package; undefined if there is none. */
export function addonFile(): string | undefined {
  try {
    const file = findAddon()
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

/** What came of opening CUDA. Opens the native part. */
export function cudaState(): CudaState {
  native()
  return cuda
}
