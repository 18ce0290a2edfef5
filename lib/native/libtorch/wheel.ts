/** Takes the libraries and headers out of a torch wheel, which is a zip file, without reading the rest of it. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import { ClmrError, ioError } from '../../errors.js'
import { makeFolder } from '../../formats/make-folder.js'
import type { Wheel } from './release.js'

/** SHA-256 of a file in hex. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal })
  return hash.digest('hex')
}

/** @throws ClmrError ERR_LIBTORCH_INSTALL where the file is not the wheel that was published */
export async function checkWheel(path: string, wheel: Wheel, signal?: AbortSignal): Promise<void> {
  const given = await sha256OfFile(path, signal)
  if (given === wheel.sha256) return
  throw new ClmrError('ERR_LIBTORCH_INSTALL', {
    what: 'the wheel is damaged or is not the one that was published',
    path,
    given: `sha256 ${given}`,
    expected: wheel.sha256,
    remedy: 'Delete it and run `npx clmr libtorch install` again',
  })
}

/** Where a member of the wheel goes below the libtorch folder; undefined: it is not needed. */
function destination(member: string, wheel: Wheel): string | undefined {
  if (member.endsWith('/') || member.includes('..')) return undefined
  if (member.startsWith('torch/include/')) return member.slice('torch/'.length)
  const library = member.startsWith('torch/lib/') ? member.slice('torch/lib/'.length) : ''
  return wheel.libraries.includes(library) ? join('lib', library) : undefined
}

async function isWhole(path: string, size: number): Promise<boolean> {
  try {
    return (await stat(path)).size === size
  } catch {
    return false
  }
}

function openZip(path: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, file) =>
      error ? reject(error) : resolve(file),
    )
  })
}

/** Extracts what is needed into `folder`. Members that are there already, whole, are kept: an interrupted run goes on. */
export async function extractWheel(
  path: string,
  wheel: Wheel,
  folder: string,
  onFile?: (name: string) => void,
): Promise<number> {
  const extract = async (zip: yauzl.ZipFile, entry: yauzl.Entry, target: string) => {
    if (await isWhole(target, entry.uncompressedSize)) return
    await makeFolder(dirname(target))
    const source = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)))
    })
    await pipeline(source, createWriteStream(`${target}.part`, { mode: 0o755, flush: true }))
    await rename(`${target}.part`, target)
  }
  let count = 0
  let zip: yauzl.ZipFile | undefined
  try {
    const opened = await openZip(path)
    zip = opened
    await new Promise<void>((resolve, reject) => {
      opened.on('error', reject)
      opened.on('end', resolve)
      opened.on('entry', (entry: yauzl.Entry) => {
        const name = destination(entry.fileName, wheel)
        if (!name) return opened.readEntry()
        onFile?.(name)
        count++
        extract(opened, entry, join(folder, name)).then(() => opened.readEntry(), reject)
      })
      opened.readEntry()
    })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code?.startsWith('E'))
      throw ioError(cause, folder, 'unpack libtorch')
    throw new ClmrError('ERR_LIBTORCH_INSTALL', {
      what: `the wheel cannot be unpacked: ${(cause as Error).message}`,
      path,
      remedy: 'Delete it and run `npx clmr libtorch install` again',
      cause,
    })
  } finally {
    zip?.close()
  }
  return count
}
