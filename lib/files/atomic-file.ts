/**
 * Replaces files so that neither a crash nor a full disk loses data. A reader sees the old file or the new one, never a
 * part of either: temporary file in the same folder → write → fsync → rename → fsync of the folder.
 */
import { createReadStream, type Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ClmrError, ioError } from '../errors.js'
import {
  type Chunks,
  type FileOperations,
  nodeFiles,
  syncFolder,
  writeDurably,
  writeFully,
} from './durable.js'
import { type Output, outputAt } from './output.js'
import { removeLeftoversOnce, temporaryName } from './temporary.js'

/** Whether an error is one of the file system, and not of the source of the data, such as an abort. */
function isOfFileSystem(error: unknown): boolean {
  return !(error instanceof ClmrError) && /^E[A-Z0-9]+$/.test(String((error as NodeJS.ErrnoException)?.code))
}

/** The finished temporary file gets the mode and the owner of the old one. @returns false if the owner cannot be kept */
async function inherit(temporary: string, old: Stats): Promise<boolean> {
  const fresh = await fs.stat(temporary)
  if (fresh.uid !== old.uid || fresh.gid !== old.gid) {
    const given = await fs.chown(temporary, old.uid, old.gid).then(
      () => true,
      () => false,
    )
    if (!given) return false
  }
  if (fresh.mode !== old.mode) await fs.chmod(temporary, old.mode & 0o7777)
  return true
}

/** Bytes of a finished file, piece by piece. */
const bytesOf = (path: string): AsyncIterable<Uint8Array> =>
  createReadStream(path, { highWaterMark: 1 << 20 })

const TRUNCATE = fs.constants.O_WRONLY | fs.constants.O_TRUNC

async function overwrite(target: string, temporary: string, files: FileOperations): Promise<void> {
  // without O_CREAT: in a folder such as /tmp the kernel refuses that for a file of somebody else
  const exists = await fs.stat(target).then(
    () => true,
    () => false,
  )
  const file = await files.open(target, exists ? TRUNCATE : 'wx', 0o666)
  try {
    await writeFully(file, bytesOf(temporary))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** All bytes into a temporary file, which then takes the place or gives its content. */
async function writeWhole(
  { target, how, old, staging }: Output,
  chunks: Chunks,
  files: FileOperations,
): Promise<void> {
  await removeLeftoversOnce(staging)
  const temporary = temporaryName(join(staging, basename(target)))
  const mode = old && how === 'replace' ? old.mode & 0o777 : 0o666
  const remove = () => files.rm(temporary, { force: true, recursive: false }).catch(() => undefined)
  try {
    await writeDurably(temporary, chunks, files, how === 'replace' ? mode : 0o600)
    if (how === 'replace' && (!old || (await inherit(temporary, old)))) {
      await files.rename(temporary, target)
      return
    }
    await overwrite(target, temporary, files)
  } catch (error) {
    await remove()
    throw error
  }
  await remove()
}

/** A pipe that nobody reads from yet is given this long. */
const READER_MS = 10_000
const POLL_MS = 20

/** Runs a non-blocking operation until it does not ask to try again. */
async function retry<T>(
  operation: () => Promise<T>,
  code: string,
  until = Number.POSITIVE_INFINITY,
): Promise<T> {
  for (;;)
    try {
      return await operation()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== code || performance.now() > until) throw error
      await setTimeout(POLL_MS)
    }
}

/** Into a pipe or a device, as the bytes come. Nothing waits in the kernel: that would hold a thread, and the exit. */
async function writeStream(target: string, chunks: Chunks): Promise<void> {
  const flags = fs.constants.O_WRONLY | fs.constants.O_NONBLOCK
  const handle = await retry(() => fs.open(target, flags), 'ENXIO', performance.now() + READER_MS)
  try {
    await writeFully(
      { write: (buffer, at, length) => retry(() => handle.write(buffer, at, length), 'EAGAIN') },
      chunks,
    )
  } finally {
    await handle.close()
  }
}

/**
 * Replaces a file as a whole. On failure the temporary file is removed and the old file is what it was; the new one
 * has its mode and owner. Symbolic links are followed. What must not be replaced (a file with several names, a mount
 * point, a file of another user) is overwritten once all bytes are there; pipes and devices are written as bytes come.
 * @throws IoError with the path and a remedy (ENOSPC, EROFS, EACCES, EIO, …); what `chunks` throws passes
 */
export async function writeAtomically(
  path: string,
  chunks: Chunks,
  files: FileOperations = nodeFiles,
): Promise<void> {
  let output: Output
  try {
    output = await outputAt(path)
    if (output.how === 'stream') return await writeStream(output.target, chunks)
    await writeWhole(output, chunks, files)
  } catch (error) {
    throw isOfFileSystem(error) ? ioError(error, path, 'write') : error
  }
  await syncFolder(dirname(output.target), files).catch((error) => {
    throw ioError(error, path, 'make the write durable')
  })
}
