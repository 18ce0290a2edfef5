/**
 * Opens libtorch and the addon, once a thread, at the first use of `native`. Importing clmr costs nothing and never
 * fails; the first call that needs the native part explains what is missing.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClmrError } from '../errors.js'
import type { NativeBinding } from './binding.js'
import { type FoundLibtorch, findLibtorch } from './libtorch/find.js'
import { LIBTORCH_ABI, LIBTORCH_VERSION, libraryFile } from './libtorch/release.js'
import { grantedThreads } from './threads.js'

interface Bootstrap {
  /** opens a library; its libtorch ABI version, or null where it has none */
  open(path: string): bigint | null
  init(path: string): NativeBinding
}

const packageRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const require = createRequire(import.meta.url)

function findAddon(): string {
  try {
    return (require('node-gyp-build') as { path(root: string): string }).path(packageRoot)
  } catch (cause) {
    throw new ClmrError('ERR_ADDON', {
      what: `there is no native part for ${process.platform}-${process.arch}`,
      remedy: 'Reinstall clmr, or build it from a clone with `npm run build`',
      cause,
    })
  }
}

function openAddon(file: string): Bootstrap {
  try {
    return require(file) as Bootstrap
  } catch (cause) {
    const forbidden = (cause as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED'
    throw new ClmrError('ERR_ADDON', {
      what: forbidden ? 'node runs with --no-addons' : 'the native part cannot be loaded',
      path: file,
      remedy: forbidden
        ? 'Start node without --no-addons: clmr needs its native part'
        : 'Rebuild it with `npm run build:native`; `npx clmr doctor` shows more',
      cause,
    })
  }
}

/** The two NVIDIA libraries that the CUDA wheel's libtorch_cpu names; the CPU needs nothing of them. */
function openTorchCpu(bootstrap: Bootstrap, libtorch: FoundLibtorch, addonFolder: string): bigint | null {
  const file = join(libtorch.libraries, libraryFile('torch_cpu'))
  try {
    return bootstrap.open(file)
  } catch (error) {
    if (!/lib(cudart|cupti)\.so/.test((error as Error).message)) throw error
    for (const stub of ['clmr_cudart_stub', 'clmr_cupti_stub'])
      bootstrap.open(join(addonFolder, libraryFile(stub)))
    return bootstrap.open(file)
  }
}

function checkVersion(abi: bigint | null, libtorch: FoundLibtorch): void {
  const major = abi === null ? undefined : Number(abi >> 56n)
  const minor = abi === null ? undefined : Number((abi >> 48n) & 0xffn)
  if (major === LIBTORCH_ABI.major && minor === LIBTORCH_ABI.minor) return
  throw new ClmrError('ERR_LIBTORCH_VERSION', {
    what: 'the libtorch that was found is of another version',
    path: libtorch.libraries,
    given: abi === null ? 'one without a version' : `${major}.${minor}`,
    expected: LIBTORCH_VERSION,
    remedy: 'Run `npx clmr libtorch install`, or set CLMR_LIBTORCH to the folder of the right one',
  })
}

function openNative(): NativeBinding {
  const addon = findAddon()
  const folder = dirname(addon)
  const libtorch = findLibtorch()
  const bootstrap = openAddon(addon)
  try {
    bootstrap.open(join(libtorch.libraries, libraryFile('c10')))
    checkVersion(openTorchCpu(bootstrap, libtorch, folder), libtorch)
    const binding = bootstrap.init(join(folder, libraryFile('clmr')))
    binding.defaultThreads(grantedThreads())
    return binding
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

let opened: NativeBinding | undefined

/** The native binding, opened at its first use in this thread. */
export function native(): NativeBinding {
  opened ??= openNative()
  return opened
}

/** True where the addon has been built or came with the package. */
export function addonIsThere(): boolean {
  try {
    return existsSync(findAddon())
  } catch {
    return false
  }
}
