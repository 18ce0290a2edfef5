/** What of a data set lies on the disk: in its folder, and in the archives there. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '../../errors.js'
import type { Archive } from '../../files/archive.js'
import { readInput } from '../../files/input.js'
import type { FileInput } from '../../files/source.js'
import { folderSource, type TrackSource } from '../track-source.js'
import { isAudioName, walkAudio } from '../walk.js'

export class Place implements TrackSource, Disposable {
  private readonly folder: TrackSource
  private readonly archived = new Map<string, Archive>()

  private constructor(
    readonly root: string,
    private readonly archives: readonly Archive[],
    private readonly unpacked: ReadonlySet<string>,
  ) {
    this.folder = folderSource(root)
    for (const archive of archives) for (const name of archive.names) this.archived.set(name, archive)
  }

  /**
   * @param archives zip archives, each a list of parts; those that are not there are left out
   * @throws DatasetError if an archive cannot be read or lacks a part
   */
  static async open(
    root: string,
    archives: readonly (readonly string[])[],
    without: string,
    signal?: AbortSignal,
  ): Promise<Place> {
    const opened: Archive[] = []
    try {
      for (const parts of archives) {
        const paths = parts.map((part) => join(root, part))
        const there = await Promise.all(paths.map(isFile))
        if (there.every(Boolean)) {
          const { Archive } = await import('../../files/archive.js')
          opened.push(await Archive.open(paths))
        } else if (there.some(Boolean))
          throw new DatasetError({
            what: `a part of the archive is missing: ${parts[there.indexOf(false)]}`,
            path: root,
            remedy: 'Download it again: only what is missing is downloaded',
          })
      }
      const { files } = await walkAudio(root, without, signal)
      return new Place(root, opened, new Set(files))
    } catch (error) {
      for (const archive of opened) archive.close()
      throw error
    }
  }

  /** Paths of all audio files, unpacked or not. */
  audio(): string[] {
    const packed = [...this.archived.keys()].filter((name) => isAudioName(name) && !this.unpacked.has(name))
    return [...this.unpacked, ...packed]
  }

  hasAudio(path: string): boolean {
    return this.unpacked.has(path) || this.archived.has(path)
  }

  async has(path: string): Promise<boolean> {
    return this.archived.has(path) || isFile(join(this.root, path))
  }

  /** @throws DatasetError if it is not there, IoError */
  async bytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    const onDisk = join(this.root, path)
    if (await isFile(onDisk)) return readInput(onDisk)
    const archive = this.archived.get(path)
    if (archive) return archive.read(path, signal)
    throw new DatasetError({
      what: `a file of the data set is missing: ${path}`,
      path: this.root,
      remedy:
        'Download the data set again with download: true (--download): only what is missing is downloaded',
    })
  }

  async text(path: string): Promise<string> {
    return Buffer.from((await this.bytes(path)) as Buffer).toString('utf8')
  }

  async stat(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
    return (await this.folder.stat(path)) ?? this.archived.get(path)?.stat(path)
  }

  async open(path: string, signal?: AbortSignal): Promise<FileInput> {
    const archive = this.unpacked.has(path) ? undefined : this.archived.get(path)
    return archive ? { bytes: await archive.read(path, signal), name: path } : this.folder.open(path, signal)
  }

  [Symbol.dispose](): void {
    for (const archive of this.archives) archive.close()
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}
