/** Takes the libraries, headers and licences out of a torch wheel, which is a zip file, without reading the rest of it. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { ClmrError, ioError } from '../errors.js'
import { makeFolder } from '../files/make-folder.js'
import type { PinnedFolder, Wheel } from './release.js'

/** SHA-256 of a file in hex. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal })
  return hash.digest('hex')
}

const REMEDY = 'Run `npx clmr libtorch install` again: what is damaged has been deleted'

/** @throws ClmrError ERR_LIBTORCH_INSTALL if the file is not the wheel that was published */
export async function checkWheel(
  path: string,
  wheel: { sha256: string },
  signal?: AbortSignal,
): Promise<void> {
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

/** The path of a member below the libtorch folder, with slashes; undefined if it is not needed. */
export function destination(member: string, wheel: Wheel): string | undefined {
  if (member.endsWith('/') || member.includes('..')) return undefined
  if (member.startsWith('torch/include/')) return member.slice('torch/'.length)
  const license = /^torch-[^/]+\.dist-info\/(licenses\/.+)$/.exec(member)?.[1]
  if (license) return license
  const library = member.startsWith('torch/lib/') ? member.slice('torch/lib/'.length) : ''
  return Object.hasOwn(wheel.libraries, library) ? `lib/${library}` : undefined
}

/** All members of a zip file, in the order of its table of contents. Leaves it open. */
export async function entriesOf(zip: yauzl.ZipFile): Promise<yauzl.Entry[]> {
  const entries: yauzl.Entry[] = []
  return new Promise((resolve, reject) => {
    zip.on('error', reject)
    zip.on('end', () => resolve(entries))
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.push(entry)
      zip.readEntry()
    })
    zip.readEntry()
  })
}

/** @returns the SHA-256 of what was written */
async function unpack(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  target: string,
  signal?: AbortSignal,
): Promise<string> {
  const there = await stat(target).catch(() => undefined)
  if (there?.size === entry.uncompressedSize) return sha256OfFile(target, signal)
  await makeFolder(dirname(target))
  const hash = createHash('sha256')
  let crc = 0
  const counted = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      hash.update(chunk)
      crc = crc32(chunk, crc)
      yield chunk
    }
  }
  const file = createWriteStream(`${target}.part`, { mode: 0o755, flush: true })
  await pipeline(await zip.openReadStreamPromise(entry), counted, file, { signal })
  if (crc !== entry.crc32) throw new Error(`${entry.fileName} has another CRC-32 than the wheel says`)
  await rename(`${target}.part`, target)
  return hash.digest('hex')
}

/** One hash over a folder: see PinnedFolder. */
function hashOf(members: ReadonlyMap<string, string>, folder: string): PinnedFolder {
  const names = [...members.keys()].filter((name) => name.startsWith(`${folder}/`))
  const lines = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const hash = createHash('sha256')
  for (const name of lines) hash.update(`${name}\0${members.get(name)}\n`)
  return { files: lines.length, sha256: hash.digest('hex') }
}

/** Deletes files that are not as published, so that the next run fetches them again. */
async function checkMembers(
  members: ReadonlyMap<string, string>,
  wheel: Wheel,
  folder: string,
): Promise<void> {
  const wrong = async (what: string, part: string, given: string, expected: string) => {
    await rm(join(folder, part), { recursive: true, force: true })
    throw new ClmrError('ERR_LIBTORCH_INSTALL', {
      what,
      path: join(folder, part),
      given,
      expected,
      remedy: REMEDY,
    })
  }
  for (const [library, expected] of Object.entries(wheel.libraries)) {
    const given = members.get(`lib/${library}`)
    if (given === undefined)
      await wrong('the wheel has not all libraries', `lib/${library}`, 'none', `sha256 ${expected}`)
    else if (given !== expected)
      await wrong(
        'a library is damaged or is not the one that was published',
        `lib/${library}`,
        `sha256 ${given}`,
        expected,
      )
  }
  for (const [part, pinned] of [
    ['include', wheel.headers],
    ['licenses', wheel.licenses],
  ] as const) {
    const given = hashOf(members, part)
    if (given.sha256 !== pinned.sha256)
      await wrong(
        'a folder of the wheel is damaged or is not the one that was published',
        part,
        `${given.files} files, sha256 ${given.sha256}`,
        `${pinned.files} files, ${pinned.sha256}`,
      )
  }
}

export interface ExtractOptions {
  onFile?: (name: string) => void
  signal?: AbortSignal
}

/**
 * Extracts the members that `place` gives a path below `folder`. Those that are there already, whole, are kept: an
 * interrupted run goes on.
 * @param source a file, or a function that opens a zip file elsewhere
 * @returns the SHA-256 of each path
 */
async function extract(
  source: string | (() => Promise<yauzl.ZipFile>),
  place: (member: string) => string | undefined,
  folder: string,
  { onFile, signal }: ExtractOptions,
): Promise<Map<string, string>> {
  const members = new Map<string, string>()
  let zip: yauzl.ZipFile | undefined
  try {
    zip = await (typeof source === 'string'
      ? yauzl.openPromise(source, { lazyEntries: true, autoClose: false })
      : source())
    for (const entry of await entriesOf(zip)) {
      const name = place(entry.fileName)
      if (!name) continue
      onFile?.(name)
      members.set(name, await unpack(zip, entry, join(folder, name), signal))
    }
  } catch (cause) {
    if (signal?.aborted || cause instanceof ClmrError) throw cause
    if ((cause as NodeJS.ErrnoException).syscall) throw ioError(cause, folder, 'unpack libtorch')
    throw new ClmrError('ERR_LIBTORCH_INSTALL', {
      what: `the wheel cannot be unpacked: ${(cause as Error).message}`,
      path: typeof source === 'string' ? source : folder,
      remedy: REMEDY,
      cause,
    })
  } finally {
    zip?.close()
  }
  return members
}

/**
 * Extracts what is needed of torch's wheel into `folder` and checks it against the pinned hashes.
 * @param source a file, or a function that opens a zip file elsewhere
 * @returns how many files there are
 */
export async function extractWheel(
  source: string | (() => Promise<yauzl.ZipFile>),
  wheel: Wheel,
  folder: string,
  options: ExtractOptions = {},
): Promise<number> {
  const members = await extract(source, (member) => destination(member, wheel), folder, options)
  await checkMembers(members, wheel, folder)
  return members.size
}

/**
 * Extracts the libraries of one of NVIDIA's wheels, where libtorch_cuda's own search path looks for them: beside torch/,
 * in nvidia/…/lib/. Their licence goes to torch/licenses/. The wheel has been checked as a whole.
 */
export async function extractPart(
  file: string,
  name: string,
  folder: string,
  options: ExtractOptions = {},
): Promise<number> {
  const place = (member: string) => {
    if (member.includes('..')) return undefined
    if (/^nvidia\/.+\/lib\/[^/]+\.so[.\d]*$/.test(member)) return member
    const license = /^[^/]+\.dist-info\/(?:licenses\/)?([^/]*licen[cs]e[^/]*)$/i.exec(member)?.[1]
    return license && `torch/licenses/${name}/${license}`
  }
  return (await extract(file, place, folder, options)).size
}
