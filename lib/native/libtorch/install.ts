/**
 * Fetches the pinned libtorch into the user's cache. Safe to interrupt (it goes on where it stopped), to run twice
 * and to run in two processes at once; nothing that fails its checksum is ever used.
 */

import { existsSync } from 'node:fs'
import { rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClmrError, ioError } from '../../errors.js'
import { makeFolder } from '../../formats/make-folder.js'
import { type LockOwner, withLock } from '../../formats/process-lock.js'
import { download } from './download.js'
import { copyWheel, fetchWithPip, findPip } from './fetch.js'
import { cachedLibtorch, cacheFolder } from './find.js'
import { configuredIndex, findWheelUrl } from './package-index.js'
import { LIBTORCH_VERSION, libraryFile, WHEELS, type Wheel } from './release.js'
import { openRemoteWheel } from './remote-wheel.js'
import { checkWheel, extractWheel } from './wheel.js'

export interface InstallProgress {
  what: 'download' | 'check' | 'unpack' | 'wait'
  message: string
  /** 0 to 1 where it is known */
  fraction?: number
}

export interface InstallOptions {
  /** a wheel: a file, or an http(s) URL; by default pip fetches it, or HTTP where there is no pip */
  from?: string
  /** the address of a Python package index; by default the one that pip is set to */
  index?: string
  /** keep the wheel in the cache after unpacking, where it was fetched whole */
  keepWheel?: boolean
  signal?: AbortSignal
  onProgress?: (progress: InstallProgress) => void
  /** of another release or platform; by default that of this version of clmr for this machine */
  wheel?: Wheel
  /** where to; by default the cache of clmr */
  folder?: string
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

interface Job {
  wheel: Wheel
  downloads: string
  partial: string
  onProgress: (progress: InstallProgress) => void
  signal?: AbortSignal
}

const unpacking = ({ onProgress, signal }: Job) => ({
  signal,
  onFile: (name: string) => {
    if (name.startsWith('lib/')) onProgress({ what: 'unpack', message: name })
  },
})

const isUrl = (text: string) => /^https?:\/\//.test(text)

/** The needed parts of the wheel behind `url`. @returns false where the server does not know ranges */
async function installByRanges(url: string, job: Job): Promise<boolean> {
  const { wheel, downloads, partial, onProgress, signal } = job
  const remote = await openRemoteWheel(url, wheel, downloads, signal)
  if (!remote) return false
  const message = `${Math.round(remote.bytes / 1e6)} MB of ${wheel.file}`
  onProgress({ what: 'download', message })
  await remote.fetch((have) => onProgress({ what: 'download', message, fraction: have / remote.bytes }))
  try {
    await extractWheel(remote.open, wheel, partial, unpacking(job))
  } catch (error) {
    if (!signal?.aborted) await remote.forget()
    throw error
  }
  await remote.forget()
  return true
}

async function fetchWhole(
  file: string,
  options: InstallOptions,
  url: string | undefined,
  job: Job,
): Promise<void> {
  const { wheel, downloads, onProgress, signal } = job
  const message = wheel.file
  onProgress({ what: 'download', message })
  const onBytes = (have: number, total?: number) =>
    onProgress({ what: 'download', message, fraction: total ? have / total : undefined })
  if (url) return download({ url, target: file, signal, onBytes })
  if (options.from) return copyWheel(options.from, file)
  return fetchWithPip(findPip()!, wheel, downloads, { index: options.index, signal })
}

/** The address to fetch from; undefined where pip or a file serves. */
async function addressOf(
  { from, index }: InstallOptions,
  { wheel, signal }: Job,
): Promise<string | undefined> {
  if (from) return isUrl(from) ? from : undefined
  if (findPip()) return undefined
  const asked = index ?? configuredIndex()
  if (asked) return findWheelUrl(asked, wheel, signal)
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: 'there is no pip to fetch libtorch with, and no package index is set',
    remedy:
      'Pass the address of a Python package index with --index (or set it in PIP_INDEX_URL or pip.conf), pass the wheel with --from, or install Python with pip',
  })
}

async function install(folder: string, wheel: Wheel, options: InstallOptions): Promise<void> {
  const { signal, onProgress = () => {} } = options
  const downloads = join(cacheFolder(), 'downloads')
  const job: Job = { wheel, downloads, partial: `${folder}.partial`, onProgress, signal }
  await makeFolder(downloads)
  await checkSpace(downloads)
  const file = join(downloads, wheel.file)
  const url = existsSync(file) ? undefined : await addressOf(options, job)
  if (!url || !(await installByRanges(url, job))) {
    if (!existsSync(file)) await fetchWhole(file, options, url, job)
    onProgress({ what: 'check', message: 'sha256' })
    try {
      await checkWheel(file, wheel, signal)
    } catch (error) {
      if (!signal?.aborted) await rm(file, { force: true })
      throw error
    }
    await extractWheel(file, wheel, job.partial, unpacking(job))
  }
  signal?.throwIfAborted()
  await rm(folder, { recursive: true, force: true })
  await rename(job.partial, folder)
  if (!options.keepWheel) await rm(file, { force: true })
}

/** Whether a folder holds a whole libtorch: it is renamed into place last. */
export function isInstalled(folder = cachedLibtorch()): boolean {
  return [
    join('lib', libraryFile('torch_cpu')),
    join('include', 'ATen', 'ATen.h'),
    join('licenses', 'LICENSE'),
  ].every((file) => existsSync(join(folder, file)))
}

/**
 * @throws ClmrError ERR_LIBTORCH_INSTALL, ERR_IO
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<InstallResult> {
  const { folder = cachedLibtorch(), wheel = wheelForThisMachine() } = options
  if (isInstalled(folder)) return { folder, installed: false }
  await makeFolder(dirname(folder))
  const lock = `${folder}.lock`
  const onWait = ({ pid, host }: LockOwner) =>
    options.onProgress?.({ what: 'wait', message: `process ${pid} on ${host} is installing it (${lock})` })
  return withLock(
    lock,
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
