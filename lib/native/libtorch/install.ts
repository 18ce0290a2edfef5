/**
 * Fetches the pinned libtorch into the user's cache. Safe to interrupt (it goes on where it stopped), to run twice
 * and to run in two processes at once; nothing that fails its checksum is ever used.
 */

import { existsSync } from 'node:fs'
import { rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClmrError, ioError } from '../../errors.js'
import { makeFolder } from '../../formats/make-folder.js'
import { type FetchProgress, fetchFrom, fetchWithPip, wheelIn } from './fetch.js'
import { cachedLibtorch, cacheFolder } from './find.js'
import { withLock } from './lock.js'
import { LIBTORCH_VERSION, libraryFile, WHEELS, type Wheel } from './release.js'
import { checkWheel, extractWheel } from './wheel.js'

export interface InstallOptions {
  /** a wheel: a file, or an http(s) URL; by default pip fetches it */
  from?: string
  /** keep the wheel in the cache after unpacking */
  keepWheel?: boolean
  signal?: AbortSignal
  onProgress?: (progress: FetchProgress) => void
}

export interface InstallResult {
  folder: string
  /** false: it had been there already */
  installed: boolean
}

const NEEDED_BYTES = 1.2e9 // the wheel, and what is unpacked of it

function wheelForThisMachine(): Wheel {
  const platform = `${process.platform}-${process.arch}`
  const wheel = WHEELS[platform]
  if (wheel) return wheel
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: `there is no libtorch ${LIBTORCH_VERSION} for this platform`,
    given: platform,
    expected: Object.keys(WHEELS).join(', '),
    remedy: 'Build libtorch yourself and set CLMR_LIBTORCH to its folder',
  })
}

async function checkSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= NEEDED_BYTES) return
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: 'there is not enough room on the disk',
    path: folder,
    given: `${Math.round((bavail * bsize) / 1e6)} MB free`,
    expected: `${NEEDED_BYTES / 1e6} MB`,
    remedy: 'Free some space, or set CLMR_CACHE to a folder on another disk',
  })
}

async function install(folder: string, wheel: Wheel, options: InstallOptions): Promise<void> {
  const { from, signal, onProgress = () => {} } = options
  const downloads = join(cacheFolder(), 'downloads')
  await makeFolder(downloads)
  await checkSpace(downloads)
  const file = wheelIn(downloads, wheel)
  if (!existsSync(file)) {
    onProgress({ what: 'download', message: wheel.file })
    if (from) await fetchFrom(from, file, onProgress, signal)
    else await fetchWithPip(wheel, downloads, signal)
  }
  onProgress({ what: 'check', message: 'sha256' })
  try {
    await checkWheel(file, wheel, signal)
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
  const partial = `${folder}.partial`
  await extractWheel(file, wheel, partial, (name) => {
    if (name.startsWith('lib')) onProgress({ what: 'unpack', message: name })
  })
  signal?.throwIfAborted()
  await rm(folder, { recursive: true, force: true })
  await rename(partial, folder)
  if (!options.keepWheel) await rm(file, { force: true })
}

/** Whether the cache holds a whole libtorch: it is renamed into place last. */
export function isInstalled(folder = cachedLibtorch()): boolean {
  return (
    existsSync(join(folder, 'lib', libraryFile('torch_cpu'))) &&
    existsSync(join(folder, 'include', 'ATen', 'ATen.h'))
  )
}

/**
 * @throws ClmrError ERR_LIBTORCH_INSTALL, ERR_IO
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<InstallResult> {
  const folder = cachedLibtorch()
  if (isInstalled(folder)) return { folder, installed: false }
  const wheel = wheelForThisMachine()
  await makeFolder(dirname(folder))
  const onWait = (pid: number) =>
    options.onProgress?.({ what: 'wait', message: `process ${pid} is installing it` })
  return withLock(
    `${folder}.lock`,
    async () => {
      if (isInstalled(folder)) return { folder, installed: false }
      try {
        await install(folder, wheel, options)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall) throw ioError(error, folder, 'install libtorch')
        throw error
      }
      return { folder, installed: true }
    },
    { onWait, signal: options.signal },
  )
}
