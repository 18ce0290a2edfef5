/**
 * Fetches the pinned libtorch into the user's cache. Safe to interrupt (it continues where it stopped), to run twice
 * and to run in two processes at once; nothing that fails its checksum is ever used.
 */

import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { download } from '../download/download.js'
import { ClmrError, ioError } from '../errors.js'
import { cacheFolder } from '../files/cache-folder.js'
import { freeBytes } from '../files/free-space.js'
import { isFolder } from '../files/is-folder.js'
import { makeFolder } from '../files/make-folder.js'
import { type LockOwner, withLock } from '../files/process-lock.js'
import { CUDA_RELEASES, type Part } from './cuda-release.js'
import { copyWheel, fetchWithPip, findPip } from './fetch.js'
import { cachedCuda, cachedLibtorch } from './find.js'
import { withInstallErrors } from './install-error.js'
import { configuredIndex, findWheelUrl } from './package-index.js'
import { LIBTORCH_VERSION, libraryFile, packageOf, WHEELS, type Wheel } from './release.js'
import { openRemoteWheel } from './remote-wheel.js'
import { checkWheel, extractPart, extractWheel } from './wheel.js'

export interface InstallProgress {
  what: 'download' | 'check' | 'unpack' | 'wait'
  message: string
  /** 0 to 1 where it is known */
  fraction?: number
}

export interface InstallOptions {
  /** torch's wheel: a file, an http(s) URL, or a folder with all wheels; by default pip fetches it, or else HTTP */
  from?: string
  /** with CUDA: NVIDIA's libraries too, in a folder of its own */
  cuda?: boolean
  /** the address of a Python package index; by default the one that pip is set to */
  index?: string
  /** keep the wheel in the cache after unpacking, where it was fetched whole */
  keepWheel?: boolean
  signal?: AbortSignal
  onProgress?: (progress: InstallProgress) => void
  /** for another release or platform; by default the wheel for this version of clmr and this machine */
  wheel?: Wheel
  parts?: readonly Part[]
  /** where to; by default the cache of clmr */
  folder?: string
}

export interface InstallResult {
  folder: string
  /** false: it had been there already */
  installed: boolean
}

const CPU_BYTES = 1.2e9 // the wheel and the files unpacked from it
/** A wheel of NVIDIA's libraries, and about twice as much once it is unpacked. */
const CUDA_BYTES_PER_BYTE = 3
/** Several times the largest wheel there is. */
const MAX_WHEEL_BYTES = 4 * 2 ** 30

/** What is installed on this machine. */
function releaseForThisMachine(cuda: boolean): { wheel: Wheel; parts: readonly Part[] } {
  const platform = `${process.platform}-${process.arch}`
  const wheel = WHEELS[platform]
  const release = cuda ? CUDA_RELEASES[platform] : wheel && { wheel, parts: [] }
  if (release) return release
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: `there is no libtorch ${LIBTORCH_VERSION}${cuda ? ' with CUDA' : ''} for this platform`,
    given: platform,
    expected: Object.keys(cuda ? CUDA_RELEASES : WHEELS).join(', '),
    remedy:
      cuda && wheel ? 'Leave --cuda out' : 'Build libtorch yourself and set CLMR_LIBTORCH to its folder',
  })
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free >= needed) return
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: 'there is not enough room on the disk',
    path: folder,
    given: `${Math.round(free / 1e6)} MB free`,
    expected: `${Math.round(needed / 1e6)} MB`,
    remedy: 'Set CLMR_CACHE to a folder on another disk',
  })
}

interface Job {
  downloads: string
  partial: string
  options: InstallOptions
  onProgress: (progress: InstallProgress) => void
  signal?: AbortSignal
}

const unpacking = ({ onProgress, signal }: Job) => ({
  signal,
  onFile: (name: string) => {
    if (/(^|\/)lib\//.test(name)) onProgress({ what: 'unpack', message: name })
  },
})

const isUrl = (text: string) => /^https?:\/\//.test(text)

/** Fetches only the needed parts of the wheel at `url`. @returns false if the server does not support ranges */
async function installByRanges(url: string, wheel: Wheel, to: string, job: Job): Promise<boolean> {
  const { downloads, onProgress, signal } = job
  const remote = await openRemoteWheel(url, wheel, downloads, signal)
  if (!remote) return false
  const message = `${Math.round(remote.bytes / 1e6)} MB of ${wheel.file}`
  onProgress({ what: 'download', message })
  await remote.fetch((have) => onProgress({ what: 'download', message, fraction: have / remote.bytes }))
  try {
    await extractWheel(remote.open, wheel, to, unpacking(job))
  } catch (error) {
    if (!signal?.aborted) await remote.forget()
    throw error
  }
  await remote.forget()
  return true
}

/** The wheel on this machine that `from` names; undefined if it must be downloaded. */
async function localWheel(from: string | undefined, file: string): Promise<string | undefined> {
  if (!from || isUrl(from)) return undefined
  return (await isFolder(from)) ? join(from, file) : from
}

/** The address to fetch from; undefined if pip serves. */
async function addressOf(
  { file }: { file: string },
  from: string | undefined,
  { options: { index }, signal }: Job,
): Promise<string | undefined> {
  if (from) return from
  if (findPip()) return undefined
  const asked = index ?? configuredIndex()
  if (asked) return findWheelUrl(asked, { file }, signal)
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: 'there is no pip to download libtorch with, and no package index is set',
    remedy: 'Pass the address of a Python package index with --index',
  })
}

/** Downloads the whole wheel, unless an earlier run has, and checks it. */
async function fetchWhole(
  wheel: { file: string; sha256: string },
  { local, url }: { local?: string; url?: string },
  job: Job,
): Promise<string> {
  const { downloads, options, onProgress, signal } = job
  const target = join(downloads, wheel.file)
  const message = wheel.file
  const onBytes = (have: number, total?: number) =>
    onProgress({ what: 'download', message, fraction: total ? have / total : undefined })
  if (!existsSync(target)) {
    onProgress({ what: 'download', message })
    if (url) await download({ url, target, maxBytes: MAX_WHEEL_BYTES, signal, onBytes })
    else if (local) await copyWheel(local, target)
    else await fetchWithPip(findPip()!, wheel, downloads, { index: options.index, signal })
  }
  onProgress({ what: 'check', message: 'sha256' })
  try {
    await checkWheel(target, wheel, signal)
  } catch (error) {
    if (!signal?.aborted) await rm(target, { force: true })
    throw error
  }
  return target
}

/** Torch's own wheel. `from` may name this one file or address. */
async function installTorch(wheel: Wheel, to: string, job: Job): Promise<void> {
  const { downloads, options } = job
  const local = await localWheel(options.from, wheel.file)
  const isHere = local !== undefined || existsSync(join(downloads, wheel.file))
  const url = isHere ? undefined : await addressOf(wheel, options.from, job)
  if (url && (await installByRanges(url, wheel, to, job))) return
  await extractWheel(await fetchWhole(wheel, { local, url }, job), wheel, to, unpacking(job))
}

/** Written once a part is unpacked, so that an interrupted run does not fetch it again and isInstalled() finds it. */
const markerOf = (folder: string, part: Part) => join(folder, 'parts', part.file)

/** One of NVIDIA's wheels, as a whole: nearly all of it is libraries. */
async function installPart(part: Part, job: Job): Promise<void> {
  const { partial, options } = job
  const marker = markerOf(partial, part)
  if (existsSync(marker)) return
  const named = await localWheel(options.from, part.file)
  const local = named?.endsWith(part.file) ? named : undefined
  const isHere = local !== undefined || existsSync(join(job.downloads, part.file))
  const url = isHere ? undefined : await addressOf(part, undefined, job)
  const file = await fetchWhole(part, { local, url }, job)
  await extractPart(file, packageOf(part).name, partial, unpacking(job))
  await makeFolder(dirname(marker))
  await writeFile(marker, `sha256 ${part.sha256}\n`)
  if (!options.keepWheel) await rm(file, { force: true })
}

async function install(folder: string, wheel: Wheel, parts: readonly Part[], options: InstallOptions) {
  const { signal, onProgress = () => {} } = options
  const downloads = join(cacheFolder(), 'downloads')
  const job: Job = { downloads, partial: `${folder}.partial`, options, onProgress, signal }
  await makeFolder(downloads)
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  await checkSpace(downloads, CPU_BYTES + CUDA_BYTES_PER_BYTE * bytes)
  await installTorch(wheel, parts.length > 0 ? join(job.partial, 'torch') : job.partial, job)
  for (const part of parts) await installPart(part, job)
  signal?.throwIfAborted()
  await rm(folder, { recursive: true, force: true })
  await rename(job.partial, folder)
  if (!options.keepWheel) await rm(join(downloads, wheel.file), { force: true })
}

/** Whether a folder holds a whole libtorch: the folder gets its name only at the end. */
export function isInstalled(folder = cachedLibtorch(), parts: readonly Part[] = []): boolean {
  const torch = parts.length > 0 ? join(folder, 'torch') : folder
  const files = ['lib/'.concat(libraryFile('torch_cpu')), 'include/ATen/ATen.h', 'licenses/LICENSE']
  return [...files.map((file) => join(torch, file)), ...parts.map((part) => markerOf(folder, part))].every(
    (file) => existsSync(file),
  )
}

/**
 * @throws ClmrError ERR_LIBTORCH_INSTALL, ERR_IO
 */
export async function installLibtorch(options: InstallOptions = {}): Promise<InstallResult> {
  const { cuda = false } = options
  const {
    wheel = releaseForThisMachine(cuda).wheel,
    parts = options.wheel ? [] : releaseForThisMachine(cuda).parts,
  } = options
  const { folder = cuda ? cachedCuda() : cachedLibtorch() } = options
  if (isInstalled(folder, parts)) return { folder, installed: false }
  await makeFolder(dirname(folder))
  const lock = join(cacheFolder(), 'downloads.lock') // one lock for CPU and CUDA: they fetch the same files
  const onWait = ({ pid, host }: LockOwner) =>
    options.onProgress?.({ what: 'wait', message: `process ${pid} on ${host} is installing it (${lock})` })
  return withLock(
    lock,
    async () => {
      if (isInstalled(folder, parts)) return { folder, installed: false }
      try {
        await withInstallErrors(() => install(folder, wheel, parts, options))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall) throw ioError(error, folder, 'install libtorch')
        throw error
      }
      return { folder, installed: true }
    },
    { onWait, signal: options.signal },
  )
}
