/** Finds the audio files under a folder. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { DatasetError, ioError } from '../errors.js'

/** Names that are taken for audio files; decoding shows whether they are. */
const EXTENSIONS = new Set(
  '.wav .wave .bwf .rf64 .mp3 .mp2 .flac .ogg .oga .opus .m4a .mp4 .aac .aif .aiff .aifc .wma .au .caf .w64 .wv .ape .webm .mka'.split(
    ' ',
  ),
)

export const isAudioName = (name: string) => EXTENSIONS.has(extname(name).toLowerCase())

/** Code-unit order: the same on every machine. */
export const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** A dangling link counts as a file, so that it is reported with a reason when it is read. */
async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}

/**
 * in: a folder; out: paths relative to it, with `/`, sorted. Links are followed, each folder is entered once; hidden
 * names and the folder `without` are left out. Pipes, devices and dangling links are listed too, so that they are
 * reported with a reason when they are read.
 */
export async function walkAudio(root: string, without: string, signal?: AbortSignal): Promise<string[]> {
  const found: string[] = []
  const entered = new Set([await realpath(without).catch(() => without)])
  const enter = async (folder: string): Promise<void> => {
    signal?.throwIfAborted()
    const path = join(root, folder)
    const real = await realpath(path)
    if (entered.has(real)) return
    entered.add(real)
    const entries = await readdir(path, { withFileTypes: true })
    entries.sort((a, b) => byCodeUnit(a.name, b.name))
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue
      const inside = folder === '' ? entry.name : `${folder}/${entry.name}`
      const maybeFolder = entry.isDirectory() || entry.isSymbolicLink()
      if (maybeFolder && (await isFolder(join(root, inside)))) await enter(inside)
      else if (isAudioName(entry.name)) found.push(inside)
    }
  }
  await enter('').catch((error) => {
    signal?.throwIfAborted()
    throw ioError(error, root, 'read the folder')
  })
  return found.sort(byCodeUnit)
}

/**
 * in: files and folders; out: the files as they are, and the audio files under the folders
 * @throws DatasetError where there are none, IoError
 */
export async function findAudio(paths: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const found: string[] = []
  for (const path of paths)
    if (await isFolder(path))
      found.push(...(await walkAudio(path, '', signal)).map((name) => join(path, name)))
    else found.push(path)
  if (found.length > 0) return found
  throw new DatasetError({
    what: 'there are no audio files',
    given: paths.join(', '),
    remedy: 'Name a folder that holds some, or files',
  })
}
