/** Finds the audio files under a folder. */
import { isUtf8 } from 'node:buffer'
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { DatasetError, IoError, ioError } from '../errors.js'
import { isFolder } from '../files/is-folder.js'
import type { SkippedFile } from './tracks.js'

/** Names that are taken for audio files; decoding shows whether they are. */
const EXTENSIONS = new Set(
  '.wav .wave .bwf .rf64 .mp3 .mp2 .flac .ogg .oga .opus .spx .m4a .mp4 .aac .aif .aiff .aifc .wma .au .snd .caf .w64 .wv .ape .tta .mpc .webm .mka'.split(
    ' ',
  ),
)

export const isAudioName = (name: string) => EXTENSIONS.has(extname(name).toLowerCase())

/** Code-unit order: the same on every machine. */
export const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export interface Walked {
  /** relative to the folder, with `/`, sorted */
  files: string[]
  /** what could not be looked at */
  skipped: SkippedFile[]
}

const isHidden = (name: string) => name.startsWith('.')

/** A name as text. Bytes that are no UTF-8 are written as `\xNN`, so that the name can be found. */
function nameAsText(bytes: Buffer): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((n) => isUtf8(bytes.subarray(at, at + n)) && at + n <= bytes.length)
    parts.push(
      length === undefined
        ? `\\x${bytes[at]!.toString(16).padStart(2, '0')}`
        : bytes.toString('utf8', at, at + length),
    )
    at += length ?? 1
  }
  return parts.join('')
}

function reasonOf(error: unknown, what: string): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  const reasons: Record<string, string> = {
    ENOENT: 'the link leads nowhere',
    ELOOP: 'the link leads back to itself',
  }
  const linked = what === 'link' ? reasons[code] : undefined
  return linked ?? `the ${what} cannot be read (${code})`
}

class Walk {
  readonly files: string[] = []
  readonly skipped: SkippedFile[] = []
  private links: string[] = []
  private readonly linkedFiles: string[] = []
  private readonly entered: Set<string>
  /** real paths of `files` */
  private readonly found = new Set<string>()

  constructor(
    private readonly root: string,
    without: string,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.entered = new Set([without])
  }

  /** What is really there first, then linked folders, then linked files: no link takes the place of what it leads to. */
  async run(): Promise<void> {
    await this.enter('')
    while (this.links.length > 0) {
      const links = this.links.sort(byCodeUnit)
      this.links = []
      for (const link of links) await this.follow(link)
    }
    for (const link of this.linkedFiles.sort(byCodeUnit)) await this.addLinked(link)
  }

  private skip(path: string, reason: string): void {
    this.skipped.push({ path, code: 'ERR_IO', reason })
  }

  private async enter(folder: string): Promise<void> {
    this.signal?.throwIfAborted()
    const path = join(this.root, folder)
    const real = await realpath(path)
    if (this.entered.has(real)) return
    this.entered.add(real)
    for (const entry of await readdir(path, { withFileTypes: true, encoding: 'buffer' }))
      await this.look(folder, real, entry)
  }

  private async look(folder: string, real: string, entry: Dirent<Buffer>): Promise<void> {
    const name = nameAsText(entry.name)
    if (isHidden(name)) return
    const path = folder === '' ? name : `${folder}/${name}`
    if (!isUtf8(entry.name)) {
      if (entry.isDirectory() || entry.isSymbolicLink() || isAudioName(name))
        this.skip(path, 'the name is not UTF-8: rename it, for example with convmv')
    } else if (entry.isDirectory()) await this.enterOrSkip(path, 'folder')
    else if (entry.isSymbolicLink()) this.links.push(path)
    else if (isAudioName(name)) this.add(path, join(real, name))
  }

  private add(path: string, real: string): void {
    if (this.found.has(real)) return
    this.found.add(real)
    this.files.push(path)
  }

  private async enterOrSkip(folder: string, what: string): Promise<void> {
    await this.enter(folder).catch((error) => {
      this.signal?.throwIfAborted()
      this.skip(folder, reasonOf(error, what))
    })
  }

  private async follow(link: string): Promise<void> {
    const found = await stat(join(this.root, link)).catch((error) => {
      this.skip(link, reasonOf(error, 'link'))
    })
    if (found?.isDirectory()) await this.enterOrSkip(link, 'folder')
    else if (found && isAudioName(link)) this.linkedFiles.push(link)
  }

  private async addLinked(link: string): Promise<void> {
    await realpath(join(this.root, link)).then(
      (real) => this.add(link, real),
      (error) => this.skip(link, reasonOf(error, 'link')),
    )
  }
}

/**
 * in: a folder; out: the audio files under it. Links are followed; each folder is entered once and each file is listed
 * once, by its own name if it has one here. Hidden names and `without` are left out. What is no regular file is listed
 * too: reading it gives the reason.
 * @throws IoError if the folder itself cannot be read
 */
export async function walkAudio(root: string, without: string, signal?: AbortSignal): Promise<Walked> {
  const walk = new Walk(root, await realpath(without).catch(() => without), signal)
  await walk.run().catch((error) => {
    signal?.throwIfAborted()
    throw ioError(error, root, 'read the folder')
  })
  const byPath = (a: SkippedFile, b: SkippedFile) => byCodeUnit(a.path, b.path)
  return { files: walk.files.sort(byCodeUnit), skipped: walk.skipped.sort(byPath) }
}

/**
 * in: files and folders; out: the files as they are, and the audio files under the folders. Paths in `skipped` begin
 * with the folder.
 * @throws DatasetError if there is nothing
 */
export async function findAudio(paths: readonly string[], signal?: AbortSignal): Promise<Walked> {
  const all: Walked = { files: [], skipped: [] }
  for (const path of paths) {
    if (!(await isFolder(path))) {
      all.files.push(path)
      continue
    }
    const { files, skipped } = await walkAudio(path, '', signal).catch((error): Walked => {
      if (!(error instanceof IoError)) throw error
      return { files: [], skipped: [{ path: '', code: error.code, reason: reasonOf(error.cause, 'folder') }] }
    })
    all.files.push(...files.map((name) => join(path, name)))
    all.skipped.push(...skipped.map((entry) => ({ ...entry, path: join(path, entry.path) })))
  }
  if (all.files.length > 0) return all
  throw new DatasetError({
    what: 'there are no audio files',
    given: paths.join(', '),
    remedy: 'Name a folder that holds some',
  })
}
