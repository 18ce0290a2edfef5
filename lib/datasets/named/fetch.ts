/** Fetches what a data set consists of. Safe to interrupt, and to run again: what is there is not fetched again. */
import { createReadStream, existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { download, type Hash, sizeOf } from '../../download/download.js'
import { ClmrError, DatasetError, IoError, ioError } from '../../errors.js'
import { freeBytes } from '../../files/free-space.js'
import { makeFolder } from '../../files/make-folder.js'
import { withLock } from '../../files/process-lock.js'
import type { NamedDataset, PublishedFile } from './descriptor.js'

/** How far the download of a data set is. */
export interface FetchProgress {
  /** what is being done */
  phase: 'download' | 'unpack' | 'wait'
  /** name of the file; in the phase `wait`, which process is downloading */
  file: string
  /** number of the file, from 1 */
  number: number
  /** files in all */
  of: number
  /** bytes of this file that have arrived */
  have?: number
  /** its size in bytes, if the server states it */
  total?: number
}

interface Job {
  folder: string
  signal?: AbortSignal
  onProgress?: (progress: FetchProgress) => void
}

const nameOf = ({ name, url }: PublishedFile) =>
  name ?? decodeURIComponent(new URL(url).pathname.split('/').at(-1)!)

/** Written once an archive is unpacked and gone. */
const markerOf = (folder: string, name: string) => join(folder, `.unpacked-${name}`)

async function checkSpace(folder: string, needed: number, name: string): Promise<void> {
  const free = await freeBytes(folder)
  if (free >= needed) return
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  throw new IoError({
    what: `there is not enough room on the disk for ${name}`,
    path: folder,
    given: `${gigabytes(free)} free`,
    expected: `about ${gigabytes(needed)}`,
    remedy: 'Free some space',
  })
}

/** How many bytes of them are here already. */
async function bytesHere(folder: string, files: readonly PublishedFile[]): Promise<number> {
  let sum = 0
  for (const file of files) {
    const target = join(folder, nameOf(file))
    for (const path of [target, `${target}.part`]) sum += Math.max(0, await sizeOf(path))
  }
  return sum
}

async function hashFrom(list: string, name: string, folder: string): Promise<Hash> {
  const lines = (await readFile(join(folder, list), 'utf8')).split(/\r?\n/).map((line) => line.split(/\s+/))
  const [hex] = lines.find(([, named]) => named === name) ?? []
  if (hex !== undefined && /^[0-9a-f]{64}$/.test(hex)) return { algorithm: 'sha256', hex }
  throw new DatasetError({
    what: `the list of checksums has none of ${name}`,
    path: join(folder, list),
    remedy: 'Remove it and run the command again',
  })
}

/** Nothing is written outside of the folder; links and special files are left out. */
async function unpack(archive: string, { folder, signal }: Job): Promise<void> {
  const { Unpack } = await import('tar')
  const into = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    filter: (_path, entry) =>
      'type' in entry && (entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'Directory'),
  })
  try {
    await pipeline(
      createReadStream(archive, { highWaterMark: 1 << 20 }),
      into as unknown as NodeJS.WritableStream,
      { signal },
    )
  } catch (cause) {
    signal?.throwIfAborted()
    if ((cause as NodeJS.ErrnoException).syscall) throw ioError(cause, folder, 'unpack the archive')
    await rm(archive, { force: true })
    throw new ClmrError('ERR_DOWNLOAD', {
      what: `the archive is damaged, and was removed: ${(cause as Error).message}`,
      path: archive,
      remedy: 'Run the command again: it downloads this file anew',
      cause,
    })
  }
}

async function fetchOne(
  file: PublishedFile,
  [number, of]: readonly [number, number],
  job: Job,
): Promise<void> {
  const { folder, signal, onProgress } = job
  const name = nameOf(file)
  const target = join(folder, name)
  const at = { file: name, number, of }
  if (file.unpack && existsSync(markerOf(folder, name))) return
  await makeFolder(dirname(target))
  const hash = file.hashesIn ? await hashFrom(file.hashesIn, name, folder) : file.hash
  const onBytes = (have: number, total?: number) => onProgress?.({ phase: 'download', ...at, have, total })
  await download({ url: file.url, target, hash, signal, onBytes })
  if (!file.unpack) return
  onProgress?.({ phase: 'unpack', ...at })
  await unpack(target, job)
  await writeFile(markerOf(folder, name), `${file.url}\n`)
  await rm(target, { force: true })
}

/**
 * Fetches what is missing into `folder`.
 * @throws ClmrError ERR_DOWNLOAD, IoError if there is no room or nothing can be written, DatasetError
 */
export async function fetchDataset(dataset: NamedDataset, scheme: string, job: Job): Promise<void> {
  const { folder, signal, onProgress } = job
  const files = dataset.files(scheme)
  if (files.length === 0)
    throw new DatasetError({
      what: `${dataset.name} cannot be downloaded`,
      path: folder,
      remedy: dataset.howToGet ?? 'Put its files there',
    })
  await makeFolder(folder)
  const of = files.length
  const onWait = ({ pid, host }: { pid: number; host: string }) =>
    onProgress?.({ phase: 'wait', file: `process ${pid} on ${host} is fetching it`, number: 0, of })
  const work = async () => {
    const missing = files.filter((file) => {
      const name = nameOf(file)
      return !existsSync(join(folder, file.unpack ? `.unpacked-${name}` : name))
    })
    if (missing.length > 0)
      await checkSpace(folder, dataset.bytes(scheme) - (await bytesHere(folder, files)), dataset.name)
    for (const [i, file] of files.entries()) {
      signal?.throwIfAborted()
      await fetchOne(file, [i + 1, of], job)
    }
  }
  await withLock(join(folder, '.download.lock'), work, { onWait, signal })
}
