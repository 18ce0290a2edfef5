/**
 * What stands where an output shall go, and how it is put there without harm: neither a device, a pipe, a mount point
 * nor a link is replaced by a file, and what is replaced keeps its mode and its owner.
 */
import { constants, type Stats } from 'node:fs'
import { access, open, readFile, readlink, realpath, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { IoError, ioError } from '../errors.js'
import { kindOf } from './file-kind.js'
import { makeFolder } from './make-folder.js'
import { temporaryName } from './temporary.js'

export interface Output {
  /** the file itself, behind all links */
  target: string
  /**
   * replace: by renaming a finished file · overwrite: in place, once all bytes are there · stream: in place, as they come
   */
  how: 'replace' | 'overwrite' | 'stream'
  /** the file that stands there */
  old?: Stats
  /** where the temporary file is put */
  staging: string
}

const MAX_LINKS = 40
/** Longest path that Linux takes. */
const MAX_PATH_BYTES = 4095

interface Followed {
  target: string
  /** through a link of /proc, such as /dev/stdout: an open file, which must stay the one that it is */
  isOpenFile: boolean
}

/** Follows links, also to where nothing stands yet. */
async function followLinks(path: string): Promise<Followed> {
  let at = resolve(path)
  for (let links = 0; links < MAX_LINKS; links++) {
    const folder = await realpath(dirname(at)).catch(() => dirname(at))
    at = join(folder, basename(at))
    if (folder.startsWith('/proc/')) return { target: at, isOpenFile: true }
    const next = await readlink(at).catch(() => undefined)
    if (next === undefined) return { target: at, isOpenFile: false }
    at = resolve(folder, next)
  }
  throw Object.assign(new Error('too many links'), { code: 'ELOOP' })
}

/** Renaming over a mount point fails. */
async function isMountPoint(path: string): Promise<boolean> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  return table.split('\n').some((line) => {
    const point = line.split(' ')[4] ?? ''
    return point.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))) === path
  })
}

const can = (path: string, mode: number) =>
  access(path, mode).then(
    () => true,
    () => false,
  )

/** Whether a rename would break something, or could not be done: other names of the file, its owner, its mount. */
async function mustStayItself(target: string, old: Stats): Promise<boolean> {
  const user = process.geteuid?.() ?? 0
  return old.nlink > 1 || (user !== 0 && old.uid !== user) || (await isMountPoint(target))
}

function refused(path: string, found: Stats): IoError {
  return new IoError({
    what: `this is ${kindOf(found)}`,
    path,
    expected: 'a file, or a name that is free',
    remedy: 'Choose another name',
  })
}

/**
 * Finds out how `path` is to be written.
 * @throws IoError for a folder, a socket, a disk; the raw error of the file system
 */
export async function outputAt(path: string): Promise<Output> {
  const { target, isOpenFile } = await followLinks(path)
  const old = await stat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const folder = dirname(target)
  if (old?.isFIFO() || old?.isCharacterDevice()) return { target, how: 'stream', old, staging: folder }
  if (old && !old.isFile()) throw refused(path, old)
  const beside = Buffer.byteLength(temporaryName(target)) <= MAX_PATH_BYTES
  const fits = beside && (!old || (await can(folder, constants.W_OK | constants.X_OK)))
  const stays = isOpenFile || (old !== undefined && (await mustStayItself(target, old)))
  return { target, how: fits && !stays ? 'replace' : 'overwrite', old, staging: fits ? folder : tmpdir() }
}

/** Whether a file can be made in a folder is only known once it was made: quotas, flags and /proc deny it to root too. */
async function tryFile(path: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  await handle.close()
  await rm(path)
}

/** As `checkOutput`, and makes the folder of `path` where it is missing. @throws IoError */
export async function checkWritable(path: string): Promise<void> {
  await makeFolder(dirname(resolve(path)))
  await checkOutput(path)
}

/**
 * Tells before the work whether its result can be written.
 * @throws IoError, where the folder of `path` is missing too
 */
export async function checkOutput(path: string): Promise<void> {
  try {
    const { target, how, old, staging } = await outputAt(path)
    if (how !== 'stream') await tryFile(temporaryName(join(staging, basename(target))))
    if (!old) return
    await access(target, constants.W_OK).catch((error) => {
      // a file of one's own that is only marked as read-only is replaced, and stays marked
      if (how !== 'replace' || error.code !== 'EACCES') throw error
    })
  } catch (error) {
    throw ioError(error, path, 'write')
  }
}
